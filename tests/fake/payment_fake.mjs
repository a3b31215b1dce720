// What the fakes of payment providers share: an HTTPS server, a book of orders, messages that are sent
// until they are answered as the provider wants it, and faults. Each fake is a class of its own, after
// its provider's documentation, and refuses what the provider refuses.
//
// A subclass has:
//   name                    as in the settings
//   settings()              a providers: entry, and files: { name: content } that it names
//   answer(request)         { status, headers, body } of a request { method, path, query, headers, text }
//   notice(order, event)    { headers, body } of a message about the event
//   isTaken(status, text)   whether that answer to a message ends its repetitions
//   heldMinor(order)        what its books have of the order for the creditor: paid, less what went back
// An order is { reference, id, amountMinor, currency, callbackUrl, returnUrl, blik, state, paidMinor }.
//
// Faults, set at any time:
//   slowMs          every answer waits so long
//   down            connections are closed at once
//   mute            requests are taken and never answered
//   failAfter: n    the next n requests that change something are done, and answered with 500
//   cutAfter: n     the same, and the connection ends without an answer
//   lose            messages are not sent (they stay in `unsent`)
//   twice           each message is sent twice
//   backwards       messages of one turn are sent the last first
import https from 'node:https';
import { readFileSync } from 'node:fs';

export class PaymentFake {
  orders = new Map();  // by our reference
  requests = [];       // all that came, in order
  deliveries = [];     // { url, body, status, text } of each message sent
  unsent = [];         // messages that `lose` held back
  faults = {};
  retryMs = 50;        // between repetitions; the providers' own are minutes and hours
  triesMax = 40;
  #sockets = new Set();
  #pending = new Set();
  #queue = [];

  // `certificate` and `key`: PEM files of this server; `callbackCa`: PEM text, who vouches for Dunlin.
  constructor({ certificate, key, callbackCa }) {
    Object.assign(this, { certificate, key, callbackCa });
  }

  async listen(port = 0) {
    this.server = https.createServer({ cert: readFileSync(this.certificate), key: readFileSync(this.key) },
      (request, response) => this.#take(request, response));
    this.server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      if (this.faults.down) socket.destroy();
    });
    this.server.on('tlsClientError', () => {});
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `https://localhost:${this.port}`;
    return this;
  }

  async stop() {
    this.isStopped = true;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    await Promise.allSettled(this.#pending);
  }

  // Nobody is there any more: connections that are open end, new ones are not taken.
  goDown() {
    this.faults.down = true;
    return this.dropConnections();
  }

  // Connections that were kept open end.
  dropConnections() {
    const gone = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of this.#sockets) socket.destroy();
    return Promise.all(gone);
  }

  // `changes` tells whether a fault after the work may hit this request.
  changes(request) { return request.method !== 'GET'; }

  async #take(request, response) {
    let text = '';
    try {
      for await (const part of request.setEncoding('utf8')) text += part;
    } catch {
      return; // the other side is gone
    }
    const url = new URL(request.url, this.url);
    const asked = { method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers, text };
    this.requests.push(asked);
    if (this.faults.mute) return;
    let answer;
    try {
      answer = await this.answer(asked);
    } catch (error) {
      answer = { status: 500, body: `the fake is broken: ${error.stack}` };
      this.broken = error;
    }
    if (this.changes(asked) && this.faults.cutAfter > 0) {
      --this.faults.cutAfter;
      request.socket.destroy();
      return;
    }
    if (this.changes(asked) && this.faults.failAfter > 0) {
      --this.faults.failAfter;
      answer = { status: 500, body: 'Internal Server Error' };
    }
    if (this.faults.slowMs) await new Promise((resolve) => setTimeout(resolve, this.faults.slowMs));
    const body = typeof answer.body === 'object' ? JSON.stringify(answer.body) : answer.body ?? '';
    response.writeHead(answer.status, { 'content-type': typeof answer.body === 'object' ? 'application/json' : 'text/html',
      ...answer.headers });
    response.end(body);
  }

  // Tells Dunlin of an event, and again until it is taken. Events of one turn may be told backwards.
  tell(order, event) {
    const message = { url: order.callbackUrl, ...this.notice(order, event) };
    if (this.faults.lose) {
      this.unsent.push(message);
      return;
    }
    this.#queue.push(message);
    if (this.#queue.length === 1) setImmediate(() => this.#flush());
  }

  #flush() {
    const messages = this.#queue.splice(0);
    if (this.faults.backwards) messages.reverse();
    for (const message of this.faults.twice ? messages.flatMap((m) => [m, m]) : messages) {
      const sending = this.deliver(message).finally(() => this.#pending.delete(sending));
      this.#pending.add(sending);
    }
  }

  async deliver(message) {
    for (let tries = 0; tries < this.triesMax && !this.isStopped; ++tries) {
      const { status, text } = await this.send(message);
      if (this.isTaken(status, text)) return true;
      await new Promise((resolve) => setTimeout(resolve, this.retryMs));
    }
    return false;
  }

  // One delivery; `status` is 0 when there was no answer.
  send({ url, headers, body }) {
    return new Promise((resolve) => {
      const done = (status, text) => {
        this.deliveries.push({ url, body, status, text });
        resolve({ status, text });
      };
      const request = https.request(url, { method: 'POST', ca: this.callbackCa, headers: {
        ...headers, 'content-length': Buffer.byteLength(body) }, timeout: 15000 }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => done(response.statusCode, text))
          .on('error', () => done(0, ''));
      });
      request.on('timeout', () => request.destroy()).on('error', () => done(0, ''));
      request.end(body);
    });
  }

  // All messages under way are taken or given up.
  async settled() {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending]);
  }
}
