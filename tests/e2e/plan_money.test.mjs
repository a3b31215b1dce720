// A plan follows its debt's money, whatever comes in whatever order: random histories against a model that
// knows no SQL, each played twice, in two orders and in other transactions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { atEnd } from '../support/cleanup.mjs';
import { startCluster } from '../support/cluster.mjs';
import { makeGateway } from '../support/gateway.mjs';
import { agreeSql } from '../support/plans.mjs';
import { Psql } from '../support/psql.mjs';

const HISTORIES = Number(process.env.DUNLIN_HISTORIES ?? 120);
const cluster = await startCluster(['fsync = off']);
const gateway = await makeGateway({ database: { url: cluster.app, owner_url: cluster.owner } });
atEnd(() => gateway.end());
gateway.writeSettings();
gateway.command('migrate');
const db = new Psql(cluster.owner);

// mulberry32, so that a failure can be played again.
function randomOf(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

// What money does to parts: a purse that is emptied into them, the first one first; the creditor's changes
// are the last ones', but what their corrections take off is a transfer that they heard of, and money; what was taken
// back of earlier money is owed at the very end.
function expected(agreed, movements) {
  const parts = [...agreed];
  let purse = 0, change = 0, corrected = 0;
  for (const { kind, minor } of movements)
    if (['payment', 'refund', 'refund_reversal', 'chargeback', 'chargeback_reversal'].includes(kind)) purse -= minor;
    else if (kind === 'correction') corrected += minor;
    else change += minor;
  const due = agreed.reduce((a, b) => a + b) - purse + change + corrected;
  if (purse < 0) [change, purse] = [change - purse, 0];
  if (corrected < 0) purse -= corrected;
  else change += corrected;
  for (let i = parts.length - 1; change !== 0 && i >= 0; --i) {
    const step = Math.max(change, -parts[i]);
    parts[i] += step;
    change -= step;
  }
  let isPrefix = true;
  return { due, state: due <= 0 ? 'completed' : 'active', is_held: due > 0, parts: parts.map((amount) => {
    const paid = Math.min(purse, amount);
    purse -= paid;
    isPrefix &&= due <= 0 || (amount > 0 && paid === amount);
    return { amount, left: due <= 0 ? 0 : amount - paid, is_paid: isPrefix, is_open: due > 0 && amount > paid };
  }) };
}

const KINDS = { payment: -1, refund: 1, refund_reversal: -1, chargeback: 1, chargeback_reversal: -1, fee: 1, interest: 1,
  write_off: -1, correction: 0 };
const MONEY = new Set(['payment', 'refund', 'refund_reversal', 'chargeback', 'chargeback_reversal']);

function drawMovements(draw, total) {
  return Array.from({ length: 1 + draw(9) }, () => {
    const names = Object.keys(KINDS), kind = draw(2) ? 'payment' : names[draw(names.length)];
    const sign = KINDS[kind] || (draw(2) ? 1 : -1);
    return { kind, minor: sign * (1 + draw(draw(3) ? Math.ceil(total / 2) : total + 500)) };
  });
}

const shuffled = (draw, list) => list.map((item) => [draw(1e9), item]).sort(([a], [b]) => a - b).map(([, item]) => item);

// One transaction: the entries first, or the balance first, as statements happen to do it.
function bookSql(id, movements, draw, from) {
  const entries = movements.map(({ kind, minor }, i) => `insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,
      currency, payment_no, source_reference, at) select ${id}, ${id}, entry_no + 1, '${kind}', ${minor}, 'PLN',
      ${MONEY.has(kind) ? 1 : 'null'}, 'm${from + i}', now()
    from (select coalesce(max(entry_no), 0) as entry_no from ledger_entry where customer_id = ${id}) l;`);
  const balances = movements.map(({ minor }) => `update invoice set due_minor = due_minor + ${minor}, entry_count = entry_count + 1,
      changed_at = now(), paid_at = case when due_minor + ${minor} > 0 then null else coalesce(paid_at, now()) end
    where customer_id = ${id};`);
  const statements = draw(2) ? [...entries, ...balances] : [...balances, ...entries];
  return `begin; ${statements.join('\n')} commit;`;
}

async function seen(id) {
  const [row] = await db.query(`select i.due_minor as due, p.state, h.released_at is null as is_held,
      (p.ended_at is null) = (p.state = 'active') as is_ended_right,
      (select json_agg(json_build_object('amount', n.amount_minor, 'left', n.left_minor, 'is_paid', n.paid_at is not null,
        'is_open', n.is_open) order by n.part_no) from plan_parts(${id}, ${id}) n) as parts,
      (select count(*) filter (where kind = 'plan.completed') - count(*) filter (where kind = 'plan.resumed') from event e
        where e.customer_id = ${id}) as completions
    from invoice i join plan p using (customer_id, invoice_id) join hold h using (customer_id, invoice_id, hold_no)
    where i.customer_id = ${id}`);
  assert.ok(row.is_ended_right);
  assert.equal(row.completions, row.state === 'completed' ? 1 : 0, 'completed and resumed take turns');
  const { due, state, is_held, parts } = row;
  return { due, state, is_held, parts };
}

async function makeDebt(id, agreed, before) {
  const owed = agreed.reduce((a, b) => a + b) + before;
  await db.run(`insert into customer (customer_id, reference, name, language, time_zone, created_at, changed_at)
      values (${id}, 'C${id}', 'Jan Nowak', 'pl', 'Europe/Warsaw', now(), now());
    insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor, due_minor, issue_date, due_date,
        entry_count, created_at, changed_at)
      values (${id}, ${id}, 'FV/${id}', 'invoice', 'PLN', ${owed}, ${owed}, '2026-01-01', '2026-01-15', 1, now(), now());
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      values (${id}, ${id}, 1, 'charge', ${owed}, 'PLN', now());`);
  const draw = () => 0;
  if (before > 0) await db.run(bookSql(id, [{ kind: 'payment', minor: -before }], draw, 1000));
  await db.run(agreeSql({ customer: id, invoice: id, parts: agreed.map((amount, i) => ({ due: `2026-0${i + 3}-01`, amount })) }));
}

async function play(id, movements, draw, agreed) {
  const done = [];
  while (done.length < movements.length) {
    const next = movements.slice(done.length, done.length + 1 + draw(3));
    await db.run(bookSql(id, next, draw, done.length));
    done.push(...next);
    const is = await seen(id), model = expected(agreed, done);
    assert.deepEqual(is, model, JSON.stringify({ agreed, done }));
    assert.equal(is.parts.reduce((sum, { left }) => sum + left, 0), Math.max(0, is.due), 'what is left of the parts is what is due');
  }
}

test(`${HISTORIES} random histories, each in two orders, leave the parts as the model has them`, async () => {
  for (let n = 1; n <= HISTORIES; ++n) {
    const draw = randomOf(n), agreed = Array.from({ length: 1 + draw(6) }, () => 1 + draw(5000));
    const movements = drawMovements(draw, agreed.reduce((a, b) => a + b)), before = draw(2) ? 1 + draw(3000) : 0;
    for (const [id, order] of [[2 * n, movements], [2 * n + 1, shuffled(draw, movements)]]) {
      await makeDebt(id, agreed, before);
      await play(id, order, draw, agreed);
    }
    assert.deepEqual(await seen(2 * n), await seen(2 * n + 1), `history ${n}: the order has no meaning`);
  }
});

test('by hand: money back from before the plan, a refund that came back, a part cut away, all paid, charged back', async () => {
  const id = 900001, draw = randomOf(1);
  await makeDebt(id, [3000, 3000, 3000], 1000);
  const parts = async () => (await seen(id)).parts.map(({ amount, left, is_paid: isPaid, is_open: isOpen }) =>
    `${left}/${amount}${isPaid ? ' paid' : ''}${isOpen ? ' open' : ''}`).join(', ');
  const book = (kind, minor, from) => db.run(bookSql(id, [{ kind, minor }], draw, from));
  await book('chargeback', 1000, 1);
  assert.equal(await parts(), '3000/3000 open, 3000/3000 open, 4000/4000 open');
  await book('chargeback_reversal', -1000, 2);
  await book('payment', -4000, 3);
  assert.equal(await parts(), '0/3000 paid, 2000/3000 open, 3000/3000 open');
  await book('refund', 500, 4);
  await book('refund_reversal', -500, 5);
  assert.equal(await parts(), '0/3000 paid, 2000/3000 open, 3000/3000 open');
  await book('correction', -500, 6);
  assert.equal(await parts(), '0/3000 paid, 1500/3000 open, 3000/3000 open', 'a transfer that the creditor took off the amount');
  await book('correction', 500, 10);
  await book('write_off', -3000, 11);
  assert.equal(await parts(), '0/3000 paid, 2000/3000 open, 0/0');
  await book('payment', -2000, 7);
  assert.equal(await parts(), '0/3000 paid, 0/3000 paid, 0/0 paid');
  assert.equal((await seen(id)).state, 'completed');
  await book('chargeback', 4000, 8);
  assert.equal(await parts(), '1000/3000 open, 3000/3000 open, 0/0');
  assert.equal((await seen(id)).is_held, true);
});

test('a debt without a plan is left alone', async () => {
  await db.run(`insert into customer (customer_id, reference, name, language, time_zone, created_at, changed_at)
      values (900002, 'C900002', 'Jan Nowak', 'pl', 'Europe/Warsaw', now(), now());
    insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor, due_minor, issue_date, due_date,
        entry_count, created_at, changed_at)
      values (900002, 900002, 'FV/900002', 'invoice', 'PLN', 100, 100, '2026-01-01', '2026-01-15', 1, now(), now());
    insert into instalment (customer_id, invoice_id, part_no, due_date, amount_minor) values (900002, 900002, 1, '2026-02-01', 100);
    begin; update invoice set due_minor = 0 where customer_id = 900002; commit;`);
  const [{ is_open: isOpen }] = await db.query('select is_open from instalment where customer_id = 900002');
  assert.equal(isOpen, true);
});
