"""`python -m gwctl.local.sample_provider`: flags in, a server on loopback out."""

import argparse
import sys

import uvicorn

import gwctl.local.sample_provider
from gwctl.local.http_server import Server
from gwctl.local.sample_provider.app import Pace, create_app
from gwctl.local.sample_provider.models import markdown_table


def main(argv: list[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C. When the address is in use, uvicorn says so in a line and exits with 3."""
    parser = argparse.ArgumentParser(
        prog="python -m gwctl.local.sample_provider",
        description=gwctl.local.sample_provider.__doc__,
        epilog=markdown_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--slow-first", type=float, default=Pace.first, help="seconds; see sample-slow")
    parser.add_argument("--slow-next", type=float, default=Pace.next, help="seconds; see sample-slow")
    parser.add_argument("--access-log", action="store_true", help="write a line for every request")
    options = parser.parse_args(argv)
    config = uvicorn.Config(
        create_app(Pace(options.slow_first, options.slow_next)),
        host=options.host,
        port=options.port,
        access_log=options.access_log,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=75,  # longer than its clients keep idle connections, or they meet closed ones
        timeout_graceful_shutdown=1,
    )
    Server(config).run()


if __name__ == "__main__":
    sys.exit(main())
