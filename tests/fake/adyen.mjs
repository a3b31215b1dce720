// Adyen's Checkout API 72 as its description has it: payment links, refunds, signed webhooks. Refuses
// what Adyen refuses. Webhooks go to the address of the Customer Area: /callbacks/adyen beside the
// address that customers are sent back to, or `endpoint`.
import { createHmac, randomBytes } from 'node:crypto';

import { PaymentFake } from './payment_fake.mjs';

const MERCHANT = 'ExampleMerchantPL', API_KEY = 'AQEyhmfxKonIYxZGw0m/n3Q5qf3VaY9UCJ14-fake';
export const HMAC_KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';

const pspReference = () => randomBytes(10).toString('hex').toUpperCase().slice(0, 16);

export const signatureOf = (item, key = HMAC_KEY) => createHmac('sha256', Buffer.from(key, 'hex')).update([item.pspReference,
  item.originalReference ?? '', item.merchantAccountCode, item.merchantReference, item.amount?.value ?? '', item.amount?.currency ?? '',
  item.eventCode, item.success].join(':')).digest('base64');

export const signed = (item, key) => ({ ...item, additionalData: { ...item.additionalData, hmacSignature: signatureOf(item, key) } });
export const messageOf = (items, live = 'false') =>
  JSON.stringify({ live, notificationItems: items.map((NotificationRequestItem) => ({ NotificationRequestItem })) });

const error = (status, errorCode, message, errorType = 'validation') =>
  ({ status, body: { status, errorCode, message, errorType, pspReference: pspReference() } });

const isAmount = (amount) => Number.isSafeInteger(amount?.value) && amount.value > 0 && /^[A-Z]{3}$/.test(amount.currency ?? '');

