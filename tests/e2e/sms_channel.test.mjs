// Reminders as SMS through a fake of SMSAPI: once each, whatever the gateway does.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { startSmsapi } from '../fake/smsapi.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { startOwed } from '../support/owed.mjs';
import { metricOf, parseMetrics } from '../support/prometheus.mjs';

const folder = temporaryFolder();
const file = (name, text) => {
  writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  return path.join(folder, name);
};
const phone = (n) => `485012345${String(n).padStart(2, '0')}`;

// A gateway whose customers K0 … have telephones; nothing is due yet.
export async function startSms(debts, sms = {}, more = {}) {
  const fake = await startSmsapi();
  atEnd(() => fake.close());
  const owed = await startOwed(debts, { workers: 1, ...more,
    sms: { gateway: 'smsapi', url: `${fake.url}/sms.do`, check_url: `${fake.url}/user.do?format=json&credits=1`, token_file: file('token', 'sms-token-1234'), sender: 'MyBank',
      report: { secret_file: file('secret', 'r3port-Secret_of_the_address') }, rest_ms: 100, ...sms } });
  await owed.planned();
  await owed.execute(`update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled';
    update invoice set needs_plan = false;
    update customer set phone = '+485012345' || lpad(substr(reference, 2), 2, '0')`);
  return Object.assign(owed, {
    owed, fake,
    async state(n, wanted, step = 'due') {
      return eventually(async () => {
        const row = await this.reminder(n, step);
        return wanted(row) && row;
      }, { what: `reminder ${n}`, within: 20000 });
    },
    // Those that wait for their time are tried at once.
    hurry: () => owed.execute(`update reminder set try_at = now() where state = 'scheduled' and try_at is not null; notify dunlin_reminder`),
    async metric(name) {
      const { text } = await request(`http://127.0.0.1:${owed.gateway.operatorsPort}/metrics`);
      return metricOf(parseMetrics(text), name);
    },
  });
}

let sms;
before(async () => {
  sms = await startSms(40, { stopped_check_s: 1, failures_to_rest: 3 });
});

const isSent = ({ state }) => state === 'sent';

test('a reminder goes out once, under its message code, with parts and price', async () => {
  await sms.remind([0]);
  const row = await sms.state(0, isSent);
  const mine = sms.fake.sent.filter(({ to }) => to === phone(0));
  assert.equal(mine.length, 1);
  assert.match(mine[0].idx, /^[0-9A-Za-z]{18}$/);
  assert.match(mine[0].text, /FV\/0/);
  assert.deepEqual([row.channel, row.parts, Number(row.price_micro)], ['sms', mine[0].parts, 165000 * mine[0].parts]);
  assert.deepEqual(sms.fake.complaints, []);
  const [day] = await sms.query(`select message_count::int, price_micro::int from sending_day where channel = 'sms'`);
  assert.deepEqual(day, { message_count: 1, price_micro: 165000 * mine[0].parts });
  // Its report finds it by the same code.
  assert.deepEqual(await sms.fake.report(mine, [404]), { status: 200, text: 'OK' });
  assert.equal((await sms.reminder(0)).delivery, 'delivered');
});

for (const [n, what, rule] of [[1, 'cuts the connection', { cut: 'after' }], [2, 'answers 500', { accept: 500 }], [3, 'answers nonsense', { garbage: '{' }]])
  test(`a gateway that ${what} after accepting brings no second copy`, async () => {
    sms.fake.clear();
    sms.fake.add({ to: phone(n), times: 1, ...rule });
    await sms.remind([n]);
    const waiting = await sms.state(n, ({ try_at: tryAt, state }) => state === 'scheduled' && tryAt !== null);
    assert.equal(sms.fake.sent.filter(({ to }) => to === phone(n)).length, 1);
    assert.ok(['no answer', 'gateway said status 500', 'gateway said status 200'].includes(waiting.reason), waiting.reason);
    await sms.hurry();
    const row = await sms.state(n, isSent);
    assert.equal(row.reason, 'sent before'); // error 53
    assert.equal(sms.fake.sent.filter(({ to }) => to === phone(n)).length, 1);
    const ids = sms.fake.requests.filter(({ fields }) => fields.to === phone(n)).map(({ fields }) => fields.idx);
    assert.equal(ids.length, 2);
    assert.equal(new Set(ids).size, 1);
  });

test('a code of its own trouble is tried again, with the same id', async () => {
  sms.fake.clear();
  sms.fake.add({ to: phone(5), times: 2, code: 201 });
  await sms.remind([5]);
  for (let round = 0; round < 2; ++round) {
    await sms.state(5, ({ try_at: tryAt, state }) => state === 'scheduled' && tryAt !== null && new Date(tryAt) > new Date());
    await sms.hurry();
  }
  await sms.state(5, isSent);
  assert.equal(new Set(sms.fake.requests.filter(({ fields }) => fields.to === phone(5)).map(({ fields }) => fields.idx)).size, 1);
});

test('a number that is none ends the reminder, and the address', async () => {
  sms.fake.clear();
  sms.fake.add({ to: phone(6), code: 13 });
  await sms.remind([6]);
  const row = await sms.state(6, ({ state }) => state === 'failed');
  assert.match(row.reason, /no valid number \(13\)/);
  await eventually(async () => (await sms.query(`select is_dead from contact_fault f join customer c using (customer_id)
    where c.reference = 'K6' and f.channel = 'sms'`))[0]?.is_dead, { what: 'the fault of the number' });
  await sms.remind([6], 'after_2');
  assert.equal((await sms.state(6, ({ state }) => state !== 'scheduled' && state !== 'claimed', 'after_2')).state, 'skipped');
  assert.equal(sms.fake.requests.filter(({ fields }) => fields.to === phone(6)).length, 1);
});

