// Calls and cases for collection: how they get onto the lists, what is shown, and what comes of them.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { run as runDunlin } from '../support/command.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { startOwed } from '../support/owed.mjs';

let owed, key, base, settings, ca;
const headers = () => ({ authorization: `Bearer ${key}` });

const run = (...args) => runDunlin(...args, '--settings', settings);

before(async () => {
  owed = await startOwed(14, { workers: 1 });
  settings = owed.gateway.settingsFile;
  ca = readFileSync(owed.gateway.settings.private.certificate);
  base = `${owed.gateway.settings.private.url}/api/v1`;
  key = owed.gateway.makeKey('calls');
  await owed.planned();
  await owed.execute(`update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled';
    update invoice set needs_plan = false;
    update customer set phone = '+485012345' || lpad(substr(reference, 2), 2, '0'), segment = 'on_time'`);
});

const ask = (where, options = {}) => request(`${base}/${where}`, { ca, ...options, headers: { ...headers(), ...options.headers } });
const post = (where, body) => ask(where, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

// As the channel puts it there; the step's way is set by SQL.
async function put(n, list, step = 'call_21') {
  await owed.execute(`with i as (select customer_id, invoice_id from invoice where number = 'FV/${n}')
    insert into work_item (customer_id, invoice_id, step, list, queue, state, reason, text, created_at, changed_at)
    select customer_id, invoice_id, '${step}', '${list}', 'on_time', 'open', 'step ${step}', '=say hello', now(), now() from i`);
}

async function idOf(n, step = 'call_21') {
  const [{ id }] = await owed.query(`select customer_id || '-' || invoice_id || '-${step}' as id from invoice where number = 'FV/${n}'`);
  return id;
}

const shown = async (query = '') => (await ask(`calls${query}`)).json().items.map(({ number }) => number);

test('a call shows whom to call, about what, and why', async () => {
  await put(0, 'call');
  const { status, json } = await ask('calls?queue=on_time').then((answer) => ({ status: answer.status, json: answer.json() }));
  assert.equal(status, 200);
  const [call] = json.items;
  assert.equal(call.id, await idOf(0));
  assert.deepEqual([call.customer.reference, call.customer.phone, call.why, call.text, call.state], ['K0', '+48501234500', 'step call_21', '=say hello', 'open']);
  assert.equal(call.debts[0].due_minor, 10000);
  assert.deepEqual(await shown('?queue=elsewhere'), []);
});

test('the list goes on behind its cursor', async () => {
  for (const n of [1, 2]) await put(n, 'call');
  const first = (await ask('calls?limit=2')).json(), second = (await ask(`calls?limit=2&cursor=${first.next_cursor}`)).json();
  assert.deepEqual([...first.items, ...second.items].map(({ number }) => number), ['FV/0', 'FV/1', 'FV/2']);
  assert.equal(second.next_cursor, null);
  for (const query of ['?cursor=x', '?limit=0', '?limit=501', '?state=gone'])
    assert.equal((await ask(`calls${query}`)).status, 400, query);
});

test('as CSV it is for spreadsheets: a byte order mark, semicolons, no formulas', async () => {
  const answer = await ask('calls.csv'), lines = answer.text.split('\r\n');
  assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8');
  assert.deepEqual([...answer.body.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  assert.match(lines[0], /^\ufeffid;queue;state;customer;name;phone;/);
  assert.match(lines[1], /;K0;Jan Nowak;\+48501234500;pl;FV\/0;PLN;100,00;/);
  assert.ok(lines[1].endsWith(`;"'=say hello"`), lines[1]);
  assert.equal((await run('calls')).out, answer.text);
});

test('what is paid, held or on its way is not shown', async () => {
  for (const n of [3, 4, 5]) await put(n, 'call');
  await owed.execute(`update invoice set due_minor = 0, paid_at = now() where number = 'FV/3';
    insert into hold (customer_id, invoice_id, hold_no, kind, created_at) select customer_id, invoice_id, 1, 'dispute', now() from invoice where number = 'FV/4'`);
  assert.deepEqual((await shown()).filter((n) => ['FV/3', 'FV/4', 'FV/5'].includes(n)), ['FV/5']);
  await owed.execute(`update hold set released_at = now() where kind = 'dispute'`);
  assert.ok((await shown()).includes('FV/4'));
});

test('a promise holds the debt, and the call is done', async () => {
  await put(6, 'call');
  const day = new Date(Date.now() + 5 * 86400e3).toISOString().slice(0, 10);
  assert.equal((await post(`calls/${await idOf(6)}`, { outcome: 'promised', until: day, taken_by: 'Ola', note: 'after payday' })).status, 204);
  const [hold] = await owed.query(`select h.kind, h.reason, h.until from hold h join invoice i using (customer_id, invoice_id) where i.number = 'FV/6'`);
  assert.deepEqual([hold.kind, hold.reason], ['promise', 'promised on the phone']);
  const [{ over }] = await owed.query(`select (date '${day}' + 2)::timestamp at time zone 'Europe/Warsaw' as over`); // a day of grace
  assert.equal(hold.until, over);
  const [promise] = await owed.query(`select p.given_by, p.promised_on, p.state from promise p join invoice i using (customer_id, invoice_id) where i.number = 'FV/6'`);
  assert.deepEqual(promise, { given_by: 'phone', promised_on: day, state: 'open' });
  const [item] = await owed.query(`select w.state, w.outcome, w.note, w.taken_by from work_item w join invoice i using (customer_id, invoice_id) where i.number = 'FV/6'`);
  assert.deepEqual(item, { state: 'done', outcome: 'promised', note: 'after payday', taken_by: 'Ola' });
  const [event] = await owed.query(`select e.facts from event e join invoice i using (customer_id, invoice_id) where i.number = 'FV/6' and e.kind = 'call.made'`);
  assert.equal(JSON.parse(event.facts).outcome, 'promised');
  assert.ok(!event.facts.includes('payday')); // what people write stays out of the chain
});

test('each outcome does what it says', async () => {
  const rows = [['reached', 'done', []], ['refused', 'done', []], ['no_answer', 'open', []], ['wrong_number', 'done', ['call', 'sms', 'voice']], ['paid', 'done', []]];
  for (const [i, [outcome, state, faults]] of rows.entries()) {
    const n = 7 + i;
    await put(n, 'call');
    assert.equal((await post(`calls/${await idOf(n)}`, { outcome })).status, 204);
    const [item] = await owed.query(`select w.state, w.outcome from work_item w join invoice i using (customer_id, invoice_id) where i.number = 'FV/${n}'`);
    assert.deepEqual(item, { state, outcome });
    const found = await owed.query(`select f.channel, f.is_dead from contact_fault f join customer c using (customer_id) where c.reference = 'K${n}' order by 1`);
    assert.deepEqual(found, faults.map((channel) => ({ channel, is_dead: true })));
    const holds = await owed.query(`select h.reason from hold h join invoice i using (customer_id, invoice_id) where i.number = 'FV/${n}'`);
    assert.deepEqual(holds, outcome === 'paid' ? [{ reason: 'says paid' }] : []);
  }
  assert.equal((await run('calls', await idOf(9), '--outcome', 'reached', '--by', 'Jan')).code, 0);
  assert.ok(!(await shown()).includes('FV/9'));
});

test('what makes no sense is refused', async () => {
  const id = await idOf(0), ago = new Date(Date.now() - 3 * 86400e3).toISOString().slice(0, 10);
  for (const body of [{}, { outcome: 'sold' }, { outcome: 'promised' }, { outcome: 'promised', until: '2026-02-30' }, { outcome: 'promised', until: ago },
    { outcome: 'promised', until: '2099-01-01' }, { outcome: 7 }, []])
    assert.equal((await post(`calls/${id}`, body)).status, 400, JSON.stringify(body));
  for (const other of ['1-1', 'x', '1-1-nosuch', '999999-1-call_21'])
    assert.equal((await post(`calls/${other}`, { outcome: 'reached' })).status, 404, other);
  assert.equal((await request(`${base}/calls`, { ca })).status, 401);
});

test('a hand-over file loses nothing when its download is lost', async () => {
  await put(12, 'handover', 'handover');
  await put(13, 'handover', 'handover');
  await owed.execute(`insert into hold (customer_id, invoice_id, hold_no, kind, reason, created_at) select customer_id, invoice_id, 1, 'admin', 'handed over', now() from invoice where number in ('FV/12', 'FV/13')`);
  const first = (await ask('handovers.csv')).text, lines = first.split('\r\n');
  assert.match(lines[0], /^\ufeffid;queue;customer;name;phone;email;language;invoice;.*;charge;payment;.*;interest;/);
  assert.equal(lines.length, 4);
  const cells = Object.fromEntries(lines[0].slice(1).split(';').map((name, i) => [name, lines[1].split(';')[i]]));
  assert.deepEqual([cells.customer, cells.phone, cells.invoice, cells.amount, cells.due, cells.charge, cells.interest, cells['days late']],
    ['K12', '+48501234512', 'FV/12', '100,00', '100,00', '100,00', '0,00', '0']);
  assert.equal((await ask('handovers.csv')).text, first);
  assert.deepEqual((await post('handovers/export', { ids: [cells.id] })).json(), { marked: 1 });
  assert.deepEqual((await post('handovers/export', { ids: [cells.id] })).json(), { marked: 0 });
  assert.equal((await post('handovers/export', { ids: ['x'] })).status, 400);
  const rest = (await run('handover')).out;
  assert.equal(rest.split('\r\n').length, 3);
  const file = path.join(owed.gateway.dir, 'handover.csv');
  writeFileSync(file, rest);
  assert.equal((await run('handover', '--exported', file)).out, '1 marked as handed over\n');
  assert.equal((await run('handover')).out.split('\r\n').length, 2);
});

test('a step whose way is a call or a hand-over gets onto its list, once, and the case rests', async () => {
  await owed.execute(`update customer set preferred_channel = 'call' where reference = 'K0'`);
  await owed.execute(`insert into scenario (name, position, created_at) values ('people', 99, now());
    insert into scenario_version (scenario_id, version, source, catch_up_days, created_at, created_by) select scenario_id, 1, '', 7, now(), 'test' from scenario where name = 'people';
    insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days, is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)
      select scenario_id, 1, n, w, 'due', 0, false, 'same', 0, array[w], array[0], array[''], 'due', 'neutral' from scenario, (values (0, 'call'), (1, 'handover')) v (n, w) where name = 'people';
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id, version, step_no, channel_no)
      select i.customer_id, i.invoice_id, s.name, now(), 'scheduled', 'test', s.scenario_id, 1, s.step_no, 0 from invoice i, scenario_step s
      where (i.number, s.name) in (('FV/1', 'call'), ('FV/2', 'handover')); notify dunlin_reminder`);
  const items = await eventually(async () => {
    const found = await owed.query(`select i.number, w.list, w.state, w.queue, w.text <> '' as has_text from work_item w join invoice i using (customer_id, invoice_id)
      where w.step in ('call', 'handover') and i.number in ('FV/1', 'FV/2') order by 1`);
    return found.length === 2 && found;
  });
  assert.deepEqual(items, [{ number: 'FV/1', list: 'call', state: 'open', queue: 'on_time', has_text: true },
    { number: 'FV/2', list: 'handover', state: 'open', queue: 'on_time', has_text: true }]);
  const holds = await owed.query(`select i.number, h.kind, h.reason from hold h join invoice i using (customer_id, invoice_id) where i.number in ('FV/1', 'FV/2')`);
  assert.deepEqual(holds, [{ number: 'FV/2', kind: 'admin', reason: 'handed over' }]);
  await eventually(async () => (await owed.query(`select state from reminder where step in ('call', 'handover') and reason <> 'test'`)).every(({ state }) => state === 'sent'));
});

test('a case is marked beside somebody who moves its debt', async () => {
  await put(13, 'handover', 'handed');
  const countOf = async () => Number((await owed.query(`select event_count from invoice where number = 'FV/13'`))[0].event_count);
  const before_ = await countOf();
  // A booking that is under way: it has the customer and the debt, and adds to its chain.
  const moves = owed.execute(`begin; select from customer where reference = 'K13' for no key update;
    update invoice set event_count = event_count + 1 where number = 'FV/13'; select pg_sleep(1.5); commit`);
  await eventually(async () => (await owed.query(`select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'`))[0].n === 1,
    { what: 'the booking to be under way', every: 20 });
  assert.deepEqual((await post('handovers/export', { ids: [await idOf(13, 'handed')] })).json(), { marked: 1 });
  await moves;
  assert.equal(await countOf(), before_ + 2);
});
