// What nobody means and somebody types: no process dies of it, and each has its answer.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { execute, findConninfo, startDemo } from '../support/demo.mjs';

const demo = await startDemo({});
const post = (where, body) => demo.call(where, { method: 'POST', body: JSON.stringify(body) });
after(() => assert.doesNotMatch(demo.log.join('\n'), /process died/));

test('the plan of days at the ends of the calendar is empty', async () => {
  for (const date of ['9999-12-31', '0001-01-01']) {
    const answer = await demo.call(`/plan?date=${date}`);
    assert.equal(answer.status, 200, date);
    assert.equal(answer.json().total, 0);
  }
});

test('a promise for the end of the calendar does not end the explanation', async () => {
  const { id } = (await demo.call('/invoices')).json().items.find(({ state }) => state === 'due');
  assert.equal((await post(`/invoices/${id}/holds`, { kind: 'promise', until: '9999-12-31' })).status, 400);
  assert.equal((await post(`/invoices/${id}/holds`, { kind: 'promise', until: '9999-12-29' })).status, 201);
  await execute(findConninfo(demo.dir)[1], `insert into scenario_step select scenario_id, version, 60, 'kept', 'promise', 1, is_working_days, on_day_off,
    at_second, 0, 0, segments, products, kinds, currencies, null, null, channels, wait_seconds, unless, template, tone
    from scenario_step where step_no = 0`);
  assert.equal((await demo.call(`/invoices/${id}/plan`)).status, 200);
});

test('a name longer than any message about it, of letters of two bytes, is cut between letters', async () => {
  for (const start of ['', 'x']) {
    const text = `{{#sms}}{{${start}${'ą'.repeat(300)}}}{{/sms}}`;
    const preview = await post('/templates/preview', { text, channel: 'sms' });
    assert.equal(preview.status, 200);
    assert.match(preview.json().problem, /^\{\{x?ą+$/);
    const saved = await post('/templates/late/firm/pl', { text });
    assert.equal(saved.status, 422);
    assert.match(saved.json().mistakes[0].text, /^\{\{x?ą+\}\} is no field$/);
  }
});

test('a reference that is no text is unknown', async () => {
  for (const reference of ['%ff', '%c4', '%00', 'a%', '%4'])
    for (const where of ['', '/channels'])
      assert.equal((await demo.call(`/customers/${reference}${where}`)).status, 404, reference + where);
});

test('a cursor from before all time is none', async () => {
  for (const at of ['-9223372036854775808', '9223372036854775807'])
    assert.equal((await demo.call(`/calls?cursor=${Buffer.from(`${at}-1-1-due`).toString('base64url')}`)).status, 400, at);
});
