// Several debts of a customer paid at once, at a provider: one charge there, a share of it on each debt
// here, whatever happens to the messages, to the debts and to the process meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StripeFake } from '../fake/stripe.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { request } from '../support/https.mjs';
import { Office } from '../support/office.mjs';

const PERSONS = 15;
const dayOf = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);
// Each person owes 100.00 for 20 days, 50.00 for five, and 30.00 in a week.
const rows = Array.from({ length: PERSONS }, (_, i) => [['100.00', -20], ['50.00', -5], ['30.00', 7]]
  .map(([amount, days], n) => `K${i},Jan Nowak,FV/${3 * i + n},${amount},PLN,${dayOf(days)}\n`).join('')).join('');
const csv = `customer id,name,invoice number,amount,currency,due date\n${rows}`;
const at = await startAtProvider(StripeFake, 0, { csv, crashes: true,
  settings: { page: { all_debts: true }, payments: { refund_alone_max: 100000 }, creditor: { email: 'office@bank.example' } } });
const off = await startAtProvider(StripeFake, 1);
const office = new Office(at), { fake } = at;

// [100.00 late, 50.00 late, 30.00 to come] of the next person.
const person = async () => [await at.debt(), await at.debt(), await at.debt()];
const dues = (debts) => Promise.all(debts.map((debt) => at.due(debt)));
const wish = (...debts) => `?for=PLN${debts.map(([{ invoice_id: id }, minor]) => `&d${id}=${minor}`).join('')}`;
const allOf = (debt) => ({ ...debt, link: `${debt.link}/all` });
const bothLate = ([first, second]) => wish([first, 10000], [second, 5000]);
// A form that pays the two late ones, at the last one's link.
const form = (debts, what = bothLate(debts)) => at.form(allOf(debts[2]), 'redirect', what);
async function start(debts, what) {
  const answer = await (await form(debts, what))();
  assert.equal(answer.status, 303, answer.text);
  const [payment] = (await at.payments(debts[0])).slice(-1);
  return [...fake.orders.values()].find((one) => one.id === payment.provider_reference);
}
async function duesAre(debts, ...minors) {
  for (const [i, minor] of minors.entries()) await at.dueIs(debts[i], minor);
  await at.books();
}

test('two debts are one charge, and each has its own part of it', async () => {
  const debts = await person();
  await at.remindInAWeek(debts[0]);
  await at.remindInAWeek(debts[2]);
  const order = await start(debts);
  assert.equal(order.amountMinor, 15000);
  assert.equal((await at.payments(debts[2])).length, 0);
  fake.decide(order, 'paid');
  await duesAre(debts, 0, 0, 3000);
  assert.deepEqual(await at.ledger(debts[0]), ['charge 10000', 'payment -10000']);
  assert.deepEqual(await at.ledger(debts[1]), ['charge 5000', 'payment -5000']);
  const of = async (debt) => (await at.reminders(debt)).map(([step, state]) => `${step} ${state}`);
  assert.ok((await of(debts[0])).includes('after_99 cancelled'));
  for (const debt of debts.slice(0, 2)) assert.ok((await of(debt)).some((one) => one.startsWith('thanks_1')));
  assert.ok((await of(debts[2])).includes('after_99 scheduled'));
  const { status, payments: [payment] } = await office.call(office.key('reader', 'invoices'), 'GET', `/invoices/${debts[1].customer_id}-${debts[1].invoice_id}`);
  assert.deepEqual([status, payment.amount_minor, payment.allocated_minor, payment.paid_minor], [200, 15000, 5000, 15000]);
});

test("the provider's way back leads to a debt that was paid", async () => {
  const debts = await person(), order = await start(debts);
  const waiting = (await at.back(order)).replaceAll(/&nbsp;|\u00a0/g, ' ');
  assert.ok(waiting.includes('100,00 zł') && waiting.includes('150,00 zł'), 'what is for this debt, and the sum');
  fake.decide(order, 'paid');
  await duesAre(debts, 0, 0, 3000);
  const html = await at.back(order);
  assert.ok(html.includes(debts[0].number), 'the first of them, as the link it was started from is of another');
  assert.ok(html.includes('/all'));
});

test('what goes back at the provider comes off the later debt first', async () => {
  const debts = await person(), order = await start(debts);
  fake.decide(order, 'paid');
  await duesAre(debts, 0, 0, 3000);
  fake.refundAtProvider(order, 6000);
  await duesAre(debts, 1000, 5000, 3000);
  assert.deepEqual(await at.ledger(debts[0]), ['charge 10000', 'payment -10000', 'refund 1000']);
  assert.deepEqual(await at.ledger(debts[1]), ['charge 5000', 'payment -5000', 'refund 5000']);
});

