// Several debts of one person that are due at once are one push: on one device and on two, when one of
// them is paid meanwhile, and when the service refuses it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { message, send } from '../support/callbacks.mjs';
import { dunlin, eventually } from '../support/demo.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { apnsApp, apnsToken, fcmApp, fcmToken, startApns, startFcm, startPushGateway } from '../support/push_gateway.mjs';

const PEOPLE = 12;
const apns = await startApns({ environment: 'production' }), fcm = await startFcm();
const owed = await startPushGateway(PEOPLE, [apnsApp(apns, { text: 'full' }), fcmApp(fcm, { text: 'full' })], { reminders: { merge: true } });
const { addDevice, remind, reminder, pushes, device } = owed;

// Each person's second debt: FV/100 is of K0, whose first one is FV/0.
const second = (n) => n + 100;
const csv = path.join(owed.gateway.dir, 'second.csv'), dueDay = new Date(Date.now() + 9 * 86400e3).toISOString().slice(0, 10);
writeFileSync(csv, `customer id,name,invoice number,amount,currency,due date\n${
  Array.from({ length: PEOPLE }, (_, n) => `K${n},Jan Nowak,FV/${second(n)},40.00,PLN,${dueDay}\n`).join('')}`);
execFileSync(dunlin, ['import', csv, '--settings', path.join(owed.gateway.dir, 'dunlin.yaml')], { stdio: 'pipe' });
await owed.planned();
await owed.execute(`update customer set phone = '+4850000' || substr(reference, 2);
  update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled'`);

const taken = (n) => apns.accepted.filter(({ target }) => target === apnsToken(n));
const takenByFcm = (n) => fcm.accepted.filter(({ target }) => target === fcmToken(n));
const bodyOf = ({ payload }) => payload.aps.alert.body;
const isThanks = (body) => /Dziękujemy|wpłata dotarła/.test(body);
const both = (n) => [n, second(n)];
const rowsOf = (n, step = 'due') => Promise.all(both(n).map((debt) => reminder(debt, step)));
const ended = (n, step = 'due') => eventually(async () => {
  const rows = await rowsOf(n, step);
  return rows.every(({ state }) => !['scheduled', 'claimed'].includes(state)) && rows;
}, { what: `the end of both of K${n}`, within: 15000, every: 20 });
// Both wait again, and the push was answered; a busy machine may give it back before, too.
const waits = (n, reason) => eventually(async () => {
  const rows = await rowsOf(n), all = await pushes(n);
  return all.some((push) => push.reason === reason) && all.every(({ state }) => state !== 'claimed') && rows.every(({ state }) => state === 'scheduled') && rows;
}, { what: `both of K${n} to be given back`, every: 10 });
const again = (n) => owed.execute(`update reminder r set try_at = now() from invoice i where i.customer_id = r.customer_id
  and i.invoice_id = r.invoice_id and i.number in ('FV/${n}', 'FV/${second(n)}') and r.state = 'scheduled'; notify dunlin_reminder`);
const sandboxOf = (n) => owed.query(`select m.channel, m.body from sandbox_message m join customer k using (customer_id)
  where k.reference = 'K${n}' and m.step like 'due%' order by m.message_id`);

// One debt alone, through the bank's callback.
async function pay(debt) {
  const id = `pay_${debt}`;
  const [{ customer_id: customer, due_minor: due }] = await owed.query(`select customer_id, due_minor from invoice where number = 'FV/${debt}'`);
  await owed.execute(`update customer set payment_count = payment_count + 1 where customer_id = ${customer};
    insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor, currency, state, provider_reference,
        form_nonce, created_at, changed_at)
      select k.customer_id, k.payment_count, i.link_no, 'sandbox', 'default', 'redirect', i.due_minor, i.currency, 'started', '${id}', '${id}',
        now() - interval '9 days', now() - interval '9 days' from customer k join invoice i using (customer_id) where i.number = 'FV/${debt}';
    insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor)
      select k.customer_id, k.payment_count, i.invoice_id, i.due_minor from customer k join invoice i using (customer_id) where i.number = 'FV/${debt}';
    insert into provider_reference (provider, account, reference, customer_id, payment_no)
      select 'sandbox', 'default', '${id}', customer_id, payment_count from customer where customer_id = ${customer}`);
  const { status } = await send(owed, message('paid', { id, movement: `mv_${id}`, amount_minor: due, currency: 'PLN' }));
  assert.equal(status, 200);
}

