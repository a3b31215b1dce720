// Plans that run, by a clock that stands still until it is moved: their reminders in the sandbox's inbox,
// parts paid early and late, one missed too many, and the ladder that goes on; two nodes and kill -9.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { Bed } from '../support/bed.mjs';
import { message, send } from '../support/callbacks.mjs';
import { temporaryFolder } from '../support/cleanup.mjs';
import { startCluster } from '../support/cluster.mjs';
import { eventually } from '../support/eventually.mjs';
import { makeGateway } from '../support/gateway.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { agreeSql } from '../support/plans.mjs';
import { Psql } from '../support/psql.mjs';
import { TestClock } from '../support/test_clock.mjs';

const folder = temporaryFolder(), bed = new Bed();
const clock = new TestClock(path.join(folder, 'clock'), '2028-03-01T07:00:00Z');
Object.assign(process.env, { TEST_CLOCK: path.join(folder, 'clock'), TEST_CHANNELS: 'sandbox' });
bed.cluster = await startCluster();
bed.secret = `whsec_${randomBytes(32).toString('base64')}`;
writeFileSync(path.join(folder, 'bank.secret'), bed.secret, { mode: 0o600 });
for (let n = 0; n < 2; ++n) {
  const gateway = await makeGateway({ workers: 1, database: { url: bed.cluster.app, owner_url: bed.cluster.owner },
    link_keys_file: path.join(folder, 'link.keys') });
  gateway.settings.providers = [{ provider: 'sandbox', api_url: 'http://127.0.0.1:9', start_origin: 'http://127.0.0.1:9',
    secret_files: [path.join(folder, 'bank.secret')] }];
  await bed.add(gateway);
}
const [node] = bed.nodes, db = new Psql(bed.cluster.owner);
const now = () => `'${clock.now.toISOString()}'::timestamptz`;
// The scenario of a new installation is in force, and what is planned is planned by it.
await eventually(async () => (await db.query("select from planned where scenarios <> ''")).length === 1, { what: 'a scenario in force', within: 30000 });

// Everything that is due by the clock has come to its end.
async function settle() {
  await db.run('notify dunlin_plan; notify dunlin_reminder');
  let left;
  await eventually(async () => {
    left = await db.query(`select r.customer_id, r.step, r.state, r.due_at from reminder r join invoice i using (customer_id, invoice_id)
      where r.state = 'claimed' or (r.state = 'scheduled' and greatest(r.due_at, r.try_at) <= ${now()} and i.due_minor > 0
        and not exists (select from hold h where h.customer_id = r.customer_id and h.released_at is null and h.kind <> 'plan')
        and not exists (select from payment p where p.customer_id = r.customer_id and p.state = 'pending'))
      union all select customer_id, 'to be planned', '', null from invoice where needs_plan
      union all select 0, 'horizon', '', null from planned where through < ((${now()} at time zone 'UTC') + interval '14 hours')::date + 1`);
    return left.length === 0;
  }, { what: `all has gone by ${now()}`, within: 30000, every: 20 }).catch((error) => {
    error.message += JSON.stringify(left.slice(0, 5));
    throw error;
  });
}

// Day by day, at eight and at noon in Warsaw, until this one.
async function moveTo(iso) {
  for (const end = Date.parse(iso); clock.ms < end;) {
    clock.set(Math.min(end, clock.ms + 12 * 3600e3));
    await settle();
  }
}

let imported = 0;
async function owe(number, amount, due) {
  const file = path.join(folder, `${++imported}.csv`);
  writeFileSync(file, `customer id,name,phone,language,invoice number,amount,currency,issue date,due date\n${
    [number].flat().map((one, n) => `K-${one},Jan Nowak,+48990${String(1000 * imported + n).padStart(6, '0')},pl,${one},${amount},PLN,2028-01-03,${due}\n`).join('')}`);
  node.command('import', file);
  return Promise.all([number].flat().map(async (one) => (await db.query(`select customer_id as customer, invoice_id as invoice, link_no
    from invoice where number = '${one}'`))[0]));
}

const sentTo = async ({ customer }) => (await db.query(`select m.step, to_char(m.at at time zone 'Europe/Warsaw', 'MM-DD') as day
  from sandbox_message m where m.customer_id = ${customer} order by m.message_id`)).map(({ step, day }) => `${day} ${step}`);
const eventsOf = async ({ customer }) => (await db.query(`select kind from event where customer_id = ${customer} and kind like 'plan.%'
  order by event_no`)).map(({ kind }) => kind);
const partsOf = async ({ customer, invoice }) => (await db.query(`select left_minor::int as left, paid_at is not null as paid,
  missed_at is not null as missed from plan_parts(${customer}, ${invoice})`)).map(({ left, paid, missed }) =>
  `${left}${paid ? ' paid' : ''}${missed ? ' missed' : ''}`);
