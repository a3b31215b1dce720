// Callbacks as the sandbox bank sends them, signed by the Standard Webhooks library.
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { request } from './https.mjs';

// type: paid | pending | failed | refunded | charged_back | chargeback_reversed.
// data: { id, reference, movement, amount_minor, currency, reason }.
export function message(type, data, at = new Date()) {
  return JSON.stringify({ type: `payment.${type}`, timestamp: at.toISOString(), data });
}

export function sign(secret, body, { id = `msg_${randomUUID()}`, at = new Date() } = {}) {
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

// Signs and sends; the same `id` again is the same message again.
export function send(demo, body, { id, at, agent, headers = {} } = {}) {
  return request(demo.sandbox.callback, {
    method: 'POST',
    headers: { ...sign(demo.sandbox.secret, body, { id, at }), ...headers },
    body,
    ca: demo.caText,
    agent,
  });
}
