// Stripe, as far as Dunlin asks it: Checkout Sessions, PaymentIntents, refunds, disputes, the balance;
// and its events, signed as its library wants them. Form bodies with bracket names, an idempotency
// key that replays its first answer, errors as Stripe words them. One fault more than the others have:
//   refuse: n       the next n sessions are refused, as of an account that may not charge yet
import { createHmac, randomBytes } from 'node:crypto';

import { PaymentFake } from './payment_fake.mjs';

export const apiVersion = '2026-08-26.dahlia';

const id = (prefix, length = 24) => `${prefix}_${randomBytes(length).toString('base64url').replace(/[-_]/g, 'x').slice(0, length)}`;
const unix = () => Math.floor(Date.now() / 1000);

// What stands under t and each v1 of the header.
export function signatureHeader(secrets, body, at = unix()) {
  const macs = secrets.map((secret) => createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex'));
  return `t=${at},${macs.map((mac) => `v1=${mac}`).join(',')}`;
}

class Refusal extends Error {
  constructor(status, type, message, more = {}) {
    super(message);
    this.answer = { status, body: { error: { type, message, ...more } } };
  }
}
const invalid = (param, code = 'parameter_invalid_string') => new Refusal(400, 'invalid_request_error', `Invalid ${param}`, { param, code });

// "a[b][0]=x" of a body or a query, as [["a", "b", "0"], "x"]; a name that stands twice is refused.
function fieldsOf(text) {
  const seen = new Set();
  return [...new URLSearchParams(text)].map(([name, value]) => {
    if (!name.endsWith('[]') && seen.has(name)) throw invalid(name);
    seen.add(name);
    return [name, value];
  });
}

class Form {
  constructor(text, allowed) {
    this.fields = new Map(fieldsOf(text));
    for (const name of this.fields.keys())
      if (!allowed.some((one) => (one.endsWith('[*]') ? name.startsWith(one.slice(0, -2)) : name === one)))
        throw invalid(name, 'parameter_unknown');
  }

  text(name, max = 5000) {
    const value = this.fields.get(name);
    if (value === undefined || value === '') throw invalid(name, 'parameter_missing');
    if (value.length > max) throw invalid(name);
    return value;
  }

  integer(name, min, max) {
    const value = this.text(name);
    if (!/^-?\d+$/.test(value) || Number(value) < min || Number(value) > max) throw invalid(name, 'parameter_invalid_integer');
    return Number(value);
  }

  metadata(name) {
    const found = {};
    for (const [field, value] of this.fields) {
      const key = field.startsWith(`${name}[`) ? field.slice(name.length + 1, -1) : undefined;
      if (key === undefined) continue;
      if (key.length > 40 || value.length > 500) throw invalid(field);
      found[key] = value;
    }
    return found;
  }
}

export class StripeFake extends PaymentFake {
  name = 'stripe';
  apiKey = id('sk_test');
  secrets = [id('whsec', 32)];  // all that are live sign: two while one is rolled
  sessions = new Map();
  intents = new Map();
  refunds = [];
  disputes = [];
  #keys = new Map();            // idempotency key to { asked, answer }

  settings() {
    return {
      entry: { provider: 'stripe', environment: 'test', api_url: this.url, start_origin: this.url,
        api_key_file: 'stripe.key', secret_files: ['stripe.secret'], ca_file: this.certificate },
      files: { 'stripe.key': this.apiKey, 'stripe.secret': this.secrets[0] },
    };
  }

  orderOf(reference) { return this.orders.get(reference); }

  // ---- the API ----

  answer(request) {
    const page = /^\/c\/pay\/(\w+)$/.exec(request.path);
    if (page) return this.#page(page[1]);
    try {
      return this.#api(request);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  #page(session) {
    const order = [...this.orders.values()].find((one) => one.id === session);
    if (!order) return { status: 404, body: 'no such page' };
    order.opened = true;
    return { status: 200, body: 'Pay' };
  }

  #api(request) {
    const { authorization = '', 'stripe-version': version } = request.headers;
    const basic = `Basic ${Buffer.from(`${this.apiKey}:`).toString('base64')}`;
    if (authorization !== `Bearer ${this.apiKey}` && authorization !== basic)
      throw new Refusal(401, 'invalid_request_error', 'Invalid API Key provided');
    if (version !== undefined && !/^\d{4}-\d\d-\d\d(\.\w+)?$/.test(version)) throw invalid('Stripe-Version');
    return request.method === 'POST' ? this.#once(request) : { status: 200, body: this.#read(request) };
  }

  // The first answer to an idempotency key is every answer, a refusal included.
  #once(request) {
    const { 'idempotency-key': key, 'content-type': type } = request.headers;
    if (!type?.startsWith('application/x-www-form-urlencoded')) throw invalid('Content-Type');
    if (key === undefined) return { status: 200, body: this.#change(request) };
    if (key.length > 255) throw invalid('Idempotency-Key');
    const asked = `${request.path}\n${[...new URLSearchParams(request.text)].map(String).sort().join('\n')}`;
    const before = this.#keys.get(key);
    if (before && before.asked !== asked)
      throw new Refusal(400, 'idempotency_error', 'Keys for idempotent requests can only be used with the same parameters');
    if (before) return before.answer;
    let answer;
    try {
      answer = { status: 200, body: this.#change(request) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = error.answer;
    }
    this.#keys.set(key, { asked, answer: structuredClone(answer) });
    return answer;
  }

  #change({ path, text }) {
    if (path === '/v1/checkout/sessions') return this.#makeSession(text);
    if (path === '/v1/refunds') return this.#makeRefund(text);
    throw new Refusal(404, 'invalid_request_error', `Unrecognized request URL (POST: ${path})`);
  }

  #makeSession(text) {
    const price = 'line_items[0][price_data]';
    if (this.faults.refuse-- > 0) throw new Refusal(400, 'invalid_request_error', 'Your account cannot currently make charges.');
    const form = new Form(text, ['mode', 'line_items[0][quantity]', `${price}[currency]`, `${price}[unit_amount]`,
      `${price}[product_data][name]`, 'client_reference_id', 'metadata[*]', 'payment_intent_data[metadata][*]', 'expires_at',
      'success_url', 'cancel_url', 'locale', 'customer_email']);
    if (form.text('mode') !== 'payment') throw invalid('mode');
    if (!/^(pln|eur|usd|czk|huf)$/.test(form.text(`${price}[currency]`))) throw invalid(`${price}[currency]`);
    form.text(`${price}[product_data][name]`, 250);
    for (const name of ['success_url', 'cancel_url'])
      if (!/^https:\/\//.test(form.text(name))) throw invalid(name, 'url_invalid');
    const now = unix(), amount = form.integer(`${price}[unit_amount]`, 200, 99999999) * form.integer('line_items[0][quantity]', 1, 999999);
    const session = { id: id('cs_test', 58), object: 'checkout.session', livemode: false, mode: 'payment', created: now,
      amount_total: amount, currency: form.text(`${price}[currency]`), client_reference_id: form.text('client_reference_id', 200),
      metadata: form.metadata('metadata'), payment_intent: null, payment_status: 'unpaid', status: 'open', customer_details: null,
      expires_at: form.fields.has('expires_at') ? form.integer('expires_at', now + 1800, now + 86400) : now + 86400,
      success_url: form.text('success_url'), cancel_url: form.text('cancel_url') };
    session.url = `${this.url}/c/pay/${session.id}#fidkdWxOYHwnPyd1blpxYHZxWjA0`;
    const order = { reference: session.client_reference_id, id: session.id, amountMinor: amount, currency: session.currency.toUpperCase(),
      callbackUrl: this.endpoint ?? new URL('/callbacks/stripe', session.success_url).href, returnUrl: session.success_url,
      blik: null, state: 'open', paidMinor: 0, session, intentMetadata: form.metadata('payment_intent_data[metadata]') };
    this.sessions.set(session.id, session);
    this.orders.set(order.reference, order);
    return session;
  }

  #makeRefund(text) {
    const form = new Form(text, ['payment_intent', 'amount', 'reason', 'metadata[*]']);
    const intent = this.#intent(form.text('payment_intent')), left = intent.amount_received - this.#refunded(intent.id);
    const amount = form.fields.has('amount') ? form.integer('amount', 1, 99999999) : left;
    if (amount > left)
      throw new Refusal(400, 'invalid_request_error', 'Refund amount is greater than unrefunded amount', { code: 'charge_already_refunded' });
    return this.#refund(intent, amount, form.metadata('metadata'));
  }

  #refunded(intent) {
    const counts = (refund) => refund.payment_intent === intent && !['failed', 'canceled'].includes(refund.status);
    return this.refunds.filter(counts).reduce((sum, refund) => sum + refund.amount, 0);
  }

  #refund(intent, amount, metadata) {
    const refund = { id: id('re'), object: 'refund', amount, currency: intent.currency, charge: intent.latest_charge,
      payment_intent: intent.id, status: 'succeeded', reason: null, created: unix(), metadata,
      destination_details: { type: 'card', card: { type: 'refund' } }, balance_transaction: id('txn') };
    this.refunds.unshift(refund);
    const order = this.#orderOfIntent(intent.id);
    this.#tell(order, 'refund.created', refund);
    this.#tell(order, 'charge.refunded', { id: intent.latest_charge, object: 'charge', payment_intent: intent.id,
      amount: intent.amount_received, amount_refunded: this.#refunded(intent.id), refunded: this.#refunded(intent.id) === intent.amount_received });
    return refund;
  }

  #read({ path, query }) {
    const one = (pattern) => pattern.exec(path)?.[1];
    const list = (items) => {
      const limit = Number(query.get('limit') ?? 10);
      if (!(limit >= 1 && limit <= 100)) throw invalid('limit');
      const mine = items.filter((item) => !query.has('payment_intent') || item.payment_intent === query.get('payment_intent'));
      return { object: 'list', url: path, has_more: mine.length > limit, data: mine.slice(0, limit) };
    };
    if (path === '/v1/balance') return { object: 'balance', livemode: false, available: [], pending: [] };
    if (path === '/v1/refunds') return list(this.refunds);
    if (path === '/v1/disputes') return list(this.disputes);
    if (path === '/v1/payment_intents/search') {
      const wanted = /^metadata\['(\w+)'\]:'([^']*)'$/.exec(query.get('query') ?? '');
      if (!wanted) throw invalid('query');
      const data = [...this.intents.values()].filter((intent) => intent.metadata[wanted[1]] === wanted[2]);
      return { object: 'search_result', url: path, has_more: false, data };
    }
    if (one(/^\/v1\/payment_intents\/(\w+)$/)) return this.#intent(one(/^\/v1\/payment_intents\/(\w+)$/));
    const session = this.sessions.get(one(/^\/v1\/checkout\/sessions\/(\w+)$/));
    const refund = this.refunds.find((item) => item.id === one(/^\/v1\/refunds\/(\w+)$/));
    const isExpanded = [...query].some(([name, value]) => /^expand\[\d*\]$/.test(name) && value === 'payment_intent');
    if (session?.payment_intent && isExpanded)
      return { ...session, payment_intent: this.intents.get(session.payment_intent) };
    if (!session && !refund) throw new Refusal(404, 'invalid_request_error', `No such object: ${path}`, { code: 'resource_missing' });
    return session ?? refund;
  }

  #intent(wanted) {
    const intent = this.intents.get(wanted);
    if (!intent) throw new Refusal(404, 'invalid_request_error', `No such payment_intent: '${wanted}'`, { code: 'resource_missing' });
    return intent;
  }

  // ---- what customers, their banks and people in the Dashboard do ----

  // 'pending' is a delayed method; 'failed' of a session that nobody paid is its end.
  decide(order, what, { amountMinor = order.amountMinor } = {}) {
    const { session } = order, wasPending = session.status === 'complete' && session.payment_status === 'unpaid';
    if (what === 'failed' && !wasPending) {
      Object.assign(session, { status: 'expired', url: null });
      order.state = 'failed';
      return this.#tell(order, 'checkout.session.expired', session);
    }
    const intent = this.#intentFor(order, amountMinor);
    Object.assign(session, { status: 'complete', url: null, payment_intent: intent.id, amount_total: amountMinor,
      customer_details: { email: 'jan@example.com', name: 'Jan Nowak' }, payment_status: what === 'paid' ? 'paid' : 'unpaid' });
    Object.assign(intent, what === 'paid' ? { status: 'succeeded', amount_received: amountMinor, latest_charge: id('ch') }
      : { status: what === 'pending' ? 'processing' : 'requires_payment_method' });
    order.state = what;
    order.paidMinor = intent.amount_received;
    if (what === 'paid') this.#tell(order, 'payment_intent.succeeded', intent);
    return this.#tell(order, !wasPending ? 'checkout.session.completed'
      : `checkout.session.async_payment_${what === 'paid' ? 'succeeded' : 'failed'}`, session);
  }

  #intentFor(order, amountMinor) {
    order.intent ??= id('pi');
    if (!this.intents.has(order.intent))
      this.intents.set(order.intent, { id: order.intent, object: 'payment_intent', livemode: false, amount: amountMinor, amount_received: 0,
        currency: order.session.currency, metadata: order.intentMetadata, latest_charge: null, status: 'processing' });
    return this.intents.get(order.intent);
  }

  #orderOfIntent(intent) { return [...this.orders.values()].find((order) => order.intent === intent); }

  heldMinor(order) { return order.paidMinor - this.#refunded(order.intent); }

  refundAtProvider(order, amountMinor) { return this.#refund(this.#intent(order.intent), amountMinor, {}); }

  // A refund to a card that its bank sends back.
  failRefund(refund) {
    const before = refund.status;
    Object.assign(refund, { status: 'failed', failure_reason: 'expired_or_canceled_card', failure_balance_transaction: id('txn') });
    this.#tell(this.#orderOfIntent(refund.payment_intent), 'refund.failed', refund, { status: before });
  }

  dispute(order) {
    const dispute = { id: id('dp'), object: 'dispute', amount: order.paidMinor, currency: order.session.currency, livemode: false,
      charge: this.#intent(order.intent).latest_charge, payment_intent: order.intent, reason: 'fraudulent', status: 'needs_response',
      created: unix(), balance_transactions: [] };
    this.disputes.unshift(dispute);
    this.#tell(order, 'charge.dispute.created', dispute);
    this.#move(dispute, -dispute.amount);
    this.#tell(order, 'charge.dispute.funds_withdrawn', dispute);
    return dispute;
  }

  // `status` is 'won' or 'lost'.
  closeDispute(dispute, status) {
    const order = this.#orderOfIntent(dispute.payment_intent);
    dispute.status = status;
    if (status === 'won') {
      this.#move(dispute, dispute.amount);
      this.#tell(order, 'charge.dispute.funds_reinstated', dispute);
    }
    this.#tell(order, 'charge.dispute.closed', dispute);
  }

  #move(dispute, amount) {
    dispute.balance_transactions.push({ id: id('txn'), object: 'balance_transaction', amount, currency: dispute.currency });
  }

  // ---- events ----

  #tell(order, type, object, previous) {
    const data = { object: structuredClone(object), ...(previous && { previous_attributes: previous }) };
    this.tell(order, { id: id('evt'), object: 'event', api_version: apiVersion, created: unix(), livemode: false, pending_webhooks: 1, type, data });
  }

  notice(order, event) {
    const body = JSON.stringify(event);
    return { headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signatureHeader(this.secrets, body) }, body };
  }

  isTaken(status) { return status >= 200 && status < 300; }
}
