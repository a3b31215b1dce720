// An HTTP/2 server on Node's http2 whose connections can be ill-treated: what Node writes passes
// through `Plain` on its way into TLS, where it can be cut, silenced, split into octets, or have
// frames put between that no library would send.
import { once } from 'node:events';
import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

import { FrameReader, flag, preface } from './frames.mjs';

// The bytes of one connection between TLS and Node's http2.
class Plain extends Duplex {
  #leavesNothing = false;
  #inject = [];
  #cutIn = Infinity;

  constructor(socket, raw, { octets = false } = {}) {
    super({ allowHalfOpen: false });
    this.tls = socket;
    this.raw = raw;
    this.octets = octets;
    this.isSilent = false;
    // What the peer did, for assertions.
    this.seen = { frames: {}, resets: [], opened: 0, open: new Set(), openMax: 0, goaway: undefined, blocks: [] };
    this.incoming = new FrameReader((frame) => this.#onReceived(frame), { skip: preface.length });
    this.outgoing = new FrameReader((frame) => this.#onSent(frame));
    socket.on('data', (chunk) => {
      if (this.isSilent) return;
      this.incoming.read(chunk);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', () => {});
    socket.on('close', () => this.destroy());
  }

  #onReceived(frame) {
    const { seen } = this;
    seen.frames[frame.type] = (seen.frames[frame.type] ?? 0) + 1;
    if (frame.type === 'headers') {
      ++seen.opened;
      if (seen.blocks.length < 10) seen.blocks.push(frame.payload);
      seen.open.add(frame.stream);
      seen.openMax = Math.max(seen.openMax, seen.open.size);
    }
    if (frame.type === 'settings') seen.settings ??= frame.payload;
    if (frame.type === 'goaway') seen.goaway = frame.payload;
    if (frame.type === 'reset') {
      seen.open.delete(frame.stream);
      seen.resets.push({ stream: frame.stream, code: frame.payload.readUInt32BE(0) });
    }
  }

  #onSent(frame) {
    const ends = frame.type === 'reset' ||
      (['data', 'headers'].includes(frame.type) && (frame.flags & flag.endStream) !== 0);
    if (ends) this.seen.open.delete(frame.stream);
  }

  // Frames of our own, sent as soon as no frame of Node's is half out.
  inject(...frames) {
    this.#inject.push(...frames);
    this.#flushInjected();
  }

  #flushInjected() {
    if (this.#inject.length === 0 || !this.outgoing.isBetweenFrames || this.isSilent) return;
    const bytes = Buffer.concat(this.#inject);
    this.#inject = [];
    this.outgoing.read(bytes);
    this.#send(bytes);
  }

  // The last frames of this connection; then TLS ends in good manners.
  sayLast(...frames) {
    this.inject(...frames);
    this.#leavesNothing = true;
    this.tls.end();
  }

  // Lets `octets` more out, then cuts TCP.
  cutAfter(octets) {
    this.#cutIn = octets;
  }

  // TCP ends without TLS's goodbye: by a reset, or by FIN behind all that is written.
  cut({ reset = false } = {}) {
    this.#leavesNothing = true;
    if (reset) this.raw.resetAndDestroy();
    else this.raw.destroy();
    this.tls.destroy();
    this.destroy();
  }

  // Everything that Node has to write by now is handed to the kernel. Node tells of a stream's end
  // before it hands over the frame that ends it: hence the turn of the loop.
  flushed() {
    return new Promise((resolve) => setImmediate(() => {
      if (this.destroyed) resolve();
      else this.write(Buffer.alloc(0), () => resolve());
    }));
  }

  _read() {
    this.tls.resume();
  }

  _write(chunk, encoding, done) {
    if (this.#leavesNothing || this.isSilent || this.tls.destroyed) return done();
    this.outgoing.read(chunk);
    this.#send(chunk, done);
    this.#flushInjected();
  }

  #send(chunk, done = () => {}) {
    if (this.#cutIn < chunk.length) {
      this.#leavesNothing = true;
      return this.tls.write(chunk.subarray(0, this.#cutIn), () => {
        this.cut();
        done();
      });
    }
    this.#cutIn -= chunk.length;
    if (!this.octets) return this.tls.write(chunk, () => done());
    for (let i = 0; i < chunk.length - 1; ++i) this.tls.write(chunk.subarray(i, i + 1));
    this.tls.write(chunk.subarray(chunk.length - 1), () => done());
  }

  _final(done) {
    this.tls.end();
    done();
  }

  _destroy(error, done) {
    this.tls.destroy();
    done(error);
  }
}

// One connection: `plain` for ill-treatment, `session` is Node's, `requests` counts its streams.
class Connection {
  constructor(number, plain) {
    this.number = number;
    this.plain = plain;
    this.requests = 0;
    this.unanswered = new Set();
    this.highest = 0; // the highest stream whose request has come whole
    this.last = Infinity; // streams above are not processed, once GOAWAY has said so
  }

  get isOpen() {
    return !this.plain.destroyed;
  }

  // Closes in good manners when nothing that is to be answered is left.
  endWhenAnswered() {
    this.isEnding = true;
    const left = [...this.unanswered].filter((exchange) => exchange.stream.id <= this.last);
    if (left.length === 0) this.plain.flushed().then(() => this.plain.tls.end());
  }
}

// `onRequest(exchange)` is called when a request is whole. An exchange is { connection, stream,
// headers, fields (all of them as sent, [name, value]), body, number (of the request, from 1) }.
export class H2Server {
  #tls;
  #h2;
  #raws = new Map();
  #entering;

  constructor({ certificate, settings = {}, octets = false, alpn = ['h2'], clientCa, sessionOptions = {} }) {
    this.octets = octets;
    this.connections = [];
    this.requests = 0;
    this.onRequest = () => {};
    this.onConnection = () => {}; // called before Node's SETTINGS have left
    this.#h2 = http2.createServer({ settings, maxOutstandingSettings: 10000, ...sessionOptions });
    this.#h2.on('session', (session) => this.#onSession(session));
    this.#h2.on('sessionError', () => {});
    this.#tls = tls.createServer({
      ...certificate, ALPNProtocols: alpn ?? undefined, minVersion: 'TLSv1.2',
      ...(clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
    }, (socket) => this.#onSecure(socket));
    this.#tls.on('connection', (raw) => this.#onTcp(raw));
    this.#tls.on('tlsClientError', () => {});
  }

  async listen(port = 0) {
    this.#tls.listen(port, '127.0.0.1');
    await once(this.#tls, 'listening');
    this.port = this.#tls.address().port;
    return this;
  }

  async close() {
    for (const raw of this.#raws.values()) raw.destroy();
    if (this.#tls.listening) await new Promise((resolve) => this.#tls.close(resolve));
  }

  get open() {
    return this.connections.filter((connection) => connection.isOpen);
  }

  changeCertificate(certificate) {
    this.#tls.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
  }

  #onTcp(raw) {
    raw.setNoDelay();
    raw.on('error', () => {});
    const port = raw.remotePort;
    this.#raws.set(port, raw);
    raw.on('close', () => this.#raws.delete(port));
  }

  #onSecure(socket) {
    const plain = new Plain(socket, this.#raws.get(socket.remotePort), { octets: this.octets });
    plain.on('error', () => {});
    const connection = new Connection(this.connections.length + 1, plain);
    connection.peer = socket.getPeerX509Certificate?.();
    connection.isPeerTrusted = socket.authorized;
    this.connections.push(connection);
    this.#entering = connection;
    this.#h2.emit('connection', plain);
  }

  #onSession(session) {
    const connection = this.#entering;
    connection.session = session;
    session.on('error', (error) => {
      connection.error = error;
    });
    this.onConnection(connection);
    session.on('stream', (stream, headers, flags, raw) => this.#onStream(connection, stream, headers, raw));
  }

  #onStream(connection, stream, headers, raw) {
    const exchange = { connection, stream, headers, fields: [], number: 0 };
    for (let i = 0; i < raw.length; i += 2) exchange.fields.push([raw[i], raw[i + 1]]);
    const parts = [];
    stream.on('error', () => {});
    stream.on('data', (part) => parts.push(part));
    stream.on('close', () => this.#onStreamClosed(exchange));
    stream.on('end', () => {
      exchange.body = Buffer.concat(parts);
      this.#onWhole(exchange);
    });
  }

  #onWhole(exchange) {
    const { connection, stream } = exchange;
    if (stream.id > connection.last || !connection.isOpen || stream.destroyed) return;
    exchange.number = ++this.requests;
    ++connection.requests;
    connection.highest = Math.max(connection.highest, stream.id);
    connection.unanswered.add(exchange);
    this.onRequest(exchange);
  }

  #onStreamClosed(exchange) {
    const { connection } = exchange;
    connection.unanswered.delete(exchange);
    if (connection.isEnding && connection.isOpen) connection.endWhenAnswered();
  }
}
