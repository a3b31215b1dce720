// How a customer pays: worked out at the first night, at once when a payment arrives, and shown with the
// facts behind it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { decide, invoiceOf, startPayment } from '../support/payer.mjs';

const reference = 'K/ą 1%';
const day = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);
let demo;

const show = async (whose) => demo.call(`/customers/${encodeURIComponent(whose)}`);
const segmentOf = async (whose) => (await show(whose)).json().segment;

before(async () => {
  const file = path.join(temporaryFolder(), 'debts.csv');
  const line = (whose, number, due) => `${whose};Jan Testowy;+48990200001;jan@example.com;pl;${number};invoice;Usługa;100,00;PLN;${day(-200)};${day(due)}`;
  writeFileSync(file, `customer reference;name;phone;e-mail;language;invoice number;kind;product;amount;currency;issue date;due date\n${[
    ...[-100, -70, -40, -10].map((due, i) => line(reference, `A/${i}`, due)),
    ...[-100, 20].map((due, i) => line('K2', `B/${i}`, due))].join('\n')}\n`);
  demo = await startDemo({ args: ['--import', file] });
});

test('four debts unpaid for long are chronic, and the facts say so in numbers and words', async () => {
  const segment = await eventually(async () => {
    const shown = await segmentOf(reference);
    return shown.facts !== null && shown;
  });
  assert.equal(segment.name, 'chronically_late');
  assert.match(segment.facts.words, /^4 of 4 debts due in the last 12 months were late \(100 %\)/);
  const { debts, late, unpaid, late_percent: percent, rule } = segment.facts;
  assert.deepEqual({ debts, late, unpaid, percent }, { debts: 4, late: 4, unpaid: 4, percent: 100 });
  assert.equal(rule.sometimes_late_percent, 20);
});

test('who has too few debts is taken to pay on time', async () => {
  const { name, facts } = await segmentOf('K2');
  assert.equal(name, 'on_time');
  assert.match(facts.words, /^1 of the debts due in the last 12 months count; with fewer than 3/);
});

test('a payment changes the facts at once', async () => {
  const before = Date.now();
  await decide(await startPayment(demo, (await invoiceOf(demo, 'A/0')).link), 'pay');
  await eventually(async () => (await segmentOf(reference)).facts.unpaid === 3, { within: 5000, what: 'the payment counts' });
  assert.ok(Date.now() - before < 5000);
  const { facts } = await segmentOf(reference);
  assert.ok(facts.worst_days_late >= 99 && facts.worst_days_late <= 101, `paid ${facts.worst_days_late} days late`);
});

test('a customer is shown with channels and open debts, the next due first', async () => {
  const customer = (await show(reference)).json();
  assert.equal(customer.reference, reference);
  assert.equal(customer.preferred_channel, null);
  assert.deepEqual(customer.channels, { opted_out: [], notices_only: [], consented: [], faults: [] });
  assert.equal(customer.has_phone, true);
  assert.deepEqual(customer.debts.map(({ number }) => number), ['A/1', 'A/2', 'A/3']);
  assert.equal(customer.debts[0].due_minor, 10000);
});

test('nobody is shown for a reference that is unknown or no text', async () => {
  assert.equal((await show('K/ą 1')).status, 404);
  assert.equal((await demo.call('/customers/K%2')).status, 404);
  assert.equal((await demo.call('/customers/K%00')).status, 404);
  assert.equal((await demo.call('/customers/%ff')).status, 404);
  assert.equal((await demo.call('/customers/K%zz')).status, 404);
});