test('who has paid meanwhile gets no second try', async () => {
  sms.fake.clear();
  sms.fake.add({ to: phone(7), code: 202 });
  await sms.remind([7]);
  await sms.state(7, ({ try_at: tryAt, state }) => state === 'scheduled' && tryAt !== null);
  await sms.execute(`update invoice set due_minor = 0, paid_at = now() where number = 'FV/7'`);
  await sms.hurry();
  sms.fake.clear();
  await sms.remind([8]);
  await sms.state(8, isSent);
  assert.equal(sms.fake.sent.filter(({ to }) => to === phone(7)).length, 0);
});

test('with no credit the channel stops with an alarm, holds its messages, and goes on by itself', async () => {
  sms.fake.clear();
  sms.fake.points = 0;
  const before_ = sms.fake.requests.length;
  await sms.remind([10, 11, 12, 13, 14]);
  await eventually(() => /channel stopped" channel=sms reason="no credit \(103\)"/.test(sms.owed.gateway.log), { what: 'the alarm' });
  await sms.remind([15, 16]);
  await eventually(() => /channel still stopped" channel=sms/.test(sms.owed.gateway.log), { what: 'a look at the credit' });
  const tried = sms.fake.requests.length - before_;
  assert.ok(tried <= 5, `${tried} requests while there is no credit`);
  for (const n of [10, 11, 12, 13, 14, 15, 16])
    assert.equal((await sms.reminder(n)).state, 'scheduled');
  sms.fake.points = 100;
  await eventually(() => /channel goes on" channel=sms/.test(sms.owed.gateway.log), { what: 'the channel goes on' });
  await sms.hurry();
  for (const n of [10, 11, 12, 13, 14, 15, 16])
    await sms.state(n, isSent);
  assert.equal(sms.fake.sent.filter(({ to }) => to >= phone(10) && to <= phone(16)).length, 7);
});

test('a gateway that is down is left alone for longer and longer, and one message tries it', async () => {
  sms.fake.clear();
  sms.fake.add({ status: 503 });
  const before_ = sms.fake.requests.length;
  await sms.remind([17, 18, 19, 20, 21, 22, 23]);
  await eventually(() => sms.fake.requests.length >= before_ + 3, { what: 'three failures' });
  for (let round = 0; round < 3; ++round) {
    await sms.hurry();
    const seen = sms.fake.requests.length;
    await eventually(() => sms.fake.requests.length > seen, { what: 'one more try' });
  }
  const times = sms.fake.requests.slice(before_).map(({ at }) => at), gaps = times.slice(1).map((at, i) => at - times[i]);
  assert.ok(Math.max(...gaps) >= 100, `rests: ${gaps}`); // rest_ms
  sms.fake.clear();
  await eventually(async () => {
    await sms.hurry();
    return (await Promise.all([17, 18, 19, 20, 21, 22, 23].map((n) => sms.reminder(n)))).every(isSent);
  }, { what: 'all are sent', within: 20000, every: 300 });
  assert.equal(sms.fake.sent.filter(({ to }) => to >= phone(17) && to <= phone(23)).length, 7);
});

test('a day\'s money is not overspent, and no more leave a second than allowed', async () => {
  const poor = await startSms(12, { spend_per_day: '0.85', part_price: '0.165', per_second: 8 });
  await poor.remind([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await eventually(() => poor.fake.sent.length === 5, { what: 'five SMS of 0.165', within: 20000 });
  await poor.hurry();
  await poor.remind([10]);
  await eventually(async () => (await poor.query(`select count(*)::int as count from reminder where state = 'sent'`))[0].count === 5, { what: 'all are recorded' });
  assert.equal(poor.fake.sent.length, 5);
  const [{ price }] = await poor.query(`select price_micro::int as price from sending_day where channel = 'sms'`);
  assert.equal(price, 825000);
  const at = poor.fake.requests.map((asked) => asked.at);
  for (let i = 0; i + 4 < at.length; ++i) // a quarter of the rate at once: no five within 300 ms
    assert.ok(at[i + 4] - at[i] >= 200, String(at.map((t) => t - at[0])));
});

test('what waits for a channel that stands still holds up nothing behind it', async () => {
  const poor = await startSms(100, { stopped_check_s: 600 });
  poor.fake.points = 0;
  await poor.remind([0]);
  await eventually(() => /channel stopped" channel=sms/.test(poor.owed.gateway.log), { what: 'the channel to stop' });
  // The call is the oldest of all that is due: it stands behind every SMS.
  await poor.execute(`update customer set preferred_channel = 'call' where reference = 'K99';
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
    select customer_id, invoice_id, 'due', now() - case number when 'FV/99' then interval '1 hour' else interval '1 minute' end,
      'scheduled', 'test' from invoice where number <> 'FV/0';
    notify dunlin_reminder`);
  await poor.state(99, isSent);
  assert.equal((await poor.query(`select count(*)::int as count from reminder where state = 'scheduled' and step = 'due'`))[0].count, 99);
});