test('two debts of a person are one push to their device, and both are sent by it', async () => {
  await addDevice(0);
  await remind(both(0));
  const rows = await ended(0);
  assert.deepEqual(rows.map(({ state, channel }) => [state, channel]), [['sent', 'push'], ['sent', 'push']]);
  assert.equal(rows[0].message_no, rows[1].message_no);
  const [push, ...more] = taken(0);
  assert.deepEqual(more, []);
  assert.equal(push.payload.aps.alert.title, 'Kilka spraw naraz');
  assert.match(push.payload.aps.alert.body, /^Czekają 2 płatności\. Dotknij, aby otworzyć\. Kod \w\w-\w\w\.$/);
  // The one that is due first leads: it has the push, and its page is what a tap opens.
  assert.deepEqual([(await pushes(0)).length, (await pushes(second(0))).length], [1, 0]);
  for (const debt of both(0)) {
    const [claim, ...others] = await owed.query(`select e.facts::json as facts from event e join invoice i using (customer_id, invoice_id)
      where i.number = 'FV/${debt}' and e.kind = 'reminder.claimed' and e.facts::json->>'step' = 'due'`);
    assert.deepEqual([claim.facts.message, claim.facts.channel, others], [rows[0].message_no, 'push', []]);
  }
});

test('on two devices it is one push each, under one number', async () => {
  await addDevice(1);
  await addDevice(1, { service: 'fcm', token: fcmToken(1) });
  await remind(both(1));
  const rows = await ended(1);
  assert.deepEqual(rows.map(({ state }) => state), ['sent', 'sent']);
  assert.equal(rows[0].message_no, rows[1].message_no);
  assert.deepEqual([taken(1).length, takenByFcm(1).length], [1, 1]);
  assert.match(takenByFcm(1)[0].message.notification.body, /^Czekają 2 płatności\. Dotknij, aby otworzyć\. Kod \w\w-\w\w\.$/);
  assert.deepEqual(await sandboxOf(1), []);
});

test('one is paid before the claim: the other goes alone, and names itself', async () => {
  await addDevice(2);
  await pay(2);
  await remind([second(2)]);
  await eventually(async () => (await reminder(second(2))).state === 'sent', { what: 'the other', every: 10 });
  assert.ok(taken(2).some((push) => bodyOf(push).includes(`FV/${second(2)}`)));
  assert.ok(taken(2).every((push) => !/Czekają/.test(bodyOf(push))));
});

test('one is paid while the push is on its way: it crosses, is counted and thanked for', async () => {
  await addDevice(3);
  apns.rules.add({ target: apnsToken(3), times: 1, delay: 1500 });
  await remind(both(3));
  await eventually(async () => (await rowsOf(3)).every(({ state }) => state === 'claimed'), { what: 'the claim', every: 10 });
  await pay(second(3));
  assert.deepEqual((await ended(3)).map(({ state }) => state), ['sent', 'sent']);
  const crossed = await owed.query(`select i.number, (e.facts::json->>'crossed_ms')::int as gap from event e join invoice i using (customer_id, invoice_id)
    where i.number in ('FV/3', 'FV/${second(3)}') and e.kind = 'reminder.sent' and e.facts::json->>'step' = 'due' order by 1`);
  assert.deepEqual(crossed.map(({ number, gap }) => [number, gap > 0]), [[`FV/${second(3)}`, true], ['FV/3', false]].sort());
  await eventually(async () => (await owed.query(`select from reminder r join invoice i using (customer_id, invoice_id)
    where i.number = 'FV/${second(3)}' and r.step like 'thanks%' and r.state = 'sent'`)).length === 1, { what: 'the thank-you', every: 20 });
  assert.equal(taken(3).filter((push) => /Czekają/.test(bodyOf(push))).length, 1);
});

// `which` of the two is paid while the push waits for its next attempt; the first one leads.
for (const [n, which] of [[4, 'the first'], [5, 'the second']]) {
  test(`${which} is paid between two attempts: the next push is about the other alone`, async () => {
    const paid = which === 'the first' ? n : second(n), left = which === 'the first' ? second(n) : n;
    await addDevice(n);
    const mend = apns.rules.add({ target: apnsToken(n), answer: { status: 500, reason: 'InternalServerError' } });
    await remind(both(n));
    await waits(n, 'InternalServerError');
    await pay(paid);
    await eventually(async () => (await reminder(paid)).state === 'cancelled', { what: 'the cancellation', every: 10 });
    mend();
    await again(n);
    await eventually(async () => (await reminder(left)).state === 'sent', { what: 'the other', every: 10 });
    const own = taken(n).filter((push) => !isThanks(bodyOf(push)));
    assert.equal(own.length, 1);
    assert.ok(bodyOf(own[0]).includes(`FV/${left}`), bodyOf(own[0]));
  });
}