test('a refund asked for at one debt is of the payment, and done when it is booked', async () => {
  const debts = await person(), order = await start(debts);
  fake.decide(order, 'paid');
  await duesAre(debts, 0, 0, 3000);
  const part = await office.ask(debts[0], { amount_minor: 2000 });
  assert.deepEqual([part.status, part.amount_minor], [201, 2000]);
  await office.becomes(part.id, 'done');
  await duesAre(debts, 0, 2000, 3000);
  const rest = await office.ask(debts[1], {}, 'rest');
  assert.deepEqual([rest.status, rest.amount_minor], [201, 13000]);
  await office.becomes(rest.id, 'done');
  await duesAre(debts, 10000, 5000, 3000);
  assert.equal((await at.payments(debts[0]))[0].state, 'refunded');
  assert.equal((await office.ask(debts[2], {}, 'none')).status, 404, 'it was not for this one');
});

test('messages that come twice and backwards are booked once', async () => {
  const debts = await person(), order = await start(debts);
  Object.assign(fake.faults, { twice: true, backwards: true });
  fake.decide(order, 'pending');
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 6000);
  fake.refundAtProvider(order, 500);
  await duesAre(debts, 1500, 5000, 3000);
  await fake.settled();
  fake.faults = {};
  const booked = await at.query(`select kind, sum(amount_minor)::bigint as minor from ledger_entry
    where customer_id = ${debts[0].customer_id} and payment_no = 1 group by kind, source_reference order by kind, minor`);
  assert.deepEqual(booked.map(({ kind, minor }) => `${kind} ${minor}`), ['payment -15000', 'refund 500', 'refund 6000']);
});

test('a message that is lost is made up for by asking', async () => {
  const debts = await person(), order = await start(debts);
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  await at.periodPasses(debts[0]);
  await duesAre(debts, 0, 0, 3000);
  fake.faults = {};
  await at.deliverLate();
  await duesAre(debts, 0, 0, 3000);
});

test('one that changed between showing and paying takes nothing, and shows how it is now', async () => {
  const debts = await person(), send = await form(debts), before = fake.orders.size;
  await at.form(debts[1]).then((single) => single());
  const alone = [...fake.orders.values()].at(-1);
  fake.decide(alone, 'paid', { amountMinor: 2000 });
  await at.dueIs(debts[1], 3000);
  const answer = await send();
  assert.equal(answer.status, 303);
  assert.match(answer.headers.location, /\/all\?e=changed$/);
  assert.equal(fake.orders.size, before + 1, 'the provider heard nothing of it');
  assert.ok((await at.get(new URL(answer.headers.location, debts[0].link).href)).text.includes('class="n warn"'));
  // Going on from an old list: the review has today's amount, and says so.
  const { text } = await at.get(`${debts[2].link}/all${bothLate(debts)}`);
  assert.ok(text.includes(`value="${debts[0].invoice_id}:10000,${debts[1].invoice_id}:3000"`) && text.includes('class="n warn"'));
  fake.decide(await start(debts), 'paid');
  await duesAre(debts, 0, 0, 3000);
});

test('the same form twice is one charge', async () => {
  const debts = await person(), send = await form(debts), before = fake.orders.size;
  const answers = await Promise.all([send(), send()]);
  answers.push(await send());
  assert.equal(new Set(answers.map(({ headers }) => headers.location)).size, 1);
  assert.equal(fake.orders.size, before + 1);
  assert.equal((await at.payments(debts[0])).length, 1);
});

test('a form that was forged pays nothing', async () => {
  const debts = await person(), [strange] = await person(), send = await form(debts), before = fake.orders.size;
  const [first, second] = debts.map(({ invoice_id: id }) => id);
  for (const [list, status, where] of [
    ['', 403], ['x', 403], [`${first}:10000,`, 403], [`${first}`, 403], [`${first}:-1`, 403], [`${first}:10000;${second}:5000`, 403],
    [Array.from({ length: 51 }, (_, i) => `${i + 1}:1`).join(','), 403], [`${first}:9999999999999999`, 403],
    [`${first}:1`, 303, 'changed'], [`${first}:10000,${first}:10000`, 303, 'changed'],
    [`${first}:10000,${strange.invoice_id}:10000`, 303, 'changed'], ['999999:100', 303, ''],
  ]) {
    const answer = await send({ debts: list });
    assert.equal(answer.status, status, list);
    if (where) assert.match(answer.headers.location, new RegExp(`e=${where}`), list);
  }
  assert.equal((await send({ token: 'x' })).status, 403);
  assert.equal(fake.orders.size, before);
  assert.equal((await at.payments(debts[0])).length, 0);
});

