// SMSAPI.pl as its clients and users describe it (sms.do, vms.do, user.do): asks for what it asks for,
// refuses what it refuses, remembers ids, counts parts and takes money; then sends delivery reports.
//
// A rule says how it misbehaves, for requests that it fits:
//   to: '48…'       only to this number; times: 2   not more often than that
//   code: 201       answers this error, and nothing is sent
//   status: 500     answers this status with no JSON, and nothing is sent; headers: {…}
//   cut: 'before'   the connection ends, nothing is sent; 'after': it was sent
//   silent: true    it was sent, and nothing is ever answered
//   accept: 500     it was sent, and this status is answered
//   delay: 100      milliseconds before the answer
//   garbage: '…'    it was sent, and these bytes are answered
import http from 'node:http';
import https from 'node:https';

export const errors = {
  8: 'Invalid parameter', 11: 'Message too long or unicode', 12: 'Too many parts', 13: 'No valid recipients',
  14: 'Sender name not allowed', 20: 'idx count', 27: 'idx too long', 32: 'Not a Polish number', 51: 'Call hours',
  52: 'Too many attempts to one number', 53: 'Duplicate idx', 54: 'Wrong date', 57: 'Blacklisted', 70: 'Invalid notify_url',
  101: 'Authorization failed', 103: 'Insufficient credits', 1001: 'Invalid action',
};

// GSM 03.38, written down here once more so that nobody counts by our own code.
const basic = new Set('@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà');
const extension = new Set('\f^{}\\[~]|€');

export function partsOf(text) {
  const letters = [...text];
  if (letters.every((c) => basic.has(c) || extension.has(c))) {
    const septets = letters.reduce((sum, c) => sum + (extension.has(c) ? 2 : 1), 0);
    return septets <= 160 ? 1 : Math.ceil(septets / 153);
  }
  return text.length <= 70 ? 1 : Math.ceil(text.length / 67);
}

const sms = new Set(['to', 'message', 'from', 'encoding', 'format', 'details', 'max_parts', 'idx', 'check_idx', 'notify_url', 'test',
  'normalize', 'nounicode', 'fast', 'flash', 'date', 'expiration_date', 'skip_foreign', 'allow_duplicates']);
const vms = new Set(['to', 'tts', 'tts_lector', 'from', 'try', 'interval', 'skip_gsm', 'date', 'idx', 'check_idx', 'notify_url', 'format', 'test']);

export class Smsapi {
  requests = []; // all that were looked at
  sent = []; // what would be on telephones: { id, to, text, idx, parts, points, notify, kind }
  complaints = []; // parameters that do not exist
  rules = [];
  token = 'sms-token-1234';
  senders = new Set(['MyBank', 'Test']);
  points = 100;
  pointsOfPart = 0.165;
  ids = new Set();
  perNumber = new Map();
  #sockets = new Set();
  #next = 0;

  async listen() {
    this.server = http.createServer((request, response) => this.#take(request, response));
    this.server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  get url() { return `http://127.0.0.1:${this.port}`; }

  async close() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  add(rule) {
    this.rules.push({ times: Infinity, ...rule });
  }

  clear() {
    this.rules = [];
  }

  #rule(fields) {
    const found = this.rules.find((rule) => rule.times > 0 && (rule.to === undefined || rule.to === fields.to));
    if (found) --found.times;
    return found ?? {};
  }

  async #take(request, response) {
    const url = new URL(request.url, this.url), parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString('utf8');
    if (request.method === 'HEAD') {
      response.writeHead(200).end();
      return;
    }
    const asked = { method: request.method, path: url.pathname, headers: request.headers, body, at: Date.now(),
      fields: Object.fromEntries(new URLSearchParams(request.method === 'GET' ? url.search : body)) };
    if (url.pathname === '/user.do') {
      this.#answer(response, asked.headers.authorization === `Bearer ${this.token}`
        ? { points: this.points, proCount: 606 } : this.#error(101));
      return;
    }
    this.requests.push(asked);
    const rule = this.#rule(asked.fields), answer = () => this.#finish(request, response, asked, rule);
    if (rule.delay) setTimeout(answer, rule.delay);
    else answer();
  }