test('nobody knows whether it was shown, and the first is paid: its thank-you replaces it, the other goes alone', async () => {
  await addDevice(6);
  apns.rules.add({ target: apnsToken(6), times: 1, lost: 8 });
  await remind(both(6));
  await waits(6, 'reset');
  await pay(6);
  await again(6);
  await eventually(async () => (await reminder(second(6))).state === 'sent', { what: 'the other', every: 10 });
  await eventually(() => taken(6).some((push) => isThanks(bodyOf(push))), { what: 'the thank-you', every: 10 });
  // The fake had taken the first push; a later one of the same identity takes its place on the screen.
  const screen = new Map(taken(6).map((push) => [push.collapse, bodyOf(push)])), bodies = [...screen.values()].toSorted();
  assert.equal(taken(6).length, 3);
  assert.match(bodies[0], /^FV\/106: dziś mija termin/);
  assert.match(bodies[1], /^FV\/6: wpłata dotarła/);
  assert.equal(bodies.length, 2);
  assert.equal((await pushes(6))[0].fate, 'cancelled');
});

test('one device took it, the other is to be tried again: the person is not told twice of what is left', async () => {
  await addDevice(7);
  await addDevice(7, { service: 'fcm', token: fcmToken(7) });
  const mend = apns.rules.add({ target: apnsToken(7), answer: { status: 500, reason: 'InternalServerError' } });
  await remind(both(7));
  const other = await eventually(async () => {
    const row = await reminder(second(7));
    return row.state === 'sent' && row;
  }, { what: 'what one device took was said of both', every: 10 });
  await pay(7);
  await eventually(async () => (await reminder(7)).state === 'cancelled', { what: 'the cancellation', every: 10 });
  mend();
  assert.equal(other.reason, 'accepted');
  await eventually(async () => (await owed.query(`select from reminder r join invoice i using (customer_id, invoice_id)
    where i.number = 'FV/7' and r.step like 'thanks%' and r.state = 'sent'`)).length === 1, { what: 'the thank-you', every: 20 });
  assert.deepEqual(taken(7).filter((push) => !isThanks(bodyOf(push))), []);
  assert.equal(takenByFcm(7).filter(({ message: { notification } }) => !isThanks(notification.body)).length, 1);
});

test('the app is gone: the message goes another way once, not once a debt', async () => {
  await addDevice(8);
  apns.devices.set(apnsToken(8), { reason: 'Unregistered', timestamp: Date.now() + 1000 });
  await remind(both(8));
  const rows = await ended(8), messages = await sandboxOf(8);
  assert.deepEqual(rows.map(({ state, channel }) => [state, channel]), [['sent', 'sms'], ['sent', 'sms']]);
  assert.equal(rows[0].message_no, rows[1].message_no);
  assert.equal(messages.length, 1);
  assert.match(messages[0].body, /^Masz 2 platnosci, razem 140,00 PLN/);
  assert.deepEqual((await pushes(8)).map(({ state, reason }) => [state, reason]), [['refused', 'Unregistered']]);
  assert.equal((await device(8)).state, 'dead');
});

test('a push that no service will ever take falls back once as well', async () => {
  await addDevice(9);
  apns.rules.add({ target: apnsToken(9), times: 1, answer: { status: 413, reason: 'PayloadTooLarge' } });
  await remind(both(9));
  assert.deepEqual((await ended(9)).map(({ state, reason }) => [state, reason]), [['failed', 'PayloadTooLarge'], ['failed', 'PayloadTooLarge']]);
  const next = await eventually(async () => {
    const rows = await Promise.all(both(9).map((debt) => owed.query(`select r.* from reminder r join invoice i using (customer_id, invoice_id)
      where i.number = 'FV/${debt}' and r.step like 'due+%'`)));
    return rows.every(([row]) => row?.state === 'sent') && rows.flat();
  }, { what: 'the next place of both', every: 20 });
  assert.equal(next.length, 2);
  assert.equal(next[0].message_no, next[1].message_no);
  assert.equal((await sandboxOf(9)).length, 1);
});

test('the chains are whole', () => assertBooksBalance(owed));
