// Writes the lines that callbacks.lua sends: a provider's own genuine message, "paid", for each payment
// reference on standard input. Usage: sign_callbacks.mjs FORMAT SECRET AMOUNT_MINOR PREFIX
// <references >lines. A line is its headers, "name: value", and the body behind them, with tabs between.
// SECRET of tpay is JSON: { code, key, x5u }, the key as PEM.
import { createHmac, createPrivateKey } from 'node:crypto';
import { createInterface } from 'node:readline';
import { messageOf, signed } from '../fake/adyen.mjs';
import { headersOf } from '../fake/payu.mjs';
import { paymentNotice } from '../fake/przelewy24.mjs';
import { signV1a } from '../fake/standard.mjs';
import { apiVersion, signatureHeader } from '../fake/stripe.mjs';
import { formOf, joseOf, jwsOf, md5sumOf } from '../fake/tpay.mjs';
import { merchants } from './merchants.mjs';

const [format, secret, amount, prefix] = process.argv.slice(2);
const amountMinor = Number(amount), time = Math.floor(Date.now() / 1000), date = new Date(time * 1000).toISOString();
const json = { 'Content-Type': 'application/json' };

function standardBody(n, reference) {
    return JSON.stringify({ type: 'payment.paid', timestamp: date,
        data: { id: `sb_${prefix}_${n}`, reference, movement: `mv_${prefix}_${n}`, amount_minor: amountMinor, currency: 'PLN' } });
}

function standardHeaders(id, signature) {
    return { ...json, 'webhook-id': id, 'webhook-timestamp': String(time), 'webhook-signature': signature };
}

function signedV1(n, reference) {
    const id = `${prefix}_${n}`, body = standardBody(n, reference);
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const mac = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
    return { headers: standardHeaders(id, `v1,${mac}`), body };
}

// The secret is the private key, PKCS#8 in base64.
const privateKey = format === 'standard_v1a'
    ? createPrivateKey({ key: Buffer.from(secret, 'base64'), format: 'der', type: 'pkcs8' }) : null;

function signedV1a(n, reference) {
    const id = `${prefix}_${n}`, body = standardBody(n, reference);
    return { headers: standardHeaders(id, signV1a(privateKey, id, time, body)), body };
}

// A Checkout Session with the members that Stripe sends.
function stripe(n, reference) {
    const none = Object.fromEntries(['after_expiration', 'allow_promotion_codes', 'client_secret', 'collected_information', 'consent',
        'consent_collection', 'currency_conversion', 'customer', 'customer_creation', 'customer_email', 'discounts', 'invoice',
        'locale', 'payment_link', 'payment_method_configuration_details', 'recovered_from', 'saved_payment_method_options',
        'setup_intent', 'shipping_address_collection', 'shipping_cost', 'shipping_details', 'submit_type', 'subscription', 'ui_mode',
        'url', 'wallet_options'].map((name) => [name, null]));
    const session = { id: `cs_test_${'a1B2c3D4'.repeat(6)}${n}`, object: 'checkout.session', ...none, adaptive_pricing: { enabled: false },
        amount_subtotal: amountMinor, amount_total: amountMinor, automatic_tax: { enabled: false, liability: null, provider: null, status: null },
        billing_address_collection: null, cancel_url: 'https://pay.example.com/back/WMTAMNXfap9Hg19i0r', client_reference_id: reference,
        created: time - 60, currency: 'pln', custom_fields: [], custom_text: { after_submit: null, shipping_address: null, submit: null,
            terms_of_service_acceptance: null }, customer_details: { address: { city: null, country: 'PL', line1: null, line2: null,
            postal_code: null, state: null }, business_name: null, email: 'jan@example.com', individual_name: null, name: 'Jan Nowak',
        phone: null, tax_exempt: 'none', tax_ids: [] }, expires_at: time + 1740,
        invoice_creation: { enabled: false, invoice_data: { account_tax_ids: null, custom_fields: null, description: null, footer: null,
            issuer: null, metadata: {}, rendering_options: null } }, livemode: false, metadata: { reference }, mode: 'payment',
        payment_intent: `sb_${prefix}_${n}`, payment_method_collection: 'if_required', payment_method_options: {},
        payment_method_types: ['card', 'blik', 'p24'], payment_status: 'paid', permissions: null, phone_number_collection: { enabled: false },
        status: 'complete', success_url: 'https://pay.example.com/back/WMTAMNXfap9Hg19i0r',
        total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 } };
    const body = JSON.stringify({ id: `evt_${prefix}_${n}`, object: 'event', api_version: apiVersion, created: time, livemode: false,
        pending_webhooks: 1, request: { id: null, idempotency_key: null }, type: 'checkout.session.completed', data: { object: session } });
    return { headers: { 'Content-Type': 'application/json; charset=utf-8', 'Stripe-Signature': signatureHeader([secret], body, time) }, body };
}

