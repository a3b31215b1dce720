// Tpay's Open API as its documentation and its PHP library have it: sign-in, transactions by redirect,
// BLIK codes sent for a transaction, refunds, notifications signed by JWS and by md5sum. Refuses what
// Tpay refuses.
import { execFileSync } from 'node:child_process';
import { createHash, createSign, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { PaymentFake } from './payment_fake.mjs';

const MERCHANT = '123912', CLIENT_ID = '01HZ-client', CLIENT_SECRET = 'tpay-client-secret', CODE = 'ref-security-code';
const PEM_PATH = '/x509/notifications-jws.pem';

const encode = (text) => encodeURIComponent(text).replace(/%20/g, '+').replace(/[!'()*~]/g,
  (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const formOf = (fields) => Object.entries(fields).map(([name, value]) => `${name}=${encode(String(value))}`).join('&');
export const md5sumOf = ({ id, tr_id: title, tr_amount: amount, tr_crc: crc }, code = CODE) =>
  createHash('md5').update(`${id}${title}${amount}${crc}${code}`).digest('hex');

// The header as PHP writes it, slashes escaped.
export const joseOf = (x5u, alg = 'RS256') => `{"alg":"${alg}","x5u":${JSON.stringify(x5u).replaceAll('/', '\\/')}}`;

export function jwsOf(body, jose, key) {
  const first = Buffer.from(jose).toString('base64url');
  const signature = createSign('sha256').update(`${first}.${Buffer.from(body).toString('base64url')}`).sign(key, 'base64url');
  return `${first}..${signature}`;
}

// A root and what it issues, as PEM files of this folder.
export class Issuer {
  constructor(dir, name) {
    this.dir = dir;
    this.name = name;
    this.#openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', `/CN=${name}`,
      '-addext', 'keyUsage=keyCertSign', '-keyout', `${name}.key`, '-out', `${name}.pem`);
    this.pem = readFileSync(path.join(dir, `${name}.pem`), 'utf8');
  }

  #openssl(...args) { execFileSync('openssl', args, { cwd: this.dir, stdio: 'pipe' }); }

  // `days` may be below zero: then it has run out.
  issue(name, days = 730) {
    this.#openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(path.join(this.dir, `${name}.ext`), 'keyUsage=digitalSignature\n');
    this.#openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${this.name}.pem`, '-CAkey', `${this.name}.key`, '-CAcreateserial',
      '-days', String(days), '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    return { key: readFileSync(path.join(this.dir, `${name}.key`), 'utf8'), pem: readFileSync(path.join(this.dir, `${name}.pem`), 'utf8') };
  }
}

const failed = (status, errorCode, fieldName = '', errorMessage = errorCode) =>
  ({ status, body: { result: 'failed', requestId: randomUUID(), errors: [{ errorCode, errorMessage, fieldName }] } });
const succeeded = (more) => ({ status: 200, body: { result: 'success', requestId: randomUUID(), ...more } });

// A number as it stands in the text: exactly two decimals, of at least one grosz; in grosz.
function minorOf(text) {
  const amount = /"amount":(\d+)\.(\d\d)[,}]/.exec(text);
  return amount === null ? undefined : Number(amount[1]) * 100 + Number(amount[2]);
}
const amountOf = (minor) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;

const isText = (value, max, min = 1) => typeof value === 'string' && value.length >= min && value.length <= max;

// The first field that is wrong; undefined when nothing is.
function mistakeOf(asked) {
  const optional = (value, max, min) => value === undefined || isText(value, max, min);
  if (!isText(asked.description, 128)) return 'description';
  if (!isText(asked.payer?.email, 255) || !/^[^@\s]+@[^@\s]+$/.test(asked.payer.email)) return 'payer.email';
  if (!isText(asked.payer.name, 255)) return 'payer.name';
  if (!optional(asked.hiddenDescription, 128)) return 'hiddenDescription';
  if (!optional(asked.payer.userAgent, 255)) return 'payer.userAgent';
  if (!optional(asked.callbacks?.notification?.url, 3072)) return 'callbacks.notification.url';
  if (asked.currency !== undefined && !/^[A-Z]{3}$/.test(asked.currency)) return 'currency';
  if (asked.lang !== undefined && !['pl', 'en', 'de', 'fr', 'ru', 'it', 'es'].includes(asked.lang)) return 'lang';
  return undefined;
}

export class TpayFake extends PaymentFake {
  name = 'tpay';
  byId = new Map();
  tokens = new Set();
  signIns = 0;
  pemsServed = 0;
  failsPaysAlone = false; // faults after the work hit BLIK codes and nothing else

  constructor(options) {
    super(options);
    this.issuer = new Issuer(options.dir ?? path.dirname(options.certificate), 'tpay-root');
    this.leaf = this.issuer.issue('notification-jws');
  }

  get x5u() { return `${this.url}${PEM_PATH}`; }

  settings() {
    return {
      entry: { provider: 'tpay', environment: 'test', api_url: this.url, start_origin: this.url, merchant: MERCHANT, client_id: CLIENT_ID,
        api_key_file: 'tpay.secret', secret_files: ['tpay.code'], certificate_url: this.x5u, root_file: 'tpay.root', ca_file: this.certificate },
      files: { 'tpay.secret': CLIENT_SECRET, 'tpay.code': CODE, 'tpay.root': this.issuer.pem },
    };
  }

  orderOf(reference) { return this.orders.get(reference); }
  isTaken(status, text) { return status === 200 && text === 'TRUE'; }

  changes({ method, path: at }) {
    return method === 'POST' && at !== '/oauth/auth' && (!this.failsPaysAlone || at.endsWith('/pay'));
  }

  answer(request) {
    const { method, path: at } = request;
    if (at === PEM_PATH) {
      ++this.pemsServed;
      return { status: 200, body: this.leaf.pem };
    }
    if (at === '/oauth/auth') return this.#signIn(request);
    if (at === '/') return this.#open(request);
    if (!this.tokens.has(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1])) return failed(401, 'access_token_invalid');
    if (method === 'POST' && request.headers['content-type'] !== 'application/json') return failed(415, 'content_type');
    if (at === '/transactions') return method === 'POST' ? this.#create(request) : failed(404, 'not_found');
    if (at === '/transactions/channels' && method === 'GET') return succeeded({ channels: [{ id: 64, name: 'BLIK' }] });
    const [, id, what] = /^\/transactions\/([^/]+)(?:\/(pay|refunds))?$/.exec(at) ?? [];
    const order = this.byId.get(decodeURIComponent(id ?? ''));
    if (order === undefined) return failed(404, 'transaction_not_found');
    if (method === 'POST') return what === 'pay' ? this.#pay(order, request) : what === 'refunds' ? this.#refund(order, request) : failed(404, 'not_found');
    if (what === 'refunds') return { status: 200, body: `{"result":"success","refunds":[${order.refunds.map(({ id: refundId, amountMinor }) =>
      `{"refundId":"${refundId}","amount":${amountOf(amountMinor)},"status":"correct"}`).join()}]}` };
    return what === undefined ? this.#show(order) : failed(404, 'not_found');
  }

  #signIn({ method, text }) {
    const { client_id: id, client_secret: secret } = JSON.parse(text);
    if (method !== 'POST' || id !== CLIENT_ID || secret !== CLIENT_SECRET) return { status: 401, body: { result: 'failed', errors: [] } };
    ++this.signIns;
    const token = randomUUID();
    this.tokens.add(token);
    return { status: 200, body: { issued_at: Math.floor(Date.now() / 1000), scope: '', token_type: 'Bearer', expires_in: 7200, client_id: id, access_token: token } };
  }

  #create({ text }) {
    let asked;
    try {
      asked = JSON.parse(text);
    } catch {
      return failed(400, 'invalid_json');
    }
    const amountMinor = minorOf(text), mistake = mistakeOf(asked);
    if (!(amountMinor >= 1)) return failed(400, 'invalid_amount', 'amount');
    if (mistake !== undefined) return failed(400, 'invalid_value', mistake);
    if (asked.pay !== undefined) throw new Error('our page sends its code apart');
    const title = `TR-${randomBytes(2).toString('hex').toUpperCase()}-${randomBytes(4).toString('hex').toUpperCase()}X`;
    const order = {
      reference: asked.hiddenDescription, id: randomBytes(13).toString('hex').toUpperCase(), title, description: asked.description, asked,
      amountMinor, currency: asked.currency ?? 'PLN', callbackUrl: asked.callbacks.notification.url,
      returnUrl: asked.callbacks.payerUrls.success, state: 'pending', paidMinor: 0, refunds: [], attempts: [], opened: false,
    };
    this.orders.set(order.reference, order);
    this.byId.set(order.id, order);
    return succeeded({ transactionId: order.id, title, posId: 'ps_1', status: 'pending', hiddenDescription: order.reference,
      payments: { status: 'pending', method: null, amountPaid: 0 }, transactionPaymentUrl: `${this.url}/?title=${title}` });
  }

  #pay(order, { text }) {
    const { groupId, blikPaymentData: { blikToken, type } = {} } = JSON.parse(text);
    if (groupId !== 150 || type !== 0) return failed(400, 'invalid_value', 'groupId');
    if (order.state !== 'pending' || order.blik !== undefined) return failed(400, 'transaction_already_paid');
    if (!/^\d{6}$/.test(blikToken)) return failed(400, 'invalid_value', 'blikPaymentData.blikToken');
    if (!blikToken.startsWith('777')) {
      order.attempts.push({ paymentErrorCode: 63 });
      return failed(200, '63', '', 'no such code');
    }
    order.blik = blikToken;
    return succeeded({ transactionId: order.id, title: order.title, status: 'pending', payments: { status: 'pending', method: 'blik' } });
  }

  #open({ query }) {
    const order = [...this.byId.values()].find(({ title }) => title === query.get('title'));
    if (order === undefined) return { status: 404, body: '' };
    order.opened = true;
    return { status: 200, body: 'Tpay' };
  }

  // Numbers are printed as PHP does: 100.00 is 100, 12.50 is 12.5.
  #show(order) {
    const number = (minor) => String(minor / 100);
    return { status: 200, body: `{"result":"success","transactionId":"${order.id}","title":"${order.title}","status":"${order.state}",` +
      `"hiddenDescription":"${order.reference}","currency":"${order.currency}","amount":${number(order.amountMinor)},` +
      `"payments":{"status":"${order.state}","amountPaid":${number(order.paidMinor)},"attempts":${JSON.stringify(order.attempts)}}}` };
  }

  #refund(order, { text }) {
    const left = order.paidMinor - order.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    const amountMinor = text === '{}' ? left : minorOf(text);
    if (order.state !== 'correct' || !(amountMinor >= 1) || amountMinor > left) return failed(400, 'invalid_amount', 'amount');
    const refund = { id: randomUUID(), amountMinor };
    order.refunds.push(refund);
    if (amountMinor === order.paidMinor) {
      order.state = 'refund';
      this.#tellStatus(order, 'CHARGEBACK', amountMinor);
    }
    return succeeded({ transactionId: order.id, title: order.title, status: order.state, refundId: refund.id });
  }

  // The fields of a notification; md5sum belongs to those before it.
  fieldsOf(order, status, paidMinor, error = 'none') {
    const fields = { id: MERCHANT, tr_id: order.title, tr_date: '2026-01-01 10:00:00', tr_crc: order.reference,
      tr_amount: amountOf(order.amountMinor), tr_paid: amountOf(paidMinor), tr_desc: order.description, tr_status: status,
      tr_error: error, tr_email: order.asked.payer.email };
    return { ...fields, md5sum: md5sumOf(fields), test_mode: 1 };
  }

  headersOf(body) {
    return { 'content-type': 'application/x-www-form-urlencoded', 'X-JWS-Signature': jwsOf(body, joseOf(this.x5u), this.leaf.key) };
  }

  notice(order, fields) {
    const body = formOf(fields);
    return { headers: this.headersOf(body), body };
  }

  #tellStatus(order, status, paidMinor, error) { this.tell(order, this.fieldsOf(order, status, paidMinor, error)); }

  // Tpay says nothing of what failed.
  decide(order, what, { amountMinor = order.amountMinor } = {}) {
    order.state = { paid: 'correct', failed: 'declined', pending: 'pending' }[what];
    if (what !== 'paid') return;
    order.paidMinor = amountMinor;
    this.#tellStatus(order, 'TRUE', amountMinor,
      amountMinor === order.amountMinor ? 'none' : amountMinor > order.amountMinor ? 'overpay' : 'surcharge');
  }

  heldMinor(order) { return order.paidMinor - order.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0); }

  refundAtProvider(order, amountMinor) {
    order.refunds.push({ id: randomUUID(), amountMinor });
    if (amountMinor === order.paidMinor) order.state = 'refund';
    this.#tellStatus(order, 'CHARGEBACK', amountMinor);
  }
}
