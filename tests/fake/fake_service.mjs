// What the fake push services have in common: a clock that can be moved, a record of what was
// accepted, and rules that say when the service is to misbehave and how.
//
// A rule is a plain object. When it applies:
//   every: 50        each 50th request of the server (resent ones count too)
//   at: 7            the 7th request; after: 2500 the ones behind it; first: 3 the first three of each connection
//   target: '…'      the request's device (a string or a RegExp); if: (exchange) => boolean
//   times: 5         not more often than that
// What it does, before the request is looked at:
//   do: (exchange) => …   anything at all, first
//   settings: {…}    SETTINGS of Node's names, sent at once
//   inject: [frame…] frames (of frames.mjs) sent between Node's
//   goaway: { last, code, json, graceful }   see Fake.goaway
//   silent: true     nothing is read or sent any more on this connection, not even PING's ACK
//   cut: 'before'    TCP ends, the request is not processed
//   reset: code      RST_STREAM, the request is not processed
//   never: true      no answer, ever; not processed
// Or instead of what it would answer, or after it was processed:
//   answer: { status, reason | error, headers, body, … }   of the service's own making
//   cut: 'unanswered' | 'amid' | 'after'   processed, then cut before, within or behind the answer
//   lost: code       processed, then RST_STREAM instead of an answer
//   halfBody: true   the answer's headers and half of its body, then TCP ends
//   delay: ms        how long the answer takes
import { H2Server } from './h2_server.mjs';
import { code, goaway, lastId } from './frames.mjs';

export class Rules {
  #rules = [];

  // Returns a function that takes the rule back.
  add(rule) {
    const entry = { rule, used: 0 };
    this.#rules.push(entry);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry);
    };
  }

  clear() {
    this.#rules = [];
  }

  match(exchange) {
    const found = this.#rules.find(({ rule, used }) => used < (rule.times ?? Infinity) && applies(rule, exchange));
    if (!found) return {};
    ++found.used;
    return found.rule;
  }
}

function applies(rule, exchange) {
  const { number, target, connection } = exchange;
  if (rule.every !== undefined && number % rule.every !== 0) return false;
  if (rule.at !== undefined && number !== rule.at) return false;
  if (rule.after !== undefined && number <= rule.after) return false;
  if (rule.first !== undefined && connection.requests > rule.first) return false;
  if (rule.target instanceof RegExp && !rule.target.test(target)) return false;
  if (typeof rule.target === 'string' && rule.target !== target) return false;
  return rule.if === undefined || rule.if(exchange);
}

// The same order of "random" numbers for the same seed (mulberry32).
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// A subclass has judge(exchange) -> answer { status, headers, body }, scripted(rule's answer) -> the
// same, targetOf(exchange), and onAnswered(exchange, answer) if it wants to know.
export class Fake {
  constructor(options) {
    this.server = new H2Server(options);
    this.server.onRequest = (exchange) => this.#onRequest(exchange);
    this.rules = new Rules();
    this.clockOffset = 0; // seconds
    this.delay = () => 0; // milliseconds each answer takes
    this.accepted = []; // { key, …, at, connection }, in order
    this.answered = new Map(); // how often each status and reason was answered
  }

  now() {
    return Date.now() / 1000 + this.clockOffset;
  }

  get port() {
    return this.server.port;
  }

  get connections() {
    return this.server.connections;
  }

  async listen(port) {
    await this.server.listen(port);
    return this;
  }

  close() {
    return this.server.close();
  }

  accept(record) {
    this.accepted.push({ ...record, at: Date.now() });
  }

  // How often each key was accepted, for those accepted more than once.
  get twice() {
    const count = new Map();
    for (const { key } of this.accepted) count.set(key, (count.get(key) ?? 0) + 1);
    return new Map([...count].filter(([, times]) => times > 1));
  }

  // `last`: 'here' (what has been processed and this request; those that came behind it are not),
  // 'all' (every stream that came whole), or a stream id; 0 also ends the connection at once.
  // `graceful` sends 2^31-1 first, the real one later. `json` becomes the debug data. The connection
  // ends in good manners when all that is due was answered.
  goaway(connection, { last = 'here', code: error = code.noError, json, graceful = false } = {}, exchange) {
    const debug = Buffer.from(json === undefined ? '' : JSON.stringify(json));
    if (graceful) {
      connection.session.goaway(error, lastId, debug);
      setTimeout(() => connection.isOpen && this.goaway(connection, { last: 'all', code: error, json }), 20);
      return;
    }
    const named = { here: Math.max(connection.processed ?? 0, exchange?.stream.id ?? 0), all: connection.highest };
    connection.last = Math.min(connection.last, named[last] ?? last);
    connection.isLeaving = true;
    // Node takes 0 for "the last one", so this frame is ours, and nothing of Node's may follow it.
    if (connection.last === 0) connection.plain.sayLast(goaway(0, error, debug));
    else connection.session.goaway(error, connection.last, debug);
  }

  #onRequest(exchange) {
    exchange.target = this.targetOf(exchange);
    const rule = this.rules.match(exchange);
    if (this.#misbehave(exchange, rule)) return;
    const wait = rule.delay ?? this.delay(exchange);
    if (wait > 0) setTimeout(() => this.#answer(exchange, rule), wait);
    else this.#answer(exchange, rule);
  }

  // Whether that was all.
  #misbehave(exchange, rule) {
    const { connection, stream } = exchange;
    if (rule.do) rule.do(exchange);
    if (rule.settings) connection.session.settings(rule.settings);
    if (rule.inject) connection.plain.inject(...rule.inject);
    if (rule.goaway) this.goaway(connection, rule.goaway, exchange);
    if (rule.silent) connection.plain.isSilent = true;
    if (rule.cut === 'before') connection.plain.cut();
    if (rule.reset !== undefined) stream.close(rule.reset);
    const isOver = rule.never || rule.silent || rule.cut === 'before' || rule.reset !== undefined ||
      stream.id > connection.last;
    if (isOver && connection.isLeaving) connection.endWhenAnswered();
    return isOver;
  }

  #answer(exchange, rule) {
    const { connection, stream } = exchange;
    if (!connection.isOpen || connection.plain.isSilent || stream.closed || stream.destroyed) return;
    if (stream.id > connection.last) return;
    connection.processed = Math.max(connection.processed ?? 0, stream.id);
    const answer = rule.answer ? this.scripted(rule.answer, exchange) : this.judge(exchange);
    const label = `${answer.status} ${answer.reason ?? ''}`.trim();
    this.answered.set(label, (this.answered.get(label) ?? 0) + 1);
    this.onAnswered?.(exchange, answer);
    this.#write(exchange, answer, rule);
    if (connection.isLeaving && !connection.isEnding) connection.endWhenAnswered();
  }

  #write({ connection, stream }, { status, headers, body = '' }, rule) {
    const { plain } = connection;
    if (rule.cut === 'unanswered') return plain.cut({ reset: rule.rudely });
    if (rule.lost !== undefined) return stream.close(rule.lost);
    if (rule.cut === 'amid') plain.cutAfter(5);
    stream.respond({ ':status': status, ...headers }, { endStream: body.length === 0 });
    if (rule.halfBody) {
      stream.write(body.slice(0, Math.ceil(body.length / 2)), () => plain.flushed().then(() => plain.cut()));
      return;
    }
    if (body.length > 0) stream.end(body);
    if (rule.cut === 'after') stream.on('finish', () => plain.flushed().then(() => plain.cut()));
  }
}
