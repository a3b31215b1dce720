// PayU's REST API 2.1 as its description has it: sign-in, orders by redirect and by BLIK code, refunds,
// signed notifications. Refuses what PayU refuses.
import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { PaymentFake } from './payment_fake.mjs';

// The published sandbox.
const POS = '300746', CLIENT_SECRET = '2ee86a66e5d97e3fadc400c9f19b065d', SECOND_KEY = 'b6ca15b0d1020e8094d9b5f8d163db54';

const NODE_NAMES = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

export function signatureOf(body, key = SECOND_KEY, algorithm = 'MD5') {
  return createHash(NODE_NAMES[algorithm]).update(body).update(key).digest('hex');
}

export function headersOf(body, key = SECOND_KEY, algorithm = 'MD5') {
  const signature = `sender=checkout;signature=${signatureOf(body, key, algorithm)};algorithm=${algorithm};content=DOCUMENT`;
  return { 'content-type': 'application/json;charset=UTF-8', 'OpenPayu-Signature': signature,
    'X-OpenPayU-Signature': signature, authorization: 'Basic MzAwNzQ2OnNlY3JldA==' };
}

// What the sandbox does with these codes; 777xxx waits for the customer.
const BLIK_CODES = { 500500: 'AUT_ERROR_NO_AUTHORIZATION', 700701: 'REG_ERROR_AUTH_CODE_EXPIRED',
  700702: 'REG_ERROR_AUTH_CODE_CANCELLED', 700703: 'REG_ERROR_AUTH_CODE_USED' };

const said = (status, statusCode, more = {}, beside = {}) =>
  ({ status, body: { status: { statusCode, ...more }, ...beside } });
const invalid = (what) => said(400, 'ERROR_VALUE_INVALID', { severity: 'ERROR', code: '8000', codeLiteral: what });
const missing = (what) => said(400, 'ERROR_VALUE_MISSING', { severity: 'ERROR', code: '8300', codeLiteral: what });
const notFound = () => said(404, 'DATA_NOT_FOUND', { severity: 'INFO', statusDesc: 'Could not find data for given criteria.' });

const digits = (value, from = 1) => typeof value === 'string' && /^(0|[1-9]\d{0,15})$/.test(value) && Number(value) >= from;
const isIp = (text) => (/^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text !== '0.0.0.0') || /^([0-9a-f]{4}:){7}[0-9a-f]{4}$/i.test(text);

// The first thing that is wrong with an order; undefined when nothing is.
function mistakeOf(order) {
  for (const name of ['customerIp', 'merchantPosId', 'description', 'currencyCode', 'totalAmount', 'products'])
    if (order[name] === undefined) return missing(name);
  for (const name of ['customerIp', 'merchantPosId', 'description', 'currencyCode', 'totalAmount', 'extOrderId', 'notifyUrl',
    'continueUrl', 'validityTime'])
    if (order[name] !== undefined && typeof order[name] !== 'string') return invalid(name);
  const lengths = { description: 4000, extOrderId: 1024, notifyUrl: 1024, continueUrl: 1024 };
  for (const [name, max] of Object.entries(lengths))
    if (order[name] !== undefined && (order[name].length === 0 || order[name].length > max)) return invalid(name);
  if (!isIp(order.customerIp)) return invalid('customerIp');
  if (!/^[A-Z]{3}$/.test(order.currencyCode)) return invalid('currencyCode');
  if (!digits(order.totalAmount)) return invalid('INVALID_TOTAL_AMOUNT');
  if (order.validityTime !== undefined && !digits(order.validityTime)) return invalid('validityTime');
  if (!Array.isArray(order.products) || order.products.length === 0) return missing('products');
  for (const { name, unitPrice, quantity } of order.products)
    if (typeof name !== 'string' || name === '' || name.length > 255 || !digits(unitPrice, 0) || !digits(quantity)) return invalid('products');
  if (order.buyer !== undefined && !/^[^@\s]+@[^@\s]+$/.test(order.buyer.email)) return invalid('buyer.email');
  return undefined;
}

export class PayuFake extends PaymentFake {
  name = 'payu';
  pos = POS;
  byId = new Map();
  tokens = new Set();
  signIns = 0;
  refusesCodesAtOnce = false; // else the order is taken, and cancelled: nobody knows which PayU does
  holdsRefunds = false;       // until settleRefund()
  tellsRefundAmounts = true;

