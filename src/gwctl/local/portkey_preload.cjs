// Loaded before Portkey (node --require); Portkey itself stays as it is.
"use strict";
const { Server } = require("node:net");

// Portkey listens on every interface and has no option for the address; on a laptop that would offer it, without a
// token, to the whole network.
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  if (typeof port !== "number") throw new Error(`expected a port to listen on, got ${JSON.stringify(port)}`);
  const onListening = rest.filter((each) => typeof each === "function");
  return listen.call(this, port, "127.0.0.1", ...onListening);
};

// Portkey follows redirects, with the conversation and with keys in headers of their own (x-api-key), wherever a
// provider's answer points. No model API redirects: one that does has failed.
const { fetch } = globalThis;
globalThis.fetch = (input, init) => fetch(input, { ...init, redirect: "error" });