  #finish(request, response, asked, rule) {
    const { fields } = asked;
    if (rule.cut === 'before') return request.socket.destroy();
    if (rule.code !== undefined) return this.#answer(response, this.#error(rule.code));
    if (rule.status !== undefined) {
      response.writeHead(rule.status, { 'content-type': 'text/html', ...rule.headers }).end('<html>no</html>');
      return undefined;
    }
    const answer = this.#judge(asked);
    if (rule.cut === 'after') return request.socket.destroy();
    if (rule.silent) return undefined;
    if (rule.accept !== undefined) return response.writeHead(rule.accept).end();
    if (rule.garbage !== undefined) return response.writeHead(200).end(rule.garbage);
    // Without format=json it answers in plain text.
    if (fields.format !== 'json')
      return response.writeHead(200, { 'content-type': 'text/plain' }).end(answer.error ? `ERROR:${answer.error}` : `OK:${answer.list[0].id}:${answer.list[0].points}`);
    return this.#answer(response, answer);
  }

  #answer(response, json) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json)); // errors, too, are 200
  }

  #error(code) {
    return { error: code, message: errors[code] ?? `error ${code}` };
  }

  #judge({ method, path, headers, fields }) {
    const isVoice = path === '/vms.do';
    if (path !== '/sms.do' && !isVoice) return this.#error(1001);
    if (headers.authorization !== `Bearer ${this.token}`) return this.#error(101);
    if (method === 'POST' && !/^application\/x-www-form-urlencoded/.test(headers['content-type'] ?? '')) return this.#error(8);
    for (const name of Object.keys(fields))
      if (!(isVoice ? vms : sms).has(name)) this.complaints.push(`there is no parameter ${name}`);
    const text = isVoice ? fields.tts : fields.message;
    if (!text) return this.#error(11);
    if (!isVoice && fields.encoding !== 'utf-8') this.complaints.push('no encoding=utf-8: letters are lost');
    if (!/^\d{9,15}$/.test(fields.to ?? '')) return this.#error(13);
    if (isVoice && !/^48[1-9]\d{8}$/.test(fields.to)) return this.#error(32);
    if (fields.from !== undefined && (fields.from.length > 11 || !this.senders.has(fields.from))) return this.#error(14);
    const parts = isVoice ? 1 : partsOf(text);
    if (fields.max_parts !== undefined && (!/^([1-9]|10)$/.test(fields.max_parts) || parts > Number(fields.max_parts))) return this.#error(12);
    if (isVoice && (!/^[1-6]$/.test(fields.try ?? '1') || !/^\d+$/.test(fields.interval ?? '300'))) return this.#error(8);
    if (fields.notify_url !== undefined && !/^https?:\/\/[^ ]+$/.test(fields.notify_url)) return this.#error(70);
    if (fields.idx !== undefined && fields.idx.length > 255) return this.#error(27);
    if (fields.idx !== undefined && !/^[0-9A-Za-z]{1,36}$/.test(fields.idx)) this.complaints.push(`older clients allow 36 letters and digits: ${fields.idx}`);
    if (fields.check_idx === '1' && this.ids.has(fields.idx)) return this.#error(53);
    const recent = (this.perNumber.get(fields.to) ?? []).filter((at) => Date.now() - at < 60000);
    if (recent.length >= 10) return this.#error(52);
    if (this.points < parts * this.pointsOfPart) return this.#error(103);
    return this.#send(fields, text, parts, isVoice);
  }

  #send(fields, text, parts, isVoice) {
    const id = (++this.#next).toString(16).toUpperCase().padStart(24, '7074696E20BACF3EC8FD0000'), points = Number((parts * this.pointsOfPart).toFixed(3));
    if (fields.test !== '1') {
      this.points -= points;
      this.perNumber.set(fields.to, [...(this.perNumber.get(fields.to) ?? []), Date.now()]);
      this.sent.push({ id, to: fields.to, text, idx: fields.idx, parts, points, notify: fields.notify_url, kind: isVoice ? 'voice' : 'sms' });
      if (fields.idx !== undefined) this.ids.add(fields.idx);
    }
    return { count: 1, length: text.length, message: text, parts,
      list: [{ id, points, number: fields.to, date_sent: Math.floor(Date.now() / 1000), submitted_number: fields.to, status: 'QUEUE', error: null, idx: fields.idx ?? null, parts }] };
  }

  // A report of some messages with their statuses, bundled as SMSAPI does: one request, lists with commas.
  async report(messages, statuses, { more = {}, method = 'GET', url = messages[0].notify } = {}) {
    const list = (values) => values.join(',');
    const fields = new URLSearchParams({ MsgId: list(messages.map(({ id }) => id)), status: list(statuses),
      idx: list(messages.map(({ idx }) => idx ?? '')), to: list(messages.map(({ to }) => to)), donedate: String(Math.floor(Date.now() / 1000)),
      username: 'bank', points: list(messages.map(({ points }) => points)), from: 'MyBank', ...more });
    return callBack(method === 'GET' ? `${url}?${fields}` : url, method, method === 'GET' ? undefined : fields.toString());
  }
}

export function callBack(url, method = 'GET', body = undefined) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
    const request = https.request(url, { method, headers, rejectUnauthorized: false, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => resolve({ status: answer.statusCode, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

export async function startSmsapi() {
  return new Smsapi().listen();
}
