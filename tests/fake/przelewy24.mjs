// Przelewy24's REST API v1 as its description has it: registration, the address made of its token, BLIK
// by code, notices that are repeated until the payment is confirmed, refunds. Refuses what it refuses.
import { createHash, randomUUID } from 'node:crypto';

import { PaymentFake } from './payment_fake.mjs';

const MERCHANT = 999999, CRC = 'crc-z-panelu-p24', API_KEY = '6c1b2f4a8d9e0f11';

// As PHP's json_encode prints it with slashes and letters not escaped.
export function signOf(fields, crc = CRC) {
  return createHash('sha384').update(JSON.stringify({ ...fields, crc })).digest('hex');
}

const pick = (object, ...names) => Object.fromEntries(names.map((name) => [name, object[name]]));
const PAYMENT_FIELDS = ['merchantId', 'posId', 'sessionId', 'amount', 'originAmount', 'currency', 'orderId', 'methodId', 'statement'];
const REFUND_FIELDS = ['orderId', 'sessionId', 'refundsUuid', 'merchantId', 'amount', 'currency', 'status'];

// The notices, signed; `change` may spoil a field before that.
export function paymentNotice(order, change = {}, crc = CRC) {
  const fields = { merchantId: MERCHANT, posId: MERCHANT, sessionId: order.reference, amount: order.amountMinor,
    originAmount: order.amountMinor, currency: order.currency, orderId: order.orderId, methodId: 154, statement: 'p24-B12-C34-D56',
    ...change };
  return { ...fields, sign: signOf(pick(fields, ...PAYMENT_FIELDS), crc) };
}

function refundNotice(order, { amount, refundsUuid, requestId }, status) {
  const fields = { orderId: order.orderId, sessionId: order.reference, merchantId: MERCHANT, requestId, refundsUuid, amount,
    currency: order.currency, timestamp: Math.floor(Date.now() / 1000), status };
  return { ...fields, sign: signOf(pick(fields, ...REFUND_FIELDS)) };
}

const bad = (error = 'Invalid input data', code = 400) => ({ status: code, body: { error, code } });
const good = (data, status = 200) => ({ status, body: { data, responseCode: 0 } });
const notFound = () => ({ status: 404, body: { error: 'Transaction not found', responseCode: 0 } });
const isAmount = (value) => Number.isSafeInteger(value) && value > 0;
const isText = (value, max) => typeof value === 'string' && value.length > 0 && value.length <= max;
const LANGUAGES = 'bg cs de en es fr hr hu it nl pl pt se sk ro'.split(' ');

function isRegistration(asked) {
  const { merchantId, posId, sessionId, amount, currency, description, email, country, language, urlReturn, urlStatus, timeLimit, sign } = asked;
  return merchantId === MERCHANT && posId === MERCHANT && isText(sessionId, 100) && isAmount(amount) && /^[A-Z]{3}$/.test(currency) &&
    isText(description, 1024) && isText(email, 50) && /^[A-Z]{2}$/.test(country) && LANGUAGES.includes(language) && isText(urlReturn, 250) &&
    (urlStatus === undefined || isText(urlStatus, 250)) && (timeLimit === undefined || (Number.isInteger(timeLimit) && timeLimit >= 0 && timeLimit <= 99)) &&
    sign === signOf({ sessionId, merchantId, amount, currency });
}

export class Przelewy24Fake extends PaymentFake {
  name = 'przelewy24';
  byToken = new Map();
  confirmations = [];           // { sessionId, amount, status } of each PUT
  nextOrderId = 4294967301;     // beyond 32 bits, as theirs are
  repeatMs = 200;               // of notices, until the payment is confirmed
  #timers = new Set();

  settings() {
    return {
      entry: { provider: 'przelewy24', environment: 'test', api_url: this.url, start_origin: this.url, merchant: String(MERCHANT),
        client_id: String(MERCHANT), api_key_file: 'przelewy24.key', secret_files: ['przelewy24.crc'], ca_file: this.certificate },
      files: { 'przelewy24.key': API_KEY, 'przelewy24.crc': CRC },
    };
  }

  orderOf(reference) { return this.orders.get(reference); }

  isTaken(status) { return status === 200; }

  async stop() {
    for (const timer of this.#timers) clearTimeout(timer);
    await super.stop();
  }

  answer({ method, path, headers, text }) {
    const open = /^\/trnRequest\/([\w-]+)$/.exec(path);
    if (open) return this.#open(this.byToken.get(open[1]));
    if (headers.authorization !== `Basic ${Buffer.from(`${MERCHANT}:${API_KEY}`).toString('base64')}`) return bad('Incorrect authentication', 401);
    if (method === 'GET') return this.#ask(path);
    let asked;
    try {
      asked = JSON.parse(text);
    } catch {
      return bad();
    }
    if (headers['content-type'] !== 'application/json') return bad();
    if (method === 'POST' && path === '/api/v1/transaction/register') return this.#register(asked);
    if (method === 'POST' && path === '/api/v1/paymentMethod/blik/chargeByCode') return this.#charge(asked);
    if (method === 'PUT' && path === '/api/v1/transaction/verify') return this.#confirm(asked);
    if (method === 'POST' && path === '/api/v1/transaction/refund') return this.#refund(asked);
    return bad('Not found', 404);
  }

  #ask(path) {
    if (path === '/api/v1/testAccess') return good(true);
    const session = /^\/api\/v1\/transaction\/by\/sessionId\/([^/]+)$/.exec(path);
    const refunds = /^\/api\/v1\/refund\/by\/orderId\/(\d+)$/.exec(path);
    if (session) {
      const order = this.orders.get(decodeURIComponent(session[1]));
      return order === undefined ? notFound() : good({ statement: 'p24-B12-C34-D56', orderId: order.orderId ?? 0, sessionId: order.reference,
        status: { registered: 0, advance: 1, paid: 2, returned: 3 }[order.state], amount: order.paidMinor || order.amountMinor, currency: order.currency,
        date: '202601010000', dateOfTransaction: '202601010001', clientEmail: order.asked.email, accountMD5: '', paymentMethod: 154,
        description: order.title, clientName: '', clientAddress: '', clientCity: '', clientPostcode: '', batchId: 0, fee: '0' });
    }
    const order = refunds && [...this.orders.values()].find(({ orderId }) => orderId === Number(refunds[1]));
    if (!order || order.refunds.length === 0) return notFound();
    return good({ orderId: order.orderId, sessionId: order.reference, amount: order.paidMinor, currency: order.currency,
      refunds: order.refunds.map(({ requestId, amount, status }) => ({ batchId: 1, requestId, date: '', login: '', description: '', status, amount })) });
  }

