// Loaded before Portkey (node --require); Portkey itself stays as it is.
"use strict";
const { AsyncLocalStorage } = require("node:async_hooks");
const http = require("node:http");
const { Server } = require("node:net");

// Portkey listens on every interface and has no option for the address; on a laptop that would offer it, without a
// token, to the whole network.
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  if (typeof port !== "number") throw new Error(`expected a port to listen on, got ${JSON.stringify(port)}`);
  const onListening = rest.filter((each) => typeof each === "function");
  return listen.call(this, port, "127.0.0.1", ...onListening);
};

// Portkey reads an answer to its end although the client has left, and the provider writes it and charges for it. Here
// every fetch that is made for a request ends with the client's connection, the ones to come too: no retry, no fallback.
const clientOf = new AsyncLocalStorage();
const left = Object.assign(new Error("the client has left"), { stack: "the client has left" });
const { emit } = http.Server.prototype;
http.Server.prototype.emit = function (event, request, response, ...rest) {
  if (event !== "request") return emit.call(this, event, request, response, ...rest);
  const client = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) client.abort(left);
  });
  return clientOf.run(client.signal, () => emit.call(this, event, request, response, ...rest));
};

// Portkey follows redirects, with the conversation and with keys in headers of their own (x-api-key), wherever a
// provider's answer points. No model API redirects: one that does has failed.
const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  const signals = [init?.signal, clientOf.getStore()].filter(Boolean);
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  return fetch(input, { ...init, redirect: "error", ...(signal && { signal }) });
};
