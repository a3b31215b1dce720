// Settlement files that are dropped into a folder, and the report on each day's payouts on the morning
// after: made once, kept, read over the API, whoever is killed meanwhile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { StripeFake } from '../fake/stripe.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { atEnd } from '../support/cleanup.mjs';
import { dunlin, execute } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'payouts-')), mine = path.join(folder, 'stripe', 'default');
atEnd(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(mine, { recursive: true });
const at = await startAtProvider(StripeFake, 4, { settings: { payouts: { folder, report_hour: 0 } } });
const ca = readFileSync(at.gateway.settings.private.certificate);
const key = /dk_\S+/.exec(execFileSync(dunlin, ['key', 'api', 'make', 'books', 'payouts', '--settings', path.join(at.gateway.dir, 'dunlin.yaml')],
  { encoding: 'utf8' }))[0];

// In Warsaw, where days end.
const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Warsaw' }).format(new Date());
const daysAgo = (days) => new Date(Date.parse(today) - days * 86400e3).toISOString().slice(0, 10);
const yesterday = daysAgo(1);

const call = async (where) => {
  const { status, text } = await request(`${at.gateway.settings.private.url}/api/v1${where}`, { ca, headers: { authorization: `Bearer ${key}` } });
  return { status, ...JSON.parse(text) };
};
const kept = () => at.query('select day::text, made_at::text, disagreement_count from payout_day order by day');
const keptDays = async () => (await kept()).map(({ day }) => day);
const becomes = (days) => eventually(async () => (await keptDays()).join() === days.join(), { what: `there are reports on ${days}`, within: 30000 });
const told = () => at.gateway.log.split('\n').filter((line) => line.includes('payouts reported'));
const counted = async (name) => {
  const text = await (await fetch(`http://127.0.0.1:${at.gateway.operatorsPort}/metrics`)).text();
  return Number(new RegExp(`^dunlin_${name}_total (\\d+)`, 'm').exec(text)[1]);
};
async function killWork() {
  const [pid] = at.gateway.processes('work');
  process.kill(pid, 'SIGKILL');
  await eventually(() => at.gateway.processes('work').some((now) => now !== pid), { what: 'work is there again', within: 20000 });
}

// As if it had been lying there for a minute, but for `isNew`.
function drop(name, text, isNew = false) {
  const file = path.join(mine, name), then = Date.now() / 1000 - 60;
  writeFileSync(`${file}.new`, text);
  if (!isNew) utimesSync(`${file}.new`, then, then);
  execFileSync('mv', [`${file}.new`, file]);
}
const comesTo = (where) => eventually(() => existsSync(path.join(mine, where)), { what: `${where} is there`, within: 30000 });
const lineOf = (movement, gross, net) => `po_1,${yesterday},payment,${movement},${gross},1.50,${net},PLN\n`;
const headings = 'payout_id,payout_date,kind,movement,gross,fee,net,currency\n';

test('yesterday is reported on, also when there was nothing', async () => {
  await becomes([yesterday]);
  const { items, next_before: next } = await call('/payouts/days');
  const [{ made_at: madeAt, ...day }] = items;
  assert.deepEqual(day, { date: yesterday, provider: 'stripe', account: 'default', payouts: 0, lines: 0, sums: [], disagreement_count: 0,
    disagreements: [], is_complete: true });
  assert.ok(Math.abs(Date.parse(madeAt) - Date.now()) < 120e3);
  assert.deepEqual([items.length, next], [1, null]);
});

test('a file is taken in, and one that is bad is put aside with the reason', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  at.fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  const [{ id }] = await at.query(`select source_reference as id from ledger_entry where customer_id = ${debt.customer_id} and kind = 'payment'`);
  const before = await at.query('select * from ledger_entry order by 1, 2, 3'), good = headings + lineOf(id, '100.00', '98.50') + lineOf('pi_unknown', '7.00', '5.50');
  drop('1.csv', good);
  drop('2 jan@example.com.csv', headings + lineOf('pi_bad', '100.00', '98.51'));
  drop('3.csv', good.replace('7.00,1.50,5.50', '8.00,1.50,6.50'));
  drop('4.csv', good);
  drop('4.csv', good);
  await comesTo('done/4.csv');
  assert.equal(readFileSync(path.join(mine, 'done', '1.csv'), 'utf8'), good);
  assert.equal(readFileSync(path.join(mine, 'bad', '2 jan@example.com.csv.why'), 'utf8'),
    'line 2, net: net is not gross less fee\nRefused, nothing was taken: 1 bad lines.\n');
  assert.equal(readFileSync(path.join(mine, 'bad', '3.csv.why'), 'utf8'),
    'line 3: other amounts are known of it, or another day or currency of its payout\nRefused, nothing was taken: 1 bad lines.\n');
  drop('4.csv', good);
  drop('5.csv', good, true);
  await comesTo('done/4.csv.1');
  await comesTo('done/5.csv');
  assert.deepEqual(readdirSync(mine).sort(), ['bad', 'done']);
  assert.deepEqual(await at.query('select movement, gross_minor from payout_movement order by 2'),
    [{ movement: 'pi_unknown', gross_minor: 700 }, { movement: id, gross_minor: 10000 }]);
  assert.deepEqual(await at.query('select * from ledger_entry order by 1, 2, 3'), before, 'the ledger is untouched');
  assert.ok(!at.gateway.log.includes('jan@example'), 'names of files are in no log');
  assert.deepEqual([await counted('payout_files_taken'), await counted('payout_files_bad')], [4, 2]);
});