const planOf = async ({ customer }) => (await db.query(`select p.state, i.plan_no, i.due_minor::int as due, h.released_at is null as is_held
  from plan p join invoice i using (customer_id, invoice_id) join hold h using (customer_id, invoice_id, hold_no) where customer_id = ${customer}`))[0];
const agree = (debt, parts, more = {}) => db.run(agreeSql({ ...debt, at: clock.now.toISOString(),
  parts: parts.map(([due, amount]) => ({ due, amount })), ...more }));

// A payment at the provider, begun but not heard of.
async function begin({ customer, invoice, link_no: link }, amount, state = 'started') {
  const [{ no }] = await db.query(`select payment_count + 1 as no from customer where customer_id = ${customer}`), id = `p_${customer}_${no}`;
  await db.run(`begin; update customer set payment_count = ${no} where customer_id = ${customer};
    insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor, currency, state, provider_reference,
        form_nonce, created_at, changed_at)
      values (${customer}, ${no}, ${link}, 'sandbox', 'default', 'redirect', ${amount}, 'PLN', '${state}', '${id}', '${id}', ${now()}, ${now()});
    insert into payment_allocation values (${customer}, ${no}, ${invoice}, ${amount});
    insert into provider_reference values ('sandbox', 'default', '${id}', ${customer}, ${no}); commit;`);
  return { id, amount };
}

async function tell(kind, { id, amount }) {
  const { status } = await send(bed.owedBy(node), message(kind, { id, movement: `${kind}_${id}`, amount_minor: amount, currency: 'PLN' }));
  assert.equal(status, 200, kind);
}

async function pay(debt, amount) {
  const payment = await begin(debt, amount);
  await tell('paid', payment);
  return payment;
}

test('three parts over 90 days: one early, one late, one taken back and missed, then the rest', async () => {
  await settle();
  const [debt] = await owe('A/1', '300.00', '2028-02-20');
  await settle(); // its newest missed step: after_9
  await agree(debt, [['2028-03-15', 10000], ['2028-04-14', 10000], ['2028-05-15', 10000]]);
  await moveTo('2028-03-10T09:00:00Z');
  assert.deepEqual(await sentTo(debt), ['03-01 after_9', '03-01 plan_agreed_1'], 'after_16 of the ladder rests');
  const first = await pay(debt, 10000);
  assert.deepEqual(await partsOf(debt), ['0 paid', '10000', '10000']);
  await moveTo('2028-04-16T12:00:00Z');
  assert.deepEqual((await sentTo(debt)).slice(2), ['04-11 part_before.2', '04-14 part_due.2', '04-15 part_missed.2'], 'nothing of the part paid early');
  const [{ title, body }] = await db.query(`select title, body from sandbox_message where customer_id = ${debt.customer} and step = 'part_missed.2'`);
  assert.deepEqual([title, body.replaceAll('\u00a0', ' ').replace(/ Kod [2-9A-Z]{2}-[2-9A-Z]{2}\.$/, '')], ['Rata czeka na wpłatę', 'A/1: nie widzimy jeszcze raty 2 z 3 z terminem 14 kwietnia 2028. Dotknij, aby otworzyć.']);
  await pay(debt, 4000); // in two goes, within the grace of three days
  await pay(debt, 6500);
  assert.deepEqual(await partsOf(debt), ['0 paid', '0 paid', '9500'], 'five zlotys are ahead of the last part');
  await moveTo('2028-05-02T09:00:00Z');
  assert.deepEqual(await eventsOf(debt), []);
  await tell('charged_back', first);
  assert.deepEqual(await partsOf(debt), ['0 paid', '9500', '10000']);
  await moveTo('2028-05-02T12:00:00Z');
  await eventually(async () => (await partsOf(debt))[1] === '9500 missed', { what: 'what was taken back is missed' });
  assert.equal((await planOf(debt)).state, 'active', 'one may be missed');
  await moveTo('2028-05-12T12:00:00Z');
  assert.deepEqual((await sentTo(debt)).slice(5), ['05-12 part_before.3']);
  await pay(debt, 19500);
  assert.deepEqual(await partsOf(debt), ['0 paid', '0 paid missed', '0 paid']);
  assert.deepEqual(await planOf(debt), { state: 'completed', plan_no: 1, due: 0, is_held: false });
  await moveTo('2028-05-20T12:00:00Z');
  assert.deepEqual((await sentTo(debt)).slice(6).map((one) => one.replace(/^\S+ |_\d+$/g, '')), ['thanks']);
  assert.deepEqual(await eventsOf(debt), ['plan.part_missed', 'plan.completed']);
});