test('killed before its booking is on disk, it is on both debts in the end, once', async () => {
  const debts = await person(), order = await start(debts);
  await at.crash('callback_before_commit', 'http', () => fake.decide(order, 'paid'));
  await duesAre(debts, 0, 0, 3000);
  assert.deepEqual(await at.ledger(debts[0]), ['charge 10000', 'payment -10000']);
  assert.deepEqual(await at.ledger(debts[1]), ['charge 5000', 'payment -5000']);
});

test('killed when it is on disk and the provider not yet asked, it is one charge', async () => {
  const debts = await person(), send = await form(debts), before = fake.orders.size;
  await at.crash('payment_made', 'http', () => send().catch(() => {}));
  assert.equal((await at.payments(debts[0])).length, 1);
  assert.equal((await send()).status, 303);
  const orders = [...fake.orders.values()].slice(before);
  assert.equal(orders.length, 1);
  fake.decide(orders[0], 'paid');
  await duesAre(debts, 0, 0, 3000);
});

test('a payout names one movement, and it agrees with what lies on two debts', async () => {
  const debts = await person(), order = await start(debts);
  fake.decide(order, 'paid');
  await duesAre(debts, 0, 0, 3000);
  const entries = await at.query(`select source_reference as id, amount_minor from ledger_entry
    where customer_id = ${debts[0].customer_id} and kind = 'payment' order by invoice_id`);
  assert.equal(new Set(entries.map(({ id }) => id)).size, 1);
  const key = office.key('books', 'payouts'), today = dayOf(0);
  const report = (day) => office.call(key, 'GET', `/payouts?date=${day}`);
  const settled = `balance_transaction_id,reporting_category,automatic_payout_id,automatic_payout_effective_at,source_id,payment_intent_id,currency,gross,fee,net,customer_email
txn_1,charge,po_1,${today} 00:00:00,ch_1,${entries[0].id},pln,150.00,1.50,148.50,x@example.com\n`;
  const taken = await request(`${at.gateway.settings.private.url}/api/v1/payouts?provider=stripe`,
    { ca: office.ca, method: 'POST', headers: { authorization: `Bearer ${key}` }, body: settled });
  assert.equal(taken.status, 200, taken.text);
  const { payouts: [payout], disagreements } = await report(today);
  assert.deepEqual([payout.ledger_minor, payout.gross_minor, disagreements], [15000, 15000, []]);
  // Of all others the ledger has one movement each, not one a debt.
  const late = (await report(dayOf(8))).disagreements.filter(({ what }) => what === 'not_settled').map(({ movement }) => movement);
  assert.equal(new Set(late).size, late.length);
  assert.ok(late.length > 5 && !late.includes(entries[0].id));
});

test('a debt whose payment the bank has in hand is shown and not offered', async () => {
  const debts = await person(), order = await start(debts, wish([debts[0], 10000]));
  fake.decide(order, 'pending');
  await at.stateIs(debts[0], 'pending');
  const { text } = await at.get(`${debts[1].link}/all`);
  assert.ok(text.includes(debts[0].number) && !text.includes(`name="d${debts[0].invoice_id}"`));
  const review = (await at.get(`${debts[1].link}/all${bothLate(debts)}`)).text;
  assert.ok(review.includes(`value="${debts[1].invoice_id}:5000"`), 'nor taken from the address');
  fake.decide(order, 'paid');
  await at.dueIs(debts[0], 0);
});

test('a debt without a live link is not shown', async () => {
  const debts = await person();
  await at.gateway.command('link', 'revoke', debts[1].number);
  const { text } = await at.get(`${debts[0].link}/all`);
  assert.ok(text.includes(debts[2].number) && !text.includes(debts[1].number));
  assert.equal((await at.get(`${debts[1].link}/all`)).status, 410);
});

test('where the creditor does not allow it there is no such page', async () => {
  const debt = await off.debt();
  assert.ok(!(await off.get(debt.link)).text.includes('/all'));
  assert.equal((await off.get(`${debt.link}/all`)).status, 404);
  const { action, fields } = { action: `${debt.link}/all/payments`, fields: { method: 'redirect' } };
  assert.equal((await off.post(action, fields)).status, 404);
});

test('its other side was asked nothing it does not know', () => assert.equal(fake.broken, undefined));
