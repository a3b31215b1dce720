// What the sandbox bank does, and what each of its troubles leaves in the ledger.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { decide, invoiceOf, invoicesFile, invoiceWhen, payBlik, startPayment } from '../support/payer.mjs';

const paid = ({ due_minor: due }) => due === 0;
const kinds = (invoice) => invoice.ledger.map(({ kind, amount_minor: amount }) => [kind, amount]);

const numbers = Array.from({ length: 30 }, (_, i) => `D/${String(i + 1).padStart(2, '0')}`);
const linkOf = async (number) => (await invoiceOf(demo, number)).link;
const free = [...numbers];
const demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(), numbers.map((number) => [number, '120,00', 10]))] });

test('--import takes one\'s own file instead of the fictional people', async () => {
  const [{ count }] = await demo.query('select count(*)::int from invoice');
  assert.equal(count, numbers.length);
});

test('refused at the bank: nothing is booked, the debt can be paid again', async () => {
  const number = free.pop();
  const link = await linkOf(number);
  await decide(await startPayment(demo, link), 'refuse');
  const refused = await invoiceWhen(demo, number, ({ payments }) => payments[0]?.state === 'failed');
  assert.equal(refused.payments[0].reason, 'refused_by_customer');
  assert.equal(refused.due_minor, 12000);
  await decide(await startPayment(demo, link), 'pay');
  assert.deepEqual(kinds(await invoiceWhen(demo, number, paid)), [['charge', 12000], ['payment', -12000]]);
});

test('closed at the bank: nothing is booked', async () => {
  const number = free.pop();
  await decide(await startPayment(demo, await linkOf(number)), 'close');
  const closed = await invoiceWhen(demo, number, ({ payments }) => payments[0]?.state === 'failed');
  assert.equal(closed.payments[0].reason, 'closed');
  assert.equal(closed.due_minor, 12000);
});

const hasStepsAhead = async (id) => (await demo.call(`/invoices/${id}/plan`)).json()
  .steps.some(({ step, goes }) => step === 'due' && goes);

test('paid in parts: the rest stays due, its reminders stay, then it is paid', async () => {
  const number = free.pop();
  const link = await linkOf(number);
  const bankPage = await startPayment(demo, link);
  assert.match(await decide(bankPage, 'part', '0'), /problem=amount/);
  await decide(bankPage, 'part', '50,00');
  const part = await invoiceWhen(demo, number, ({ state }) => state === 'part_paid');
  assert.equal(part.due_minor, 7000);
  assert.ok(await hasStepsAhead(part.id));
  await decide(await startPayment(demo, link), 'pay');
  assert.deepEqual(kinds(await invoiceWhen(demo, number, paid)), [['charge', 12000], ['payment', -5000], ['payment', -7000]]);
});

const troubles = {
  late: [['charge', 12000], ['payment', -12000]],
  twice: [['charge', 12000], ['payment', -12000]],
  disorder: [['charge', 12000], ['payment', -12000]],
  before_return: [['charge', 12000], ['payment', -12000]],
  refund: [['charge', 12000], ['payment', -12000], ['refund', 12000]],
  charge_back: [['charge', 12000], ['payment', -12000], ['chargeback', 12000]],
};
for (const [trouble, ledger] of Object.entries(troubles))
  test(`trouble "${trouble}" leaves the ledger ${ledger.map(([kind]) => kind).join(', ')}`, async () => {
    const number = free.pop();
    await demo.trouble(trouble, true);
    try {
      const back = await decide(await startPayment(demo, await linkOf(number)), 'pay');
      if (trouble === 'before_return') assert.equal((await invoiceOf(demo, number)).due_minor, 0, back);
      const invoice = await invoiceWhen(demo, number, ({ ledger: entries }) => entries.length === ledger.length);
      assert.deepEqual(kinds(invoice), ledger);
      await eventually(async () => (await demo.pane('/bank/payments.json')).find(({ title }) => title === number)
        .callbacks, { what: 'all told' });
    } finally {
      await demo.trouble(trouble, false);
    }
    const told = await eventually(async () => {
      const { callbacks } = (await demo.pane('/bank/payments.json')).find(({ title }) => title === number);
      return callbacks.delivered === callbacks.told ? callbacks : null;
    }, { what: 'every callback delivered' });
    assert.ok(told.told >= (trouble === 'disorder' ? 2 : 1));
    assert.deepEqual(kinds(await invoiceOf(demo, number)), ledger);
  });

test('trouble "wrong signature" is refused and books nothing until the signature is right', async () => {
  const number = free.pop();
  await demo.trouble('wrong_signature', true);
  await decide(await startPayment(demo, await linkOf(number)), 'pay');
  await eventually(async () => (await demo.pane('/bank/payments.json')).find(({ title, callbacks }) => title === number && callbacks.last_status === 401), { what: 'a refusal' });
  assert.equal((await invoiceOf(demo, number)).due_minor, 12000);
  await demo.trouble('wrong_signature', false);
  assert.deepEqual(kinds(await invoiceWhen(demo, number, paid)), [['charge', 12000], ['payment', -12000]]);
});

test('a charge-back is reversed by hand, and reminders follow the debt', async () => {
  const number = free.pop();
  await decide(await startPayment(demo, await linkOf(number)), 'pay');
  await invoiceWhen(demo, number, paid);
  const { id } = (await demo.pane('/bank/payments.json')).find(({ title }) => title === number);
  await demo.pane(`/bank/payments/${id}`, { action: 'charge_back' });
  const back = await invoiceWhen(demo, number, ({ due_minor: due }) => due === 12000);
  assert.ok(await hasStepsAhead(back.id), 'reminders go on');
  await demo.pane(`/bank/payments/${id}`, { action: 'reverse' });
  const again = await invoiceWhen(demo, number, paid);
  assert.deepEqual(kinds(again).map(([kind]) => kind), ['charge', 'payment', 'chargeback', 'chargeback_reversal']);
});

const codes = {
  777123: null, 200201: null, 500500: 'refused_by_bank', 700701: 'blik_code_expired',
  700702: 'refused_by_customer', 700703: 'blik_code_used', 123456: 'blik_code_wrong',
};
for (const [code, reason] of Object.entries(codes))
  test(`BLIK ${code} ${reason === null ? 'is paid' : `fails: ${reason}`}`, async () => {
    const number = free.pop();
    await payBlik(demo, await linkOf(number), code);
    const invoice = await invoiceWhen(demo, number, ({ payments }) => ['paid', 'failed'].includes(payments[0]?.state));
    assert.equal(invoice.payments[0].state, reason === null ? 'paid' : 'failed');
    assert.equal(invoice.payments[0].reason ?? null, reason);
    assert.equal(invoice.due_minor, reason === null ? 0 : 12000);
  });

test('BLIK 700704 gets no answer; with "answer late" the money comes after all', async () => {
  const number = free.pop();
  await demo.trouble('late', true);
  await payBlik(demo, await linkOf(number), '700704');
  const invoice = await invoiceWhen(demo, number, paid, 'paid after all').finally(() => demo.trouble('late', false));
  assert.deepEqual(kinds(invoice), [['charge', 12000], ['payment', -12000]]);
});