  #open(order) {
    if (order === undefined) return { status: 404, body: '' };
    order.opened = true;
    return { status: 200, body: 'Przelewy24' };
  }

  #register(asked) {
    if (!isRegistration(asked)) return bad();
    if (this.orders.has(asked.sessionId)) return bad('Session ID is not unique');
    const token = randomUUID().toUpperCase();
    const order = { reference: asked.sessionId, id: token, orderId: undefined, title: asked.description, asked, amountMinor: asked.amount,
      currency: asked.currency, callbackUrl: asked.urlStatus, returnUrl: asked.urlReturn, blik: undefined, state: 'registered', paidMinor: 0,
      refunds: [], opened: false };
    this.orders.set(order.reference, order);
    this.byToken.set(token, order);
    return good({ token });
  }

  #charge({ token, blikCode }) {
    const order = this.byToken.get(token), psu = order?.asked.additional?.PSU;
    if (order === undefined || psu === undefined || !isText(psu.IP, 45) || !isText(psu.userAgent, 255) || !/^777\d{3}$/.test(blikCode) ||
        order.blik !== undefined)
      return bad();
    order.blik = blikCode;
    order.orderId = this.nextOrderId++;
    return good({ orderId: order.orderId, message: 'success' }, 201);
  }

  #confirm(asked) {
    const order = this.orders.get(asked.sessionId);
    const isRight = order !== undefined && asked.merchantId === MERCHANT && asked.posId === MERCHANT && asked.orderId === order.orderId &&
      asked.amount === order.amountMinor && asked.amount === order.paidMinor && asked.currency === order.currency && order.state === 'advance' &&
      asked.sign === signOf(pick(asked, 'sessionId', 'orderId', 'amount', 'currency'));
    this.confirmations.push({ sessionId: asked.sessionId, amount: asked.amount, isRight });
    if (!isRight) return bad();
    order.state = 'paid';
    return good({ status: 'success' });
  }

  #refund(asked) {
    const [one] = asked.refunds ?? [];
    const order = [...this.orders.values()].find(({ orderId }) => orderId !== undefined && orderId === one?.orderId);
    if (!isText(asked.requestId, 45) || !isText(asked.refundsUuid, 35) || asked.refunds?.length !== 1 || order?.reference !== one.sessionId ||
        !isAmount(one.amount) || (one.description !== undefined && one.description.length > 35))
      return bad('Invalid input parameters');
    if (order.refunds.some(({ requestId }) => requestId === asked.requestId)) return bad('Request already exists');
    const left = order.paidMinor - order.refunds.filter(({ status }) => status !== 4).reduce((sum, { amount }) => sum + amount, 0);
    if (order.state !== 'paid' || one.amount > left) return { status: 409, body: { error: [{ ...one, status: false, message: 'amount exceeded' }], code: 409 } };
    const refund = { requestId: asked.requestId, refundsUuid: asked.refundsUuid, amount: one.amount, status: 2 };
    order.refunds.push(refund);
    setImmediate(() => this.settleRefund(order, refund, !this.refusesRefunds));
    return good([{ ...one, status: true, message: 'success' }], 201);
  }

  settleRefund(order, refund, isDone) {
    refund.status = isDone ? 1 : 4;
    this.tell(order, refundNotice(order, refund, isDone ? 0 : 1));
  }

  notice(order, event) {
    return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
  }

  // Only good payments are told, and told again until they are confirmed.
  decide(order, what, { amountMinor = order.amountMinor } = {}) {
    if (what !== 'paid') return;
    Object.assign(order, { state: 'advance', paidMinor: amountMinor, orderId: order.orderId ?? this.nextOrderId++ });
    const notice = paymentNotice(order, { amount: amountMinor });
    const repeat = (times) => {
      if (order.state !== 'advance' || times === 0 || this.isStopped) return;
      this.tell(order, notice);
      const timer = setTimeout(() => { this.#timers.delete(timer); repeat(times - 1); }, this.repeatMs);
      this.#timers.add(timer);
    };
    repeat(8);
  }

  // An advance is the customer's.
  heldMinor(order) {
    const back = order.refunds.filter(({ status }) => status === 1).reduce((sum, { amount }) => sum + amount, 0);
    return order.state === 'paid' ? order.paidMinor - back : 0;
  }

  refundAtProvider(order, amountMinor) {
    const id = randomUUID().slice(0, 18);
    const refund = { requestId: `panel-${id}`, refundsUuid: id, amount: amountMinor, status: 1 };
    order.refunds.push(refund);
    this.tell(order, refundNotice(order, refund, 0));
  }
}
