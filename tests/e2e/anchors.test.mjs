// Steps that count from a promise or from the parts of a plan: there as soon as that is agreed, whatever day was planned before.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { dunlin } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { startOwed } from '../support/owed.mjs';

let owed, ca, key;
const settings = () => path.join(owed.gateway.dir, 'dunlin.yaml');
const run = (...args) => execFileSync(dunlin, [...args, '--settings', settings()], { encoding: 'utf8' });

const dayFromNow = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);
const post = (where, body) => request(`${owed.gateway.settings.private.url}/api/v1/${where}`,
  { ca, method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
const rowOf = async (number) => (await owed.query(`select customer_id, invoice_id from invoice where number = '${number}'`))[0];
const stepsOf = async (number) => (await owed.query(`select r.step || ' ' || r.step_date as step from reminder r join invoice i using (customer_id, invoice_id)
  where i.number = '${number}' and r.scenario_id is not null and r.state = 'scheduled' order by 1`)).map(({ step }) => step);

before(async () => {
  owed = await startOwed(3, { workers: 1 });
  ca = readFileSync(owed.gateway.settings.private.certificate);
  key = JSON.parse(run('key', 'api', 'make', 'test', 'invoices', 'calls', '--json')).key;
  await owed.planned();
  const file = path.join(owed.gateway.dir, 'anchors.yaml');
  writeFileSync(file, `scenario: anchors
steps:
  - {name: kept, anchor: promise, days: 0, on_day_off: same, channels: [email], template: due}
  - {name: part, anchor: instalment, days: -1, on_day_off: same, channels: [email], template: due}
`);
  run('scenario', 'save', file);
  run('scenario', 'activate', 'anchors');
  run('scenario', 'off', 'standard');
  const settled = `select p.passing_to is null and p.scenarios = (select md5(string_agg(v.scenario_id || '.' || v.version || '@' || n.position || ':'
      || extract(epoch from v.in_force_from) || '-' || coalesce(extract(epoch from v.in_force_until)::text, ''), ' ' order by v.scenario_id, v.version))
    from scenario_version v join scenario n using (scenario_id) where v.in_force_from is not null)
    and not exists (select from invoice where needs_plan) and p.through > current_date as is_settled from planned p`;
  await eventually(async () => (await owed.query(settled))[0].is_settled);
  for (const number of ['FV/0', 'FV/1', 'FV/2'])
    assert.deepEqual(await stepsOf(number), []);
});
after(() => owed.gateway.end());

test('a promise for tomorrow has its step tomorrow', async () => {
  const { customer_id: c, invoice_id: i } = await rowOf('FV/0');
  assert.equal((await post(`invoices/${c}-${i}/holds`, { kind: 'promise', until: dayFromNow(1) })).status, 201);
  await eventually(async () => (await stepsOf('FV/0')).join() === `kept.1 ${dayFromNow(1)}`);
});

test('a promise on the telephone counts from the day that was named, though it rests the debt a day more', async () => {
  await owed.execute(`insert into work_item (customer_id, invoice_id, step, list, queue, state, reason, text, created_at, changed_at)
    select customer_id, invoice_id, 'call_21', 'call', 'on_time', 'open', 'step call_21', '', now(), now() from invoice where number = 'FV/2'`);
  const { customer_id: c, invoice_id: i } = await rowOf('FV/2');
  assert.equal((await post(`calls/${c}-${i}-call_21`, { outcome: 'promised', until: dayFromNow(1), taken_by: 'Ola' })).status, 204);
  await eventually(async () => (await stepsOf('FV/2')).join() === `kept.1 ${dayFromNow(1)}`);
});

test('the parts of a plan have theirs', async () => {
  const { customer_id: c, invoice_id: i } = await rowOf('FV/1');
  await owed.execute(`insert into instalment (customer_id, invoice_id, part_no, due_date, amount_minor)
    values (${c}, ${i}, 1, '${dayFromNow(2)}', 4000), (${c}, ${i}, 2, '${dayFromNow(60)}', 6000)`);
  assert.equal((await post(`invoices/${c}-${i}/holds`, { kind: 'plan' })).status, 201);
  await eventually(async () => (await stepsOf('FV/1')).join() === `part.1 ${dayFromNow(1)}`);
});

test('dunlin plan tells of a day, and of one debt that day alone when both are named', () => {
  const tomorrow = dayFromNow(1);
  assert.match(run('plan', '--date', tomorrow), new RegExp(`^${tomorrow}: 3 reminders, \\+\\d+ against the day before\n`));
  const { was, steps } = JSON.parse(run('plan', '--invoice', 'FV/0', '--date', tomorrow, '--json'));
  assert.deepEqual([was.map(({ step, date }) => [step, date]), steps.map(({ step, date }) => [step, date])], [[['kept.1', tomorrow]], [['kept.1', tomorrow]]]);
  const other = JSON.parse(run('plan', '--invoice', 'FV/0', '--date', dayFromNow(9), '--json'));
  assert.deepEqual([other.was, other.steps], [[], []]);
  assert.match(run('plan', '--invoice', 'FV/0', '--date', tomorrow), /\n  promise .*\n(.*\n)*its steps:\n.* kept\.1 +stays: planned before .*\n$/);
});