test('the report is made once, and says what does not agree', async () => {
  assert.equal((await kept())[0].disagreement_count, 0, 'what came in later does not change it');
  await execute(at.owner, 'delete from payout_day');
  await killWork();
  await becomes([yesterday]);
  const [day] = (await call(`/payouts/days?before=${today}`)).items;
  // By hand: gross 100 + 7, fees 1.50 twice, the ledger has the first alone.
  assert.deepEqual([day.payouts, day.lines, day.sums, day.disagreement_count], [1, 2, [{ currency: 'PLN', gross_minor: 10700, fee_minor: 300,
    net_minor: 10400, ledger_minor: 10000, arrived_minor: 0 }], 1]);
  assert.deepEqual(day.disagreements.map((one) => [one.what, one.payout, one.movement]), [['not_in_ledger', 'po_1', 'pi_unknown']]);
  assert.deepEqual((await call(`/payouts?date=${yesterday}`)).disagreements, day.disagreements);
  await eventually(() => told().length === 2, { what: 'it is in the log' });
  assert.match(told()[1], new RegExp(`day=${yesterday} provider=stripe account=default payouts=1 disagreements=1`));
  assert.equal(await counted('payout_disagreements'), 1);
});

test('after a restart no report is made twice, and days that were missed are made up for', async () => {
  const before = await kept();
  await execute(at.owner, `insert into payout_day select day - 3, provider, account, 0, 0, '[]', 0, '[]', true, made_at from payout_day`);
  await execute(at.owner, `delete from payout_day where day = '${yesterday}'`);
  await killWork();
  await becomes([4, 3, 2, 1].map(daysAgo));
  const after = await kept();
  assert.equal(after[0].made_at, before[0].made_at, 'what was kept stays');
  assert.deepEqual(after.map((row) => row.disagreement_count), [0, 0, 0, 1]);
  await eventually(() => told().length === 5, { what: 'they are in the log, once each' });
  assert.equal((await call('/payouts/days')).items.length, 4);
  assert.deepEqual((await call(`/payouts/days?before=${daysAgo(2)}`)).items.map(({ date }) => date), [daysAgo(3), daysAgo(4)]);
  for (const query of ['?before=today', '?before=2028-02-30'])
    assert.equal((await call(`/payouts/days${query}`)).status, 400);
  await at.books();
});
