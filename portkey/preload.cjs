// Loaded before Portkey (node --require); Portkey itself stays as it is.
"use strict";
const { AsyncLocalStorage } = require("node:async_hooks");
const diagnostics = require("node:diagnostics_channel");
const fs = require("node:fs");
const http = require("node:http");
const { Server } = require("node:net");

// Portkey listens on every interface and has no option for the address; on a laptop that would offer it, without a
// token, to the whole network.
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  if (typeof port !== "number") throw new Error(`expected a port to listen on, got ${JSON.stringify(port)}`);
  const onListening = rest.filter((each) => typeof each === "function");
  // Node closes an idle connection after 5 s. The edge does after 4, but late when it is busy, and a request that is sent
  // into a connection being closed is lost.
  if (this instanceof http.Server) this.keepAliveTimeout = 60_000;
  return listen.call(this, port, "127.0.0.1", ...onListening);
};

// An edge that is killed takes along the lines of its usage log that it had not written, and whoever kills Portkey the
// answers on their way. So each request is noted when it is about to be written to a provider: what is not noted costs
// nothing. When a connection of the edge closes, the request whose answer had not ended is noted again with how far it came, and those
// that were answered so shortly before that their lines may be missing. The agent (gwctl.agent.metering.notes) takes those
// that it lacks.
const notesFile = process.env.GWCTL_GATEWAY_NOTES;
const WRITTEN_MS = 3000; // By then the edge has written a line; an idle connection it closes after 4 s.
const requestsOf = Symbol("requests");
const done = () => {};

const remember = (told, socket, response) => {
  const started = Date.now();
  if (!socket[requestsOf]) {
    socket[requestsOf] = [];
    socket.once("close", () => note(socket[requestsOf]));
  }
  const requests = socket[requestsOf];
  while (requests.length && requests[0].closed < started - WRITTEN_MS) requests.shift();
  const request = { told, started, called: false, ended: false, close };
  requests.push(request);
  const before = socket.bytesWritten;
  function close() {
    request.close = done; // and the response may go
    request.closed = Date.now();
    request.ended = response.writableFinished;
    request.head = response._header ?? "";
    request.sent = Math.max(socket.bytesWritten - before - request.head.length, 0);
  }
  return request;
};

const note = (requests) => {
  for (const request of requests) request.close();
  const lines = requests
    .filter(({ called }) => called)
    .filter((request) => !request.ended || request.closed >= Date.now() - WRITTEN_MS)
    .map(({ told, started, closed, ended, head, sent }) => {
      // A provider may send such a header too; Portkey adds its own word behind it.
      const word = (name) => head.match(new RegExp(`^${name}: (?:.*, )?(.*?)\\r$`, "im"))?.[1];
      const seen = {
        started_ms: started,
        duration_ms: closed - started,
        ended,
        status: Number(head.slice(9, 12)),
        sent,
        provider: word("x-portkey-provider"),
        option: word("x-portkey-last-used-option-index"),
        attempts: word("x-portkey-retry-attempt-count"),
      };
      return `{"request":${told},${JSON.stringify(seen).slice(1)}\n`;
    });
  append(lines);
};

// What is written while the agent begins the file anew is written again: a note too many does no harm.
let file = -1;
let inode;
const append = (lines) => {
  if (!lines.length) return;
  try {
    while (true) {
      if (file >= 0) {
        fs.writeFileSync(file, lines.join(""));
        if (inode === fs.statSync(notesFile).ino) return;
        fs.closeSync(file);
      }
      file = -1;
      file = fs.openSync(notesFile, "a", 0o600);
      inode = fs.fstatSync(file).ino;
    }
  } catch (error) {
    console.error(`${lines.length} requests could not be noted: ${error.message}`);
    inode = undefined; // it is opened again before anything else is written
  }
};

// Portkey reads an answer to its end although the client has left, and the provider writes it and charges for it. Here
// every fetch that is made for a request ends with the client's connection, the ones to come too: no retry, no fallback.
const clientOf = new AsyncLocalStorage();
const left = Object.assign(new Error("the client has left"), { stack: "the client has left" });
const { emit } = http.Server.prototype;
http.Server.prototype.emit = function (event, request, response, ...rest) {
  if (event !== "request") return emit.call(this, event, request, response, ...rest);
  const told = notesFile && request.headers["x-portkey-note"];
  const client = { aborted: new AbortController(), noted: told && remember(told, request.socket, response) };
  response.once("close", () => {
    if (client.noted) client.noted.close();
    if (!response.writableFinished) client.aborted.abort(left);
  });
  tellError(client, response);
  return clientOf.run(client, () => emit.call(this, event, request, response, ...rest));
};

// Portkey knows one shape of an error for each kind of provider and loses what is said in another. Here the beginning of
// the last error's body, as the provider sent it, is told to the edge (lua/problem.lua).
const MAX_ERROR_BYTES = 8192;

const beginning = async (response) => {
  const pieces = [];
  const reader = response.clone().body?.getReader();
  try {
    for (let size = 0; reader && size < MAX_ERROR_BYTES; size += pieces.at(-1).length) {
      const read = await reader.read();
      if (read.done) break;
      pieces.push(read.value);
    }
    reader?.cancel().catch(done); // which ends with Portkey's own reading, so it is not waited for
  } catch {
    // What has come is told, though the provider broke off.
  }
  return Buffer.concat(pieces).subarray(0, MAX_ERROR_BYTES).toString();
};

