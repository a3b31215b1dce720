// The red switch, the payment feed and the day's allowance: by API and by command, on a running gateway.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { dunlin } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { apnsApp, apnsToken, startApns, startPushGateway } from '../support/push_gateway.mjs';

const apns = await startApns({ environment: 'production' });
const owed = await startPushGateway(20, [apnsApp(apns)], { reminders: { usual_factor: 1, ramp_start: 6, feed_age_max_hours: 1 } });
const settings = owed.gateway.settingsFile;
const command = (...args) => promisify(execFile)(dunlin, ['sending', ...args, '--settings', settings]);
const key = owed.gateway.makeKey('sending');

const api = (method, at, body, secret = key) => request(`${owed.gateway.settings.private.url}/api/v1/${at}`, {
  ca: readFileSync(owed.gateway.settings.private.certificate), method, body: body && JSON.stringify(body),
  headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
});
const state = async () => JSON.parse((await api('GET', 'sending')).body);
const sentTo = (numbers) => eventually(() => numbers.every((n) => apns.accepted.some(({ target }) => target === apnsToken(n))),
  { what: `pushes to ${numbers}`, every: 10 });
const nothingGoes = async (numbers) => {
  await new Promise((resolve) => setTimeout(resolve, 1500)); // that nothing comes is seen by waiting only
  for (const n of numbers)
    assert.equal((await owed.reminder(n)).state, 'scheduled');
};

test('a stop by API is in force at once, and says who and why', async () => {
  await owed.addDevice(0);
  assert.equal((await api('POST', 'sending', { stopped: true, reason: 'wrong texts' })).status, 204);
  await owed.remind([0]);
  await nothingGoes([0]);
  const now = await state();
  assert.equal(now.stopped, true);
  assert.equal(now.reason, 'wrong texts');
  assert.match((await command('status')).stdout, /stopped .*\n.*wrong texts/);
  await command('go');
  await sentTo([0]);
  assert.equal((await state()).stopped, false);
});

test('a stop by command is in force at once', async () => {
  await owed.addDevice(1);
  await command('stop', '--why', 'the bank is down');
  await owed.remind([1]);
  await nothingGoes([1]);
  assert.equal((await api('POST', 'sending', { stopped: false })).status, 204);
  await sentTo([1]);
});

test('what waits for the payment feed goes when it is there', async () => {
  await owed.addDevice(2);
  await owed.execute(`update invoice set due_date = current_date - 10 where number = 'FV/2'`);
  await owed.remind([2]);
  const waits = await eventually(async () => {
    const row = await owed.reminder(2);
    return row.reason === 'payment feed too old' && row;
  }, { what: 'the reminder to be put off', every: 20 });
  assert.equal(waits.state, 'scheduled');
  assert.equal((await api('PUT', 'payment-feed', { as_of: new Date().toISOString() })).status, 204);
  await sentTo([2]);
});

test('beyond the usual nothing goes until more is allowed', async () => {
  const numbers = [3, 4, 5, 6, 7, 8, 9];
  for (const n of numbers)
    await owed.addDevice(n);
  await owed.remind(numbers);
  await eventually(async () => (await state()).messages_today === 6, { what: 'six messages', every: 20 });
  const left = await owed.query(`select count(*)::int as count from reminder where step = 'due' and state = 'scheduled'`);
  assert.equal(left[0].count, 4);
  assert.match((await command('status')).stdout, /stopped +for today/);
  await command('allow', '8');
  await eventually(async () => (await state()).messages_today === 8, { what: 'eight messages', every: 20 });
  assert.equal((await api('POST', 'sending/allowance', { messages: 100 })).status, 204);
  await sentTo(numbers);
});

test('what is uncertain is shown, the newest first, page by page', async () => {
  const reader = owed.gateway.makeKey('invoices');
  const list = async (query) => (await api('GET', `reminders?${query}`, undefined, reader)).json();
  assert.deepEqual(await list('state=uncertain'), { items: [], next_cursor: null });
  await owed.execute(`insert into reminder (customer_id, invoice_id, step, due_at, state, reason, channel, claimed_at, finished_at)
    select customer_id, invoice_id, 'late_3', now(), case when number = 'FV/13' then 'failed' else 'uncertain' end, 'no answer', 'sms', now(),
      date_trunc('minute', now()) - make_interval(mins => substr(number, 4)::int)
    from invoice where number in ('FV/10', 'FV/11', 'FV/12', 'FV/13')`);
  const first = await list('state=uncertain&limit=2');
  assert.deepEqual(first.items.map(({ number, customer, step, channel, reason }) => [number, customer, step, channel, reason].join(' ')),
    ['FV/10 K10 late_3 sms no answer', 'FV/11 K11 late_3 sms no answer']);
  const second = await list(`state=uncertain&limit=2&cursor=${first.next_cursor}`);
  assert.deepEqual([second.items.map(({ number }) => number), second.next_cursor], [['FV/12'], null]);
  assert.deepEqual((await list('state=failed')).items.map(({ number }) => number), ['FV/13']);
  assert.equal((await state()).uncertain_7_days, 3);
  assert.match((await command('status')).stdout, /uncertain +3 reminders/);
  for (const query of ['', 'state=sent', 'state=failed&limit=0', 'state=failed&limit=201', 'state=failed&cursor=1-x'])
    assert.equal((await api('GET', `reminders?${query}`, undefined, reader)).status, 400, query);
});

test('what cannot be read is refused with its reason', async () => {
  for (const [method, at, body] of [
    ['POST', 'sending', { stopped: true }], ['POST', 'sending', { stopped: 'yes' }], ['POST', 'sending', {}],
    ['POST', 'sending/allowance', { messages: 0 }], ['PUT', 'payment-feed', { as_of: 'now' }],
    ['PUT', 'payment-feed', { as_of: '2999-01-01T00:00:00Z' }],
  ]) {
    const answer = await api(method, at, body);
    assert.equal(answer.status, 400, `${at} ${JSON.stringify(body)}`);
  }
  const other = owed.gateway.makeKey('imports');
  assert.equal((await api('GET', 'sending', undefined, other)).status, 403);
  for (const args of [['stop'], ['allow', 'many'], ['feed', 'today'], ['status', 'x'], ['halt']])
    await assert.rejects(command(...args), ({ code }) => code === 2);
});
