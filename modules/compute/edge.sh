# Starts Envoy and, when it is told to stop, lets the requests in flight come to their end: Envoy would drop them at once.
# In: the port that it listens on, the seconds that it may take, and its options.
port=$(printf %04X "$1")
limit=$2
shift 2

/usr/local/bin/envoy "$@" &
envoy=$!
trap told=1 TERM INT
wait "$envoy"
status=$?

if [[ ${told:-} ]]; then
  SECONDS=0
  # Envoy's image has no HTTP client to ask it with. The kernel has a line for each connection: number, own address, the
  # other's, and state, of which 01 is an open one.
  while ((SECONDS < limit)) && grep -Eq "^ *[0-9]+: [0-9A-F]+:$port [0-9A-F:]+ 01 " /proc/net/tcp; do
    sleep 1
  done
  kill -TERM "$envoy"
  wait "$envoy"
  status=$?
fi
exit "$status"
