// Loaded before Portkey (node --require). Portkey listens on every interface and has no option for the address;
// on a laptop that would offer it, without a token, to the whole network.
"use strict";
const { Server } = require("node:net");

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  if (typeof port !== "number") throw new Error(`expected a port to listen on, got ${JSON.stringify(port)}`);
  const onListening = rest.filter((each) => typeof each === "function");
  return listen.call(this, port, "127.0.0.1", ...onListening);
};