// What is wrong with a link that is asked for; undefined when nothing is.
function mistakeOf(asked) {
  if (!isAmount(asked.amount)) return error(422, '100', "Required field 'amount' is not provided or wrong.");
  if (typeof asked.reference !== 'string' || asked.reference === '' || asked.reference.length > 80)
    return error(422, '130', "Required field 'reference' is not provided.");
  if (asked.returnUrl !== undefined && (!/^https:\/\//.test(asked.returnUrl) || asked.returnUrl.length > 8000))
    return error(422, '100', "Invalid 'returnUrl'.");
  if (asked.description !== undefined && asked.description.length > 280) return error(422, '100', "Invalid 'description'.");
  const end = asked.expiresAt === undefined ? Date.now() + 86400e3 : Date.parse(asked.expiresAt);
  if (!(end > Date.now()) || end > Date.now() + 70 * 86400e3) return error(422, '100', "Invalid 'expiresAt'.");
  return undefined;
}

export class AdyenFake extends PaymentFake {
  name = 'adyen';
  byId = new Map();      // links
  byPayment = new Map(); // pspReference -> order
  answers = new Map();   // by Idempotency-Key
  refusesRefunds = false;  // refunds that were taken come to nothing
  namesRefunds = true;     // webhooks of a refund have its own reference, and not that of its payment

  settings() {
    return {
      entry: { provider: 'adyen', environment: 'test', api_url: `${this.url}/v72`, start_origin: this.url, merchant: MERCHANT,
        api_key_file: 'adyen.key', secret_files: ['adyen.hmac'], ca_file: this.certificate },
      files: { 'adyen.key': API_KEY, 'adyen.hmac': HMAC_KEY },
    };
  }

  orderOf(reference) { return this.orders.get(reference); }
  isTaken(status) { return status >= 200 && status < 300; }

  answer(request) {
    const { method, path, headers } = request;
    if (method === 'GET' && /^\/PL[0-9A-F]+$/.test(path)) return this.#open(path.slice(1));
    if (headers['x-api-key'] !== API_KEY) return error(401, '000', 'HTTP Status Response - Unauthorized', 'security');
    if (method === 'GET') {
      const link = this.byId.get(decodeURIComponent(/^\/v72\/paymentLinks\/([^/]+)$/.exec(path)?.[1] ?? ''));
      return link === undefined ? error(404, '702', 'No such link') : { status: 200, body: this.#shown(link) };
    }
    if (headers['content-type'] !== 'application/json') return error(415, '0', 'Unsupported Media Type');
    let asked;
    try {
      asked = JSON.parse(request.text);
    } catch {
      return error(400, '702', 'Unexpected input');
    }
    if (asked.merchantAccount !== MERCHANT) return error(403, '901', 'Invalid Merchant Account', 'security');
    if (path === '/v72/paymentMethods') return { status: 200, body: { paymentMethods: [{ name: 'BLIK', type: 'blik' }] } };
    const key = headers['idempotency-key'];
    if (key !== undefined && key.length > 64) return error(422, '703', 'Idempotency-Key too long');
    if (this.answers.has(key)) return this.answers.get(key);
    const [, payment] = /^\/v72\/payments\/([^/]+)\/refunds$/.exec(path) ?? [];
    const answer = path === '/v72/paymentLinks' ? this.#create(asked)
      : payment !== undefined ? this.#refund(decodeURIComponent(payment), asked) : error(404, '0', 'Not Found');
    if (key !== undefined && answer.status === 201) this.answers.set(key, answer);
    return answer;
  }

  #create(asked) {
    const mistake = mistakeOf(asked);
    if (mistake !== undefined) return mistake;
    const id = `PL${randomBytes(8).toString('hex').toUpperCase()}`;
    const order = {
      reference: asked.reference, id, amountMinor: asked.amount.value, currency: asked.amount.currency, asked, title: asked.description,
      callbackUrl: this.endpoint ?? new URL('/callbacks/adyen', asked.returnUrl).href, returnUrl: asked.returnUrl,
      state: 'active', paidMinor: 0, refundedMinor: 0, refunds: [], opened: false,
    };
    this.orders.set(order.reference, order);
    this.byId.set(id, order);
    return { status: 201, body: this.#shown(order) };
  }

  #shown({ id, asked, state }) { return { ...asked, id, reusable: false, status: state, url: `${this.url}/${id}` }; }

  #open(id) {
    const order = this.byId.get(id);
    if (order === undefined) return { status: 404, body: '' };
    order.opened = true;
    return { status: 200, body: 'Adyen' };
  }

  #refund(payment, asked) {
    const order = this.byPayment.get(payment);
    if (order === undefined) return error(422, '167', 'Original pspReference required for this operation');
    if (!isAmount(asked.amount) || asked.amount.currency !== order.currency || asked.amount.value > order.paidMinor - order.refundedMinor)
      return error(422, '137', 'Invalid amount specified');
    const refund = this.#addRefund(order, asked.amount.value, this.namesRefunds ? asked.reference : undefined);
    return { status: 201, body: { ...asked, paymentPspReference: payment, pspReference: refund, status: 'received' } };
  }

  #addRefund(order, amountMinor, reference) {
    const refund = pspReference(), isRefused = this.refusesRefunds;
    order.refunds.push({ id: refund, amountMinor, reference });
    if (!isRefused) order.refundedMinor += amountMinor;
    this.tellEvent(order, 'REFUND', { pspReference: refund, value: amountMinor, reference, ...(isRefused && { success: 'false', reason: 'Insufficient balance' }) });
    return refund;
  }

  // One that was given back has come back. `id` where the webhook has one of its own.
  failRefund(order, refund, id = refund.id) {
    order.refundedMinor -= refund.amountMinor;
    this.tellEvent(order, 'REFUND_FAILED', { pspReference: id, value: refund.amountMinor, reference: refund.reference });
  }

  // The only item of a webhook about an order, signed.
  itemOf(order, eventCode, { pspReference: id = order.payment, value = order.amountMinor, success = 'true', reason = '',
    reference = order.reference } = {}) {
    return signed({ additionalData: { paymentLinkId: order.id }, amount: { currency: order.currency, value }, eventCode,
      eventDate: new Date().toISOString(), merchantAccountCode: MERCHANT, merchantReference: reference,
      ...(id !== order.payment && { originalReference: order.payment }), paymentMethod: 'blik', pspReference: id, reason, success });
  }

  headersOf() { return { 'content-type': 'application/json; charset=utf-8' }; }
  notice(order, item) { return { headers: this.headersOf(), body: messageOf([item]) }; }
  tellEvent(order, eventCode, more) { this.tell(order, this.itemOf(order, eventCode, more)); }

  // A failed attempt leaves the link open for another one, with another pspReference.
  decide(order, what, { amountMinor = order.amountMinor } = {}) {
    if (what === 'pending') {
      order.state = 'paymentPending';
      return;
    }
    const id = pspReference(), isPaid = what === 'paid';
    if (isPaid) Object.assign(order, { state: 'completed', payment: id, paidMinor: amountMinor });
    this.byPayment.set(id, order);
    this.tell(order, this.itemOf({ ...order, payment: id }, 'AUTHORISATION',
      { value: amountMinor, ...(!isPaid && { success: 'false', reason: 'Not enough balance' }) }));
  }

  heldMinor(order) { return order.paidMinor - order.refundedMinor; }

  refundAtProvider(order, amountMinor) { this.#addRefund(order, amountMinor); }

  // All events of a dispute share one pspReference.
  dispute(order, amountMinor = order.paidMinor) {
    order.dispute = pspReference();
    this.disputeEvent(order, 'NOTIFICATION_OF_CHARGEBACK', amountMinor);
    this.disputeEvent(order, 'CHARGEBACK', amountMinor);
  }

  disputeEvent(order, eventCode, value = order.paidMinor) {
    this.tellEvent(order, eventCode, { pspReference: order.dispute, value });
  }
}