const tellError = (client, response) => {
  const { writeHead } = response;
  response.writeHead = (status, ...rest) => {
    response.removeHeader("x-gw-error");
    response.removeHeader("x-gw-uncalled");
    // Portkey failed over the request's own body.
    if (status >= 500 && !client.called) response.setHeader("x-gw-uncalled", "1");
    if (status >= 400 && client.error) response.setHeader("x-gw-error", encodeURIComponent(client.error));
    return writeHead.call(response, status, ...rest);
  };
};

// Of a provider that was never reached Portkey says a 500, as if the provider had. Hosts are not named: they are nobody's
// business but the administrator's, whose log has them.
const UNREACHED = {
  ENOTFOUND: "its host name is not known to the gateway's DNS",
  EAI_AGAIN: "the gateway's DNS does not answer",
  ECONNREFUSED: "nothing listens at its address",
  EHOSTUNREACH: "there is no way to its address",
  ENETUNREACH: "there is no way to its network",
  UND_ERR_CONNECT_TIMEOUT: "its address does not answer",
};

const unreached = (error) => {
  const { code, hostname, address } = error?.cause ?? {};
  if (!(code in UNREACHED)) return undefined;
  console.error(`a provider cannot be reached: ${hostname ?? address ?? "its address"}: ${code}`);
  const message = `The provider cannot be reached: ${UNREACHED[code]}.`;
  return JSON.stringify({ error: { message, type: "provider_unreachable", code: code.toLowerCase() } });
};

// Of what Gemini says at once Portkey takes the text or the tool calls, whichever is first: an agent would wait for a call
// that was lost. In a stream they become two events; a plain answer has room for one of them, and keeps the calls.
const GEMINI = /:(stream)?generateContent\b/i;
const SSE_END = /\r?\n\r?\n/;

const mixed = (text) => text.includes('"functionCall"') && text.includes('"text"');

const parted = (text) => {
  const body = JSON.parse(text);
  const [candidate] = body.candidates ?? [];
  const parts = candidate?.content?.parts ?? [];
  const [calls, others] = [parts.filter((part) => part.functionCall), parts.filter((part) => !part.functionCall)];
  if (!calls.length || !others.length) return [text];
  const saying = (more, parts) =>
    JSON.stringify({ ...body, ...more, candidates: [{ ...candidate, ...more, content: { ...candidate.content, parts } }] });
  return [saying({ finishReason: undefined, usageMetadata: undefined }, others), saying({}, calls)];
};

const partedEvent = (event, end) => {
  if (!mixed(event) || !event.startsWith("data:")) return event + end;
  try {
    const events = parted(event.slice("data:".length)).map((each) => `data: ${each.trim()}`);
    return events.join("\r\n\r\n") + end; // as Google ends each, which is what Portkey looks for
  } catch {
    return event + end; // no JSON: Portkey says so
  }
};

const partedStream = () => {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = "";
  return new TransformStream({
    transform(piece, out) {
      rest += decoder.decode(piece, { stream: true });
      for (let end = SSE_END.exec(rest); end; end = SSE_END.exec(rest)) {
        out.enqueue(encoder.encode(partedEvent(rest.slice(0, end.index), end[0])));
        rest = rest.slice(end.index + end[0].length);
      }
    },
    flush(out) {
      if (rest) out.enqueue(encoder.encode(rest));
    },
  });
};

const withCalls = async (response) => {
  if ((response.headers.get("content-type") ?? "").includes("event-stream")) {
    return new Response(response.body.pipeThrough(partedStream()), response);
  }
  const text = await response.text();
  try {
    return new Response(mixed(text) ? parted(text).at(-1) : text, response);
  } catch {
    return new Response(text, response);
  }
};

// Node tells of each request that `fetch` makes, and again immediately before it is written to a connection.
const noteOf = new WeakMap();
diagnostics.subscribe("undici:request:create", ({ request }) => {
  const noted = clientOf.getStore()?.noted;
  if (noted) noteOf.set(request, noted);
});
diagnostics.subscribe("undici:client:sendHeaders", ({ request }) => {
  const noted = noteOf.get(request);
  if (!noted || noted.called) return;
  noted.called = true;
  append([`{"request":${noted.told},"started_ms":${noted.started}}\n`]);
});

// Portkey follows redirects, with the conversation and with keys in headers of their own (x-api-key), wherever a
// provider's answer points. No model API redirects: one that does has failed.
const { fetch } = globalThis;
globalThis.fetch = async (input, init) => {
  const client = clientOf.getStore();
  const signals = [init?.signal, client?.aborted.signal].filter(Boolean);
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  if (client) Object.assign(client, { called: true, error: undefined });
  const send = () => fetch(input, { ...init, redirect: "error", ...(signal && { signal }) });
  // With rules it is the agent that is called, and not for anybody.
  const sent = init?.headers?.["x-gw-rules"] ? clientOf.run(undefined, send) : send();
  const response = await sent.catch((error) => {
    if (client) client.error = unreached(error);
    throw error;
  });
  if (client && response.status >= 400) client.error = await beginning(response);
  return response.ok && response.body && GEMINI.test(String(input?.url ?? input)) ? withCalls(response) : response;
};