  settings() {
    return {
      entry: { provider: 'payu', environment: 'test', api_url: this.url, start_origin: this.url, merchant: POS,
        client_id: POS, api_key_file: 'payu.secret', secret_files: ['payu.second'], ca_file: this.certificate },
      files: { 'payu.secret': CLIENT_SECRET, 'payu.second': SECOND_KEY },
    };
  }

  orderOf(reference) { return this.orders.get(reference); }

  changes(request) { return request.method !== 'GET' && !request.path.endsWith('/authorize'); }

  isTaken(status) { return status === 200; }

  answer(request) {
    const { method, path } = request;
    if (path === '/pl/standard/user/oauth/authorize') return this.#signIn(request);
    if (path === '/pay/') return this.#open(request);
    if (!this.tokens.has(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]))
      return said(401, 'UNAUTHORIZED', { code: '8021' });
    if (request.headers['content-type'] !== 'application/json') return said(415, 'ERROR_SYNTAX');
    if (method === 'GET' && path === '/api/v2_1/paymethods') return said(200, 'SUCCESS', {}, { payByLinks: [] });
    const [, id, list, refundId] = /^\/api\/v2_1\/orders(?:\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?)?$/.exec(path) ?? [];
    if (id === undefined) return method === 'POST' && path === '/api/v2_1/orders' ? this.#create(request) : notFound();
    const order = this.byId.get(decodeURIComponent(id));
    if (order === undefined) return notFound();
    if (method === 'POST') return list === 'refunds' ? this.#refund(order, request) : notFound();
    if (list === undefined) return said(200, 'SUCCESS', { statusDesc: 'Request processing successful' }, { orders: [this.#shown(order)] });
    if (list === 'transactions') return { status: 200, body: { transactions: order.transactions } };
    if (list !== 'refunds') return notFound();
    if (refundId === undefined) return { status: 200, body: order.refunds };
    return order.refunds.find((refund) => refund.refundId === refundId) ? { status: 200,
      body: order.refunds.find((refund) => refund.refundId === refundId) } : notFound();
  }

  #signIn({ method, headers, text }) {
    const form = new URLSearchParams(text);
    if (method !== 'POST' || headers['content-type'] !== 'application/x-www-form-urlencoded' ||
        form.get('grant_type') !== 'client_credentials' || form.get('client_id') !== POS || form.get('client_secret') !== CLIENT_SECRET)
      return { status: 401, body: { error: 'invalid_client', error_description: 'Bad client credentials' } };
    ++this.signIns;
    const token = randomUUID();
    this.tokens.add(token);
    return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: 43199, grant_type: 'client_credentials' } };
  }

  #create({ text }) {
    let asked;
    try {
      asked = JSON.parse(text);
    } catch {
      return said(400, 'ERROR_SYNTAX');
    }
    const mistake = mistakeOf(asked);
    if (mistake !== undefined) return mistake;
    if (asked.merchantPosId !== this.pos) return said(403, 'ERROR_VALUE_INVALID', { codeLiteral: 'INVALID_AUTH_FOR_THIS_ORDER' });
    const before = this.orders.get(asked.extOrderId);
    if (before !== undefined)
      return said(400, 'ERROR_ORDER_NOT_UNIQUE', { code: '110', codeLiteral: 'ORDER_NOT_UNIQUE',
        statusDesc: 'Order with given extOrderId already exists' }, { orderId: before.id, extOrderId: before.reference });
    const method = asked.payMethods?.payMethod;
    const code = method?.type === 'BLIK_AUTHORIZATION_CODE' ? method.value : undefined;
    if (method !== undefined && code === undefined) return invalid('payMethods');
    if (code !== undefined && !/^\d{6}$/.test(code))
      return said(400, 'ERROR_VALUE_INVALID', { statusDesc: 'INVALID_BLIK_CODE' });
    const isGood = code === undefined || /^777\d{3}$/.test(code) || code === '200201';
    const result = isGood ? undefined : BLIK_CODES[code] ?? 'REG_ERROR_AUTH_CODE_INVALID';
    if (!isGood && this.refusesCodesAtOnce) return said(400, 'BUSINESS_ERROR', { codeLiteral: result });
    const order = this.#keep(asked, code);
    if (!isGood) {
      order.transactions = [{ payMethod: { value: 'blik' }, paymentFlow: 'BLIK_AUTHORIZATION_CODE', resultCode: result }];
      this.decide(order, 'failed');
    }
    const beside = { orderId: order.id, extOrderId: order.reference };
    if (code !== undefined) return said(201, 'SUCCESS', {}, beside);
    const redirectUri = `${this.url}/pay/?orderId=${order.id}&token=${randomBytes(16).toString('base64url')}`;
    return { ...said(302, 'SUCCESS', {}, { redirectUri, ...beside }), headers: { location: redirectUri } };
  }

  #keep(asked, blik) {
    const order = {
      reference: asked.extOrderId, id: `${randomBytes(8).toString('hex').toUpperCase()}GUEST000P01`, title: asked.description, asked,
      amountMinor: Number(asked.totalAmount), currency: asked.currencyCode, callbackUrl: asked.notifyUrl,
      returnUrl: asked.continueUrl, blik, state: 'NEW', paidMinor: 0, refunds: [], transactions: [], opened: false,
    };
    this.orders.set(order.reference, order);
    this.byId.set(order.id, order);
    return order;
  }

  #open({ query }) {
    const order = this.byId.get(query.get('orderId'));
    if (order === undefined) return { status: 404, body: '' };
    order.opened = true;
    return { status: 200, body: 'PayU' };
  }

  #refund(order, { text }) {
    const asked = JSON.parse(text).refund;
    if (typeof asked?.description !== 'string' || asked.description === '') return missing('description');
    const before = order.refunds.find((refund) => refund.extRefundId !== undefined && refund.extRefundId === asked.extRefundId);
    if (before !== undefined && before.amount === asked.amount) return said(200, 'SUCCESS', {}, { orderId: order.id, refund: before });
    const left = order.paidMinor - order.refunds.filter(({ status }) => status !== 'CANCELED').reduce((sum, { amount }) => sum + Number(amount), 0);
    if (before !== undefined || order.state !== 'COMPLETED' || (asked.amount !== undefined && !digits(asked.amount)) ||
        Number(asked.amount ?? left) > left || left === 0)
      return invalid('INVALID_REFUND_AMOUNT');
    const refund = this.#addRefund(order, Number(asked.amount ?? left), 'PENDING', asked.extRefundId);
    if (!this.holdsRefunds) setImmediate(() => this.settleRefund(order, refund, 'FINALIZED'));
    return said(200, 'SUCCESS', { statusDesc: 'Refund queued for processing' }, { orderId: order.id, refund: { ...refund } });
  }

  #addRefund(order, amountMinor, status, extRefundId) {
    const refund = { refundId: String(5000000000 + Math.floor(Math.random() * 1e9)), extRefundId, amount: String(amountMinor),
      currencyCode: order.currency, description: 'refund', creationDateTime: new Date().toISOString(), status };
    order.refunds.push(refund);
    return refund;
  }

  // FINALIZED or CANCELED, and told.
  settleRefund(order, refund, status) {
    refund.status = status;
    this.tell(order, { refund });
  }

  #shown(order) {
    const { asked } = order;
    return { orderId: order.id, extOrderId: order.reference, orderCreateDate: '2026-01-01T00:00:00.000+01:00',
      notifyUrl: asked.notifyUrl, customerIp: asked.customerIp, merchantPosId: asked.merchantPosId, description: asked.description,
      currencyCode: asked.currencyCode, totalAmount: String(order.state === 'COMPLETED' ? order.paidMinor : order.amountMinor),
      ...(asked.buyer && { buyer: asked.buyer }), products: asked.products, status: order.state };
  }

  notice(order, event) {
    const { refundId, amount, currencyCode, status } = event.refund ?? {};
    const body = JSON.stringify(event.refund ? {
      orderId: order.id, extOrderId: order.reference, refund: { refundId, ...(this.tellsRefundAmounts && { amount, currencyCode }),
        status, reason: 'refund', refundDate: new Date().toISOString() },
    } : {
      order: event.order, ...(event.order.status === 'COMPLETED' && { localReceiptDateTime: new Date().toISOString() }),
      properties: [{ name: 'PAYMENT_ID', value: '151471228' }],
    });
    return { headers: headersOf(body), body };
  }

  decide(order, what, { amountMinor = order.amountMinor } = {}) {
    order.state = { paid: 'COMPLETED', failed: 'CANCELED', pending: 'PENDING' }[what];
    if (what === 'paid') order.paidMinor = amountMinor;
    this.tell(order, { order: this.#shown(order) });
  }

  heldMinor(order) {
    const back = order.refunds.filter(({ status }) => status === 'FINALIZED').reduce((sum, { amount }) => sum + Number(amount), 0);
    return order.state === 'COMPLETED' ? order.paidMinor - back : 0;
  }

  refundAtProvider(order, amountMinor) {
    this.tell(order, { refund: this.#addRefund(order, amountMinor, 'FINALIZED') });
  }
}
