// A gateway that takes an SMS and never answers: one that knows ids is asked again and sends one SMS; of
// another nobody knows, so the reminder ends uncertain, is shown, counts as sent, and is not repeated.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { startSmsapi } from '../fake/smsapi.mjs';
import { message, send } from '../support/callbacks.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { about, makePayments } from '../support/money.mjs';
import { startOwed } from '../support/owed.mjs';

const folder = temporaryFolder(), tokenFile = path.join(folder, 'token');
writeFileSync(tokenFile, 'sms-token-1234', { mode: 0o600 });
const phone = (n) => `4850123450${n}`;

const gateways = {
  smsapi: ({ url }) => ({ gateway: 'smsapi', url: `${url}/sms.do`, sender: 'MyBank' }),
  // The same service, told to us as one without ids.
  generic: ({ url }) => ({ gateway: 'generic', url: `${url}/sms.do`, number_form: 'digits', headers: ['Authorization: Bearer {token}'],
    fields: ['to={to}', 'message={text}', 'encoding=utf-8', 'format=json'], id_path: 'list[0].id', error_path: 'error', parts_path: 'parts' }),
};

// Customers K0 … with a telephone and a debt (FV/0 …); nothing is due.
async function startUnknown(kind, settings = {}, timeout = 1000) {
  const fake = await startSmsapi();
  atEnd(() => fake.close());
  const owed = await startOwed(4, { workers: 1, ...settings,
    sms: { ...gateways[kind](fake), token_file: tokenFile, timeout_ms: timeout, failures_to_rest: 0 } });
  await owed.planned();
  await owed.execute(`update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled';
    update customer set phone = '+4850123450' || substr(reference, 2)`);
  const key = owed.gateway.makeKey('invoices');
  return Object.assign(owed, {
    fake,
    when: (n, isSo, step = 'due') => eventually(async () => {
      const row = await owed.reminder(n, step);
      return isSo(row) && row;
    }, { what: `${step} of FV/${n}` }),
    hurry: () => owed.execute(`update reminder set try_at = now() where state = 'scheduled' and try_at > now(); notify dunlin_reminder`),
    async shown(n, step = 'due') {
      const ca = readFileSync(owed.gateway.settings.private.certificate);
      const call = async (where) => (await request(`${owed.gateway.settings.private.url}/api/v1${where}`,
        { ca, headers: { authorization: `Bearer ${key}` } })).json();
      const [{ id }] = (await call(`/invoices?number=FV%2F${n}`)).items;
      return (await call(`/invoices/${id}`)).reminders.find((one) => one.step === step);
    },
    asked: (n) => fake.requests.filter(({ fields }) => fields.to === phone(n)).length,
    got: (n) => fake.sent.filter(({ to }) => to === phone(n)).length,
  });
}

test('a gateway that knows ids is asked again: one SMS', async () => {
  const sms = await startUnknown('smsapi');
  sms.fake.add({ to: phone(0), times: 2, silent: true });
  await sms.remind([0]);
  for (let asked = 1; asked <= 2; ++asked) {
    await sms.when(0, ({ state, try_at: tryAt }) => state === 'scheduled' && new Date(tryAt) > new Date());
    assert.deepEqual([sms.asked(0), sms.got(0)], [asked, 1]);
    await sms.hurry();
  }
  const { reason } = await sms.when(0, ({ state }) => state === 'sent');
  assert.equal(reason, 'sent before');
  assert.deepEqual([sms.asked(0), sms.got(0)], [3, 1]);
});

test('paid before it is asked again, it counts as sent, and stays so when it is owed again', async () => {
  const sms = await startUnknown('smsapi', { sms: { failures_to_rest: 0 } });
  const payments = await makePayments(sms, 4, 'unknown'), [{ customer_id: customer }] = await sms.query(`select customer_id from customer where reference = 'K1'`);
  const payment = payments.find((one) => one.customer_id === customer);
  sms.fake.add({ to: phone(1), times: 1, silent: true });
  await sms.execute(`update payment set changed_at = now() - interval '1 day' where form_nonce = 'unknown'`); // holds nothing
  await sms.remind([1]);
  await sms.when(1, ({ state, try_at: tryAt }) => state === 'scheduled' && tryAt !== null);
  assert.equal((await send(sms, message('paid', about(payment)))).status, 200);
  const row = await sms.when(1, ({ state }) => state !== 'scheduled');
  assert.deepEqual([row.state, row.reason], ['uncertain', 'paid']);
  assert.notEqual(row.claimed_at, null);
  await sms.when(1, (thanks) => thanks?.state === 'sent', `thanks_${payment.payment_no}`);
  await send(sms, message('charged_back', about(payment, { movement: 'mv_back' })));
  await eventually(async () => (await sms.query(`select i.due_minor > 0 and not i.needs_plan as is_planned from invoice i where number = 'FV/1'`))[0].is_planned,
    { what: 'it is owed again, and planned' });
  assert.equal((await sms.when(1, () => true)).state, 'uncertain');
  assert.deepEqual([sms.asked(1), sms.got(1)], [2, 2]); // the reminder and the thank-you, each once
});

test('of a gateway without ids nobody knows: uncertain, shown, counted, not repeated', async () => {
  const sms = await startUnknown('generic', { reminders: { budget_day: 1 } });
  sms.fake.add({ to: phone(2), times: 1, silent: true });
  await sms.remind([2]);
  const row = await sms.when(2, ({ state }) => state === 'uncertain');
  assert.equal(row.reason, 'no answer');
  const shown = await sms.shown(2);
  assert.deepEqual([shown.state, shown.reason, shown.channel], ['uncertain', 'no answer', 'sms']);
  // The day's one message may have been it.
  await sms.remind([2], 'after_2');
  const later = await sms.when(2, ({ state, try_at: tryAt }) => state === 'scheduled' && tryAt !== null, 'after_2');
  assert.equal(later.reason, 'contact budget');
  await sms.hurry();
  await sms.remind([3]);
  await sms.when(3, ({ state }) => state === 'sent');
  assert.deepEqual([sms.asked(2), sms.got(2)], [1, 1]);
});

test('SIGTERM while a gateway answers nothing: the end comes within ten seconds and says what it waited for', async () => {
  const sms = await startUnknown('generic', {}, 20000);
  sms.fake.add({ to: phone(0), silent: true });
  await sms.remind([0]);
  await eventually(() => sms.asked(0) === 1, { what: 'the gateway is asked' });
  const begun = performance.now();
  assert.equal(await sms.gateway.stop(), 0);
  assert.ok(performance.now() - begun < 10000, `${Math.round(performance.now() - begun)} ms`);
  assert.match(sms.gateway.log, /"ended with something in hand" name=work what=dispatch/);
  await sms.gateway.start();
  await sms.execute(`update reminder set claimed_at = now() - interval '1 hour' where state = 'claimed'`);
  await sms.when(0, ({ state }) => state === 'uncertain'); // nobody knows, so it is never sent again
  assert.equal(sms.got(0), 1);
});
