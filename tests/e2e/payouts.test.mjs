// What a provider says it has settled, set against the ledger and the bank: by the command line and
// over the API, with payments that were made at a fake of Stripe.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { StripeFake } from '../fake/stripe.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { dunlin } from '../support/demo.mjs';
import { request } from '../support/https.mjs';

const at = await startAtProvider(StripeFake, 10);
const ca = readFileSync(at.gateway.settings.private.certificate);
const settings = ['--settings', path.join(at.gateway.dir, 'dunlin.yaml')];
const makeKey = (name, scope) => /dk_\S+/.exec(execFileSync(dunlin, ['key', 'api', 'make', name, scope, ...settings], { encoding: 'utf8' }))[0];
const key = makeKey('books', 'payouts'), other = makeKey('other', 'invoices');
const dayOf = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);
const today = dayOf(0);

async function call(method, where, body, withKey = key) {
  const answer = await request(`${at.gateway.settings.private.url}/api/v1${where}`, { ca, method, headers: { authorization: `Bearer ${withKey}` },
    body: typeof body === 'object' ? JSON.stringify(body) : body });
  return { status: answer.status, text: answer.text, ...(answer.text?.startsWith('{') ? JSON.parse(answer.text) : {}) };
}

function command(...args) {
  const { status, stdout, stderr } = spawnSync(dunlin, ['payouts', ...args, ...settings], { encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

const report = async (day = today, more = '') => {
  const { status, payouts, disagreements, is_complete: isComplete } = await call('GET', `/payouts?date=${day}${more}`);
  assert.deepEqual([status, isComplete], [200, true]);
  return { payouts, disagreements, short: disagreements.map((d) => `${d.what} ${d.payout ?? '-'} ${d.movement ?? '-'}`).sort() };
};

// A debt that is paid, with the ids that the ledger has of its movements.
async function paid() {
  const debt = await at.debt(), order = await at.start(debt);
  at.fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  return { ...debt, order, movement: await movementOf(debt, 'payment') };
}
const movementOf = async (debt, kind) => (await at.query(`select source_reference as id from ledger_entry
  where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id} and kind = '${kind}'`))[0].id;

const headings = 'balance_transaction_id,reporting_category,automatic_payout_id,automatic_payout_effective_at,source_id,payment_intent_id,currency,gross,fee,net,customer_email\n';
let lines = 0;
const stripeLine = (payout, category, intent, source, gross, fee, net, day = today) =>
  `txn_${++lines},${category},${payout},${day} 00:00:00,${source},${intent},pln,${gross},${fee},${net},somebody@example.com\n`;
const rows = async () => Number((await at.query('select count(*)::integer as n from payout_movement'))[0].n);

const [good, wrong, refunded, later] = [await paid(), await paid(), await paid(), await paid()];
at.fake.refundAtProvider(refunded.order, 3000);
await at.dueIs(refunded, 3000);
const refund = await movementOf(refunded, 'refund');
const before = await at.query('select * from ledger_entry order by 1, 2, 3');
const file = path.join(at.gateway.dir, 'stripe.csv');
const settled = headings
  + stripeLine('po_1', 'charge', good.movement, 'ch_1', '100.00', '1.50', '98.50')
  + stripeLine('po_1', 'charge', wrong.movement, 'ch_2', '99.00', '1.50', '97.50')
  + stripeLine('po_1', 'charge', refunded.movement, 'ch_3', '100.00', '1.50', '98.50')
  + stripeLine('po_1', 'refund', refunded.movement, refund, '-30.00', '0.00', '-30.00')
  + stripeLine('po_1', 'charge', 'pi_unknown', 'ch_4', '5.00', '0.50', '4.50')
  + stripeLine('po_1', 'fee', '', '', '-2.00', '0.00', '-2.00');
writeFileSync(file, settled);

test('a file comes in once', async () => {
  assert.deepEqual(command('import', file, '--provider', 'stripe'), { status: 0, out: '6 lines, 6 of them new.\n', err: '' });
  assert.deepEqual(command('import', file, '--provider', 'stripe', '--json'), { status: 0, out: '{"lines":6,"new":0}\n', err: '' });
  const again = await call('POST', '/payouts?provider=stripe', settled);
  assert.deepEqual([again.status, again.lines, again.new], [200, 6, 0]);
  assert.equal(await rows(), 6);
  assert.deepEqual(await at.query('select * from ledger_entry order by 1, 2, 3'), before, 'the ledger is untouched');
});

test('the report sets the payout against the ledger', async () => {
  const { payouts, disagreements, short } = await report();
  // By hand: gross 100 + 99 + 100 - 30 + 5; fees 1.50 * 3 + 0.50 + 2.00; net 274.00 - 7.00; ledger 100 + 100 + 100 - 30.
  assert.deepEqual(payouts, [{ provider: 'stripe', account: 'default', payout: 'po_1', date: today, currency: 'PLN', lines: 6,
    gross_minor: 27400, fee_minor: 700, net_minor: 26700, ledger_minor: 27000, arrived_minor: null, arrived_currency: null, agrees: false }]);
  assert.deepEqual(short, [`amount_differs po_1 ${wrong.movement}`, 'not_in_ledger po_1 pi_unknown']);
  const differs = disagreements.find((d) => d.what === 'amount_differs');
  assert.deepEqual([differs.gross_minor, differs.currency, differs.ledger_minor, differs.ledger_currency, differs.invoice, differs.booked_on],
    [9900, 'PLN', 10000, 'PLN', `${wrong.customer_id}-${wrong.invoice_id}`, today]);
});

test('what is in no payout is told once it is older than one waits', async () => {
  assert.deepEqual((await report(dayOf(7))).short, []);
  assert.deepEqual((await report(dayOf(8))).short, ['not_arrived po_1 -', `not_settled - ${later.movement}`]);
  assert.deepEqual((await report(dayOf(3), '&wait_days=2')).short, ['not_arrived po_1 -', `not_settled - ${later.movement}`]);
});

test('what arrived at the bank is set against the sum', async () => {
  const note = (amount, payout = 'po_1', currency = 'PLN') =>
    command('note', payout, '--provider', 'stripe', '--arrived', amount, '--currency', currency);
  assert.deepEqual(note('266.99'), { status: 0, out: 'noted\n', err: '' });
  assert.equal((await report()).short[1], 'arrived_amount_differs po_1 -');
  assert.equal(note('267.00', 'po_1', 'EUR').status, 0);
  assert.equal((await report()).short[1], 'arrived_currency_differs po_1 -');
  const arrival = { provider: 'stripe', account: 'default', payout: 'po_1', amount_minor: 26700, currency: 'PLN' };
  assert.equal((await call('POST', '/payouts/arrivals', arrival)).new, true);
  assert.equal((await call('POST', '/payouts/arrivals', arrival)).new, false);
  const { payouts: [payout], short } = await report();
  assert.deepEqual([payout.arrived_minor, payout.arrived_currency, short.length], [26700, 'PLN', 2]);
  assert.deepEqual((await report(dayOf(8))).short, [`not_settled - ${later.movement}`]);
  assert.deepEqual([note('1.00', 'po_9').status, note('1,00').status, note('1.001').status], [1, 2, 2]);
  assert.equal((await call('POST', '/payouts/arrivals', { ...arrival, payout: 'po_9' })).status, 404);
  assert.equal((await call('POST', '/payouts/arrivals', { ...arrival, account: 'second' })).status, 404);
  for (const bad of [{ amount_minor: '26700' }, { amount_minor: 1.5 }, { currency: 'pln' }, { payout: undefined }])
    assert.equal((await call('POST', '/payouts/arrivals', { ...arrival, ...bad })).status, 400, JSON.stringify(bad));
  assert.deepEqual(await at.query('select arrival_no, amount_minor from payout_arrival order by 1'),
    [[1, 26699], [2, 26700], [3, 26700]].map(([arrival_no, amount_minor]) => ({ arrival_no, amount_minor })));
});

test('the same movement in two payouts, a charge-back, and another currency', async () => {
  const lost = await paid(), foreign = await paid();
  at.fake.dispute(lost.order);
  await at.dueIs(lost, 10000);
  const dispute = await movementOf(lost, 'chargeback'), day = dayOf(1);
  const line = (...args) => stripeLine(...args, day);
  const text = headings
    + line('po_2', 'charge', good.movement, 'ch_1', '100.00', '1.50', '98.50')
    + line('po_2', 'charge', lost.movement, 'ch_5', '100.00', '1.50', '98.50')
    + line('po_2', 'dispute', lost.movement, dispute, '-100.00', '15.00', '-115.00')
    + line('po_3', 'charge', foreign.movement, 'ch_6', '25.00', '1.00', '24.00').replace(',pln,', ',eur,');
  assert.equal((await call('POST', '/payouts?provider=stripe&account=default', text)).new, 4);
  const { payouts, short } = await report(day);
  assert.deepEqual(short, [`currency_differs po_3 ${foreign.movement}`, `settled_twice po_2 ${good.movement}`]);
  assert.deepEqual(payouts.map((p) => [p.payout, p.currency, p.gross_minor, p.fee_minor, p.net_minor, p.ledger_minor, p.agrees]),
    [['po_2', 'PLN', 10000, 1800, 8200, 10000, false], ['po_3', 'EUR', 2500, 100, 2400, 0, false]]);
  assert.ok((await report()).short.includes(`settled_twice po_1 ${good.movement}`));
});

test('the plain form finds a payment by our reference', async () => {
  const debt = await paid(), day = dayOf(2);
  const line = (net) => `payout_date;payout_id;kind;reference;gross;fee;net;currency\n${day};A/7;payment;${debt.order.reference};100.00;0;${net};PLN\n`;
  assert.equal((await call('POST', '/payouts?provider=stripe', line('100.00'))).new, 1);
  const { payouts, short } = await report(day);
  assert.deepEqual([payouts[0].payout, payouts[0].ledger_minor, payouts[0].agrees, short], ['A/7', 10000, true, []]);
  assert.ok(!(await report(dayOf(12))).short.some((one) => one.includes(debt.movement)), 'it is settled');
  // Once by our reference and once by the provider's id is twice, from either side.
  const again = headings + stripeLine('po_4', 'charge', debt.movement, 'ch_7', '100.00', '0', '100.00', dayOf(3));
  assert.equal((await call('POST', '/payouts?provider=stripe', again)).new, 1);
  assert.deepEqual((await report(dayOf(3))).short, [`settled_twice po_4 ${debt.movement}`]);
  assert.deepEqual((await report(day)).short, [`settled_twice A/7 ${debt.order.reference}`]);
});

test('bad files change nothing, and say where', async () => {
  const known = await rows();
  const bad = settled.replace('98.50', '98.51').replaceAll('po_1', 'po_8');
  const answer = await call('POST', '/payouts?provider=stripe', bad);
  assert.deepEqual([answer.status, answer.bad, answer.bad_lines], [422, 1, [{ line: 2, column: 'net', reason: 'net is not gross less fee' }]]);
  writeFileSync(file, bad);
  assert.deepEqual(command('import', file, '--provider', 'stripe'),
    { status: 1, out: 'line 2, net: net is not gross less fee\nRefused, nothing was taken: 1 bad lines.\n', err: '' });
  // Other amounts of what is known, beside a line that is new.
  const changed = settled.replace('99.00,1.50,97.50', '98.00,1.50,96.50').replace('pi_unknown', 'pi_new');
  const differs = await call('POST', '/payouts?provider=stripe', changed);
  assert.deepEqual([differs.status, differs.bad_lines.map((one) => one.line)], [422, [3]]);
  assert.equal((await call('POST', '/payouts?provider=stripe', settled.replaceAll(`${today} `, `${dayOf(1)} `))).bad, 6);
  for (const [where, status] of [['?provider=strpie', 404], ['?provider=stripe&account=second', 404], ['', 404]])
    assert.equal((await call('POST', `/payouts${where}`, settled)).status, status, where);
  assert.equal((await call('POST', '/payouts?provider=stripe', '')).status, 422);
  assert.equal((await call('POST', '/payouts?provider=stripe', settled, other)).status, 403);
  assert.equal((await call('GET', `/payouts?date=${today}`, undefined, other)).status, 403);
  for (const query of ['', '?date=today', '?date=2028-02-30', `?date=${today}&wait_days=-1`, `?date=${today}&wait_days=366`])
    assert.equal((await call('GET', `/payouts${query}`)).status, 400, query);
  assert.equal(command('import', file, '--provider', 'strpie').status, 1);
  assert.equal(command('report').status, 2);
  assert.equal(await rows(), known);
});

test('the report is read by people and by spreadsheets', async () => {
  const words = command('report', '--date', today).out;
  assert.match(words, /^Payouts of .*\npo_1 of stripe\/default: does not agree\n {2}settled 274\.00, fees 7\.00, net 267\.00 PLN; in the ledger 270\.00; arrived 267\.00 PLN\n3 things do not agree\n/);
  assert.match(words, new RegExp(`the ledger has another amount: stripe/default po_1 payment ${wrong.movement}, settled 99.00 PLN, ledger 100.00 PLN\n`));
  const csv = (await call('GET', `/payouts.csv?date=${today}`)).text.split('\r\n');
  assert.equal(csv[0], 'what,provider,account,payout,date,movement,kind,currency,lines,gross_minor,fee_minor,net_minor,ledger_minor,ledger_currency,arrived_minor,arrived_currency,invoice,booked_on');
  assert.equal(csv[1], `payout,stripe,default,po_1,${today},,,PLN,6,27400,700,26700,27000,,26700,PLN,,`);
  assert.ok(csv.includes('not_in_ledger,stripe,default,po_1,,pi_unknown,payment,PLN,,500,,,,,,,,'));
  assert.equal(command('report', '--date', today, '--csv').out, csv.join('\r\n'));
  assert.deepEqual(JSON.parse(command('report', '--date', today, '--json').out).payouts, (await report()).payouts);
  await at.books();
});