test('a missed part breaks its plan: the newest step of the ladder comes, else the word that it is over', async () => {
  const [ladder] = await owe('B/1', '200.00', '2028-05-18'), [over] = await owe('B/2', '200.00', '2028-04-01');
  const [flying] = await owe('B/3', '200.00', '2028-05-18'), [disputed] = await owe('B/4', '200.00', '2028-05-18'), [kept] = await owe('B/5', '200.00', '2028-05-18');
  await settle();
  await moveTo('2028-05-21T06:00:00Z');
  const all = [ladder, over, flying, disputed, kept];
  for (const debt of all) await agree(debt, [['2028-05-22', 10000], ['2028-06-22', 10000]], { missedMax: 0 });
  const before = new Map(await Promise.all(all.map(async (debt) => [debt, (await sentTo(debt)).length])));
  await moveTo('2028-05-24T12:00:00Z');
  for (const debt of all) assert.deepEqual((await sentTo(debt)).slice(before.get(debt)).filter((one) => !/plan_agreed/.test(one)),
    ['05-22 part_due.1', '05-23 part_missed.1'], 'due today, then the nudge');
  await begin(flying, 10000, 'pending');
  await db.run(`begin; update invoice set hold_count = hold_count + 1 where customer_id = ${disputed.customer};
    insert into hold (customer_id, invoice_id, hold_no, kind, created_at) select customer_id, invoice_id, hold_count, 'dispute', ${now()}
      from invoice where customer_id = ${disputed.customer}; commit`);
  await moveTo('2028-05-25T21:30:00Z'); // half past eleven in the evening: the grace ends with the day
  assert.equal((await planOf(ladder)).state, 'active');
  await pay(kept, 10000);
  await moveTo('2028-05-25T22:30:00Z');
  await eventually(async () => (await planOf(over)).state === 'broken', { what: 'the plan is broken' });
  assert.deepEqual(await planOf(ladder), { state: 'broken', plan_no: null, due: 20000, is_held: false });
  for (const debt of [flying, disputed, kept]) assert.deepEqual([await eventsOf(debt), (await planOf(debt)).state], [[], 'active']);
  for (const debt of [ladder, over]) assert.deepEqual(await eventsOf(debt), ['plan.part_missed', 'plan.broken']);
  await moveTo('2028-05-26T12:00:00Z');
  // after_2 was for the 20th, when no plan was there; after_9 is for the 27th.
  await moveTo('2028-05-27T12:00:00Z');
  const rest = async (debt) => (await sentTo(debt)).slice(before.get(debt)).filter((one) => !/part_|agreed/.test(one));
  assert.deepEqual(await rest(ladder), ['05-26 plan_broken_1', '05-27 after_9']);
  assert.deepEqual(await rest(over), ['05-26 plan_broken_1']);
  assert.deepEqual(await rest(kept), []);
});

test('a step of the ladder that fell into the plan is the newest missed one, and says it instead', async () => {
  await moveTo('2028-06-01T06:00:00Z');
  const [debt] = await owe('C/1', '200.00', '2028-05-31');
  await settle();
  await agree(debt, [['2028-06-01', 20000]], { missedMax: 0, graceDays: 3 });
  await moveTo('2028-06-06T12:00:00Z'); // after_2 would have been on the 2nd
  assert.deepEqual((await sentTo(debt)).filter((one) => !/part_|agreed|due/.test(one)), ['06-05 after_2']);
  assert.equal((await planOf(debt)).state, 'broken');
  const [{ state, reason }] = await db.query(`select state, reason from reminder where customer_id = ${debt.customer} and step = 'plan_broken_1'`);
  assert.deepEqual([state, reason], ['skipped', 'missed']);
});

test('450 plans break once each, while both nodes lose their work processes again and again', async () => {
  await owe(Array.from({ length: 450 }, (_, n) => `D/${n}`), '10.00', '2028-06-20');
  const debts = await db.query(`select customer_id as customer, invoice_id as invoice from invoice where number like 'D/%'`);
  await settle();
  for (const debt of debts) await agree(debt, [['2028-06-08', 400], ['2028-07-08', 600]], { missedMax: 0 });
  await settle();
  clock.set(Date.parse('2028-06-12T09:00:00Z'));
  const broken = async () => Number((await db.query(`select count(*) from plan p join invoice i using (customer_id, invoice_id)
    where i.number like 'D/%' and p.state = 'broken'`))[0].count);
  for (let kills = 0; kills < 6 && await broken() < 450; ++kills) {
    await db.run('notify dunlin_plan');
    const from = await broken();
    await eventually(async () => await broken() > from, { within: 3000, every: 1, what: 'some more' }).catch(() => {});
    for (const one of bed.nodes) one.processes('work').forEach((pid) => process.kill(pid, 'SIGKILL'));
  }
  await eventually(async () => await broken() === 450, { within: 60000, what: 'all are broken' });
  const [{ missed, ended, held }] = await db.query(`select count(*) filter (where e.kind = 'plan.part_missed')::int as missed,
      count(*) filter (where e.kind = 'plan.broken')::int as ended, (select count(*)::int from hold h join invoice i using (customer_id, invoice_id)
        where i.number like 'D/%' and h.released_at is null) as held
    from event e join invoice i using (customer_id, invoice_id) where i.number like 'D/%'`);
  assert.deepEqual({ missed, ended, held }, { missed: 450, ended: 450, held: 0 });
  await assertBooksBalance({ query: (sql) => db.query(sql) });
});
