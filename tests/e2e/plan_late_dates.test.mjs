// Dates that come to be on the very day, when it and the next one are planned already: a payment and a
// promise, with steps that count from them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { message, send } from '../support/callbacks.mjs';
import { startDemo } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { about, makePayments } from '../support/money.mjs';

const demo = await startDemo({});
const step = (name, anchor, days) => `  - {name: ${name}, anchor: ${anchor}, days: ${days}, on_day_off: same, channels: [sms], template: due}\n`;
const scenario = `scenario: late_dates
title: "Steps from payments and promises"
time: "23:59"
steps:
${step('due', 'due', 0)}${step('rate', 'paid', 1)}${step('kept', 'promise', 0)}`;

const post = async (where, body, status) => {
  const answer = await demo.call(where, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  assert.equal(answer.status, status, `${where}: ${answer.text}`);
};
const planned = async () => (await demo.query(`select 1 from planned p where p.passing_to is null and p.scenarios = (
  select md5(string_agg(v.scenario_id || '.' || v.version || '@' || n.position || ':' || extract(epoch from v.in_force_from) || '-'
    || coalesce(extract(epoch from v.in_force_until)::text, ''), ' ' order by v.scenario_id, v.version))
  from scenario_version v join scenario n using (scenario_id) where v.in_force_from is not null)
  and not exists (select from invoice where needs_plan)`)).length === 1;
const has = (key, name, what) => eventually(async () => (await demo.query(`select 1 from reminder where state = 'scheduled'
  and customer_id = ${key.customer_id} and invoice_id = ${key.invoice_id} and step = '${name}' and step_date = current_date + 1`)).length === 1, { what });

test('a payment of today is followed tomorrow, and a promise for tomorrow as well', async () => {
  await post('/scenarios', scenario, 201);
  await post('/scenarios/late_dates/activate', {}, 200);
  await post('/scenarios/late_dates/position', { position: 1 }, 200);
  await eventually(planned, { what: 'the plan of the new scenario' });
  const [paid, promised] = await makePayments(demo, 2, 'late');
  assert.equal((await send(demo, message('paid', about(paid)))).status, 200);
  await has(paid, 'paid_rate', 'the step behind the payment');
  await demo.execute(`update payment set state = 'failed' where provider_reference = '${promised.id}'`);
  const tomorrow = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
  await post(`/invoices/${promised.customer_id}-${promised.invoice_id}/holds`, { kind: 'promise', until: tomorrow }, 201);
  await has(promised, 'kept.1', 'the step of the promise');
});
