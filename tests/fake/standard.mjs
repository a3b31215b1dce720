// A bank of one's own: the API of docs/providers.md, with messages signed by Standard Webhooks, by a
// shared secret (v1, with the standard's own library) or by a key of the bank's (v1a).
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign as signWith } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

import { PaymentFake } from './payment_fake.mjs';

const id = (prefix) => `${prefix}_${randomBytes(9).toString('hex')}`;
const unix = () => Math.floor(Date.now() / 1000);

// "v1a,…" of a key object.
export function signV1a(key, messageId, seconds, body) {
  return `v1a,${signWith(null, Buffer.concat([Buffer.from(`${messageId}.${seconds}.`), Buffer.from(body)]), key).toString('base64')}`;
}
export const publicText = (key) => `whpk_${createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;
// A private key of its 32 bytes in hex.
export const privateKey = (seed) => createPrivateKey({ key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'), format: 'der', type: 'pkcs8' });

const refuse = (reason) => ({ status: 422, body: { reason } });
const blikCodes = { 500500: 'refused_by_bank', 700701: 'blik_code_expired', 700702: 'refused_by_customer', 700703: 'blik_code_used' };

export class StandardFake extends PaymentFake {
  name = 'standard';
  apiKey = id('key');
  secrets = [`whsec_${randomBytes(32).toString('base64')}`]; // all that are live sign
  privateKey = generateKeyPairSync('ed25519').privateKey;
  refunds = new Map(); // by the caller's reference

  // `signs`: 'v1' or 'v1a'; `speaks`: 'usual', or 'theirs' for a bank that calls everything otherwise.
  constructor({ signs = 'v1', speaks = 'usual', ...rest }) {
    super(rest);
    Object.assign(this, { signs, speaks });
  }

  settings() {
    const proofs = this.signs === 'v1' ? { secret_files: ['bank.secret'] } : { public_keys: [publicText(this.privateKey)] };
    const names = this.speaks === 'usual' ? {} : {
      types: ['charge.waiting=pending', 'charge.lost=failed', 'charge.captured=paid', 'charge.returned=refunded',
        'charge.pulled_back=charged_back', 'charge.won=chargeback_reversed'],
      fields: ['type=event', 'id=object.charge', 'reference=object.order', 'movement=object.part', 'amount=object.money.minor',
        'currency=object.money.iso', 'reason=object.why', 'live=real', 'merchant=shop'] };
    return {
      entry: { provider: 'standard', environment: 'test', api_url: `${this.url}/pay`, start_origin: this.url, merchant: 'shop-1',
        api_key_file: 'bank.key', ca_file: this.certificate, ...proofs, ...names },
      files: { 'bank.key': this.apiKey, 'bank.secret': this.secrets[0] },
    };
  }

  orderOf(reference) { return this.orders.get(reference); }

  // ---- the API ----

  answer(request) {
    const page = /^\/page\/(\w+)$/.exec(request.path)?.[1];
    if (page) return this.#page(page);
    if (request.headers.authorization !== `Bearer ${this.apiKey}`) return { status: 401, body: {} };
    if (request.method === 'GET') return this.#read(request.path);
    if (!request.headers['content-type']?.startsWith('application/json')) return { status: 415, body: {} };
    const refunded = /^\/pay\/payments\/(\w+)\/refunds$/.exec(request.path)?.[1];
    if (request.path === '/pay/payments') return this.#start(request);
    return refunded ? this.#refund(this.orders.get(refunded), request) : { status: 404, body: {} };
  }

  #page(wanted) {
    const order = [...this.orders.values()].find((one) => one.id === wanted);
    if (!order) return { status: 404, body: 'no such page' };
    order.opened = true;
    return { status: 200, body: 'Pay' };
  }

  #read(path) {
    const [, what, name] = /^\/pay\/(\w+)(?:\/([\w-]+))?$/.exec(path) ?? [];
    if (what === 'check') return { status: 200, body: { live: false } };
    const found = what === 'payments' ? this.orders.get(name) ?? [...this.orders.values()].find((one) => one.id === name) : what === 'refunds' ? this.refunds.get(name) : undefined;
    if (!found) return { status: 404, body: {} };
    return { status: 200, body: { id: found.id, events: found.events.map(({ messageId, message }) => ({ ...message, id: messageId })) } };
  }

  #start({ headers, text }) {
    const asked = JSON.parse(text);
    const isText = (name, max) => typeof asked[name] === 'string' && asked[name] !== '' && asked[name].length <= max;
    const isGood = isText('reference', 64) && headers['idempotency-key'] === asked.reference && Number.isSafeInteger(asked.amount_minor)
      && asked.amount_minor > 0 && /^[A-Z]{3}$/.test(asked.currency) && isText('title', 140) && Number.isInteger(asked.valid_seconds)
      && ['return_url', 'callback_url'].every((name) => isText(name, 1024) && asked[name].startsWith('https://'));
    if (!isGood) return { status: 400, body: {} };
    const before = this.orders.get(asked.reference);
    if (before && (before.amountMinor !== asked.amount_minor || before.currency !== asked.currency)) return { status: 409, body: {} };
    if (before) return before.answer;
    const isCode = asked.blik_code === undefined || /^\d{6}$/.test(asked.blik_code) && (asked.blik_code in blikCodes || /^777/.test(asked.blik_code));
    if (!isCode) return refuse('blik_code_wrong');
    const order = { reference: asked.reference, id: id('b'), amountMinor: asked.amount_minor, currency: asked.currency,
      callbackUrl: asked.callback_url, returnUrl: asked.return_url, blik: asked.blik_code ?? null, state: 'open', paidMinor: 0, events: [] };
    order.answer = { status: 201, body: { id: order.id, ...(order.blik ? {} : { redirect_url: `${this.url}/page/${order.id}` }) } };
    this.orders.set(order.reference, order);
    if (order.blik) setImmediate(() => this.decide(order, order.blik in blikCodes ? 'failed' : 'paid', { reason: blikCodes[order.blik] }));
    return order.answer;
  }

  #refund(order, { headers, text }) {
    const asked = JSON.parse(text);
    if (!order || headers['idempotency-key'] !== asked.refund_reference) return { status: 400, body: {} };
    const before = this.refunds.get(asked.refund_reference);
    if (before) return { status: 201, body: { id: before.id } };
    if (!(asked.amount_minor > 0 && asked.amount_minor <= order.paidMinor)) return refuse('refused');
    const refund = this.refundAtProvider(order, asked.amount_minor);
    this.refunds.set(asked.refund_reference, refund);
    return { status: 201, body: { id: refund.id } };
  }

  // ---- what customers and clerks do ----

  decide(order, what, { amountMinor = order.amountMinor, reason = 'refused' } = {}) {
    order.state = what;
    if (what === 'pending') return this.#say(order, 'pending', {});
    if (what === 'failed') return this.#say(order, 'failed', { reason });
    order.paidMinor += amountMinor;
    order.capture = id('mv');
    return this.#say(order, 'paid', { movement: order.capture, amountMinor });
  }

  heldMinor(order) { return order.paidMinor; }

  refundAtProvider(order, amountMinor) {
    const refund = { id: id('rf'), amountMinor, events: [] };
    order.paidMinor -= amountMinor;
    refund.events.push(this.#say(order, 'refunded', { movement: refund.id, amountMinor }));
    return refund;
  }

  dispute(order) {
    const dispute = { id: id('dp'), order, amountMinor: order.paidMinor };
    this.#say(order, 'charged_back', { movement: dispute.id, amountMinor: dispute.amountMinor });
    return dispute;
  }

  closeDispute({ id: movement, order, amountMinor }, outcome) {
    if (outcome === 'won') this.#say(order, 'chargeback_reversed', { movement, amountMinor });
  }

  #say(order, kind, facts) {
    const event = { messageId: id('msg'), message: this.speaks === 'usual' ? this.#usual(order, kind, facts) : this.#theirs(order, kind, facts) };
    order.events.push(event);
    this.tell(order, event);
    return event;
  }

  #usual(order, kind, { movement, amountMinor, reason }) {
    return { type: `payment.${kind}`, timestamp: new Date().toISOString(), live: false,
      data: { id: order.id, reference: order.reference, movement, amount_minor: amountMinor, currency: order.currency, reason } };
  }

  #theirs(order, kind, { movement, amountMinor, reason }) {
    const words = { pending: 'waiting', failed: 'lost', paid: 'captured', refunded: 'returned', charged_back: 'pulled_back', chargeback_reversed: 'won' };
    return { event: `charge.${words[kind]}`, real: false, shop: 'shop-1',
      object: { charge: order.id, order: order.reference, part: movement, money: { minor: amountMinor, iso: order.currency }, why: reason } };
  }

  // ---- messages ----

  // The headers of a message, as of now or of another time.
  sign(messageId, body, { at = unix(), secrets = this.secrets } = {}) {
    const signatures = this.signs === 'v1' ? secrets.map((secret) => new Webhook(secret).sign(messageId, new Date(at * 1000), body))
      : [signV1a(this.privateKey, messageId, at, body)];
    return { 'content-type': 'application/json', 'webhook-id': messageId, 'webhook-timestamp': String(at), 'webhook-signature': signatures.join(' ') };
  }

  notice(order, { messageId, message }) {
    const body = JSON.stringify(message);
    return { headers: this.sign(messageId, body), body };
  }

  isTaken(status) { return status >= 200 && status < 300; }
}