function payu(n, reference) {
    const body = JSON.stringify({ order: { orderId: `sb_${prefix}_${n}`, extOrderId: reference, orderCreateDate: date,
        notifyUrl: 'https://pay.example.com/callbacks/payu', customerIp: '127.0.0.1', merchantPosId: '300746', description: 'FV/2026/11/42',
        currencyCode: 'PLN', totalAmount: amount, buyer: { customerId: 'guest', email: 'jan@example.com', firstName: 'Jan', lastName: 'Nowak',
            language: 'pl' }, payMethod: { type: 'PBL' }, products: [{ name: 'FV/2026/11/42', unitPrice: amount, quantity: '1' }],
        status: 'COMPLETED' }, localReceiptDateTime: date, properties: [{ name: 'PAYMENT_ID', value: '151471228' }] });
    return { headers: headersOf(body, secret), body };
}

// Its order ids are numbers, and must be others in each run.
const firstOrder = Date.now() * 1000;
function przelewy24(n, reference) {
    return { headers: json, body: JSON.stringify(paymentNotice({ reference, amountMinor, currency: 'PLN', orderId: firstOrder + n }, {}, secret)) };
}

function adyen(n, reference) {
    const item = { additionalData: { paymentLinkId: 'PL0123456789ABCDEF', cardSummary: '1111', expiryDate: '03/2030' },
        amount: { currency: 'PLN', value: amountMinor }, eventCode: 'AUTHORISATION', eventDate: date,
        merchantAccountCode: merchants.adyen, merchantReference: reference, operations: ['CANCEL', 'CAPTURE', 'REFUND'],
        paymentMethod: 'visa', pspReference: `sb_${prefix}_${n}`, reason: '033899:1111:03/2030', success: 'true' };
    return { headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: messageOf([signed(item, secret)]) };
}

// The fields that every one has, in the order of Tpay's example.
function makeTpay() {
    const { code, key, x5u } = JSON.parse(secret), rsa = createPrivateKey(key), jose = joseOf(x5u);
    const decimal = (amountMinor / 100).toFixed(2);
    return (n, reference) => {
        const fields = { id: merchants.tpay, tr_id: `sb_${prefix}_${n}`, tr_date: '2026-01-01 10:00:00', tr_crc: reference,
            tr_amount: decimal, tr_paid: decimal, tr_desc: 'FV/2026/11/42', tr_status: 'TRUE', tr_error: 'none', tr_email: 'jan@example.com' };
        const body = formOf({ ...fields, md5sum: md5sumOf(fields, code), test_mode: 1 });
        return { headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-JWS-Signature': jwsOf(body, jose, rsa) }, body };
    };
}

const sign = { sandbox: signedV1, standard: signedV1, standard_v1a: signedV1a, stripe, payu, przelewy24, adyen,
    tpay: format === 'tpay' && makeTpay() }[format];
let lines = [], n = 0;
for await (const reference of createInterface({ input: process.stdin })) {
    const { headers, body } = sign(++n, reference);
    lines.push(`${Object.entries(headers).map(([name, value]) => `${name}: ${value}\t`).join('')}${body}\n`);
    if (lines.length === 1000) {
        process.stdout.write(lines.join(''));
        lines = [];
    }
}
process.stdout.write(lines.join(''));
