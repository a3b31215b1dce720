// The figures of random debts, worked out once more debt by debt, after the words of docs/results.md and
// with days looked up in the calendar of each time zone: the report joins whole sets by instants.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { atEnd } from '../support/cleanup.mjs';
import { startCluster } from '../support/cluster.mjs';
import { dunlin } from '../support/demo.mjs';
import { makeGateway } from '../support/gateway.mjs';
import { postgresPrograms } from '../support/local.mjs';

const run = promisify(execFile);
const HOUR = 3600e3, DAY = 24 * HOUR, permille = 150;
const seed = Number(process.env.SEED ?? Date.now() % 1000000);
let state = seed;
const random = () => { // mulberry32
  let t = (state = (state + 0x6d2b79f5) | 0);
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const one = (...list) => list[below(list.length)];
const often = (share, value, other = null) => (random() < share ? value() : other);

// In Havana the clocks go back over midnight.
const zones = ['Europe/Warsaw', 'America/Havana', 'America/New_York', 'Asia/Kolkata'];
const formats = Object.fromEntries(zones.map((z) => [z, new Intl.DateTimeFormat('en-CA', { timeZone: z })]));
const dayOf = (ms, zone) => formats[zone].format(ms);
const plus = (day, count) => new Date(Date.parse(day) + count * DAY).toISOString().slice(0, 10);
const iso = (ms) => ms === null ? null : new Date(ms).toISOString();
// Some time on a day or near its ends.
const around = (day, spread) => Date.parse(day) + Math.floor((random() * 2 - 1) * spread) * DAY
  + one(0, 4 * HOUR, 5 * HOUR, 22 * HOUR, 23 * HOUR, below(DAY), below(DAY)) + one(0, 0, -1, 1);

function makeWorld(now) {
  const w = { customers: [], debts: [], entries: [], reminders: [], changes: [], actions: [], holds: [], ratings: [], steps: [] };
  for (const scenario of [1, 2]) for (const version of [1, 2]) for (let n = 0; n < 3; ++n)
    w.steps.push({ scenario, version, n, name: `${['early', 'due', 'late'][n]}${scenario === 2 && n === 2 ? `_${version}` : ''}` });
  for (let id = 1; id <= 250; ++id) {
    const customer = { id, zone: one(...zones), messages: 0 };
    w.customers.push(customer);
    for (let at = now - 500 * DAY; random() < 0.5 && at < now; at += below(200 * DAY))
      w.changes.push({ customer: id, at, segment: one('on_time', 'sometimes_late', 'chronically_late') });
  }
  for (let id = 1; id <= 1500; ++id) {
    const customer = one(...w.customers), due = plus(iso(now).slice(0, 10), 20 - below(440));
    const debt = { id, customer, zone: customer.zone, currency: one('PLN', 'PLN', 'EUR'), due,
      paid_at: often(0.7, () => around(due, 40)) };
    w.debts.push(debt);
    addEntries(w, debt);
    addReminders(w, debt);
    if (random() < 0.2) w.actions.push({ debt, state: one('done', 'exported', 'open', 'taken') });
    for (let no = 1; random() < 0.15; ++no)
      w.holds.push({ debt, no, kind: one('admin', 'admin', 'promise'), reason: one(null, 'handed over', 'asked') });
    if (random() < 0.2) w.ratings.push({ debt, stars: 1 + below(5) });
  }
  return w;
}

function addEntries(w, debt) {
  const add = (kind, amount, at) => w.entries.push({ debt, no: w.entries.length + 1, kind, amount, at });
  add('charge', 1000 + below(90000), around(debt.due, 20));
  for (let i = below(5); i > 0; --i) {
    const kind = one('payment', 'payment', 'refund', 'refund_reversal', 'chargeback', 'chargeback_reversal', 'fee', 'correction', 'write_off');
    const sign = { payment: -1, refund_reversal: -1, chargeback_reversal: -1, write_off: -1, correction: one(-1, 1) }[kind] ?? 1;
    add(kind, sign * (1 + below(60000)), around(debt.due, 45));
  }
}

function addReminders(w, debt) {
  const { customer } = debt;
  for (let i = below(6); i > 0; --i) {
    const s = one(...w.steps), isCampaign = random() < 0.1, hasScenario = !isCampaign && random() < 0.9;
    const state = one('sent', 'sent', 'sent', 'uncertain', 'cancelled', 'skipped', 'failed', 'scheduled');
    // Every third is in the message of another debt of the customer, if there is one.
    const message = often(0.9, () => (customer.messages > 0 && random() < 0.35 ? 1 + below(customer.messages) : ++customer.messages));
    const at = around(debt.due, 35);
    w.reminders.push({ debt, step: `${one('thanks_', isCampaign ? 'campaign_' : 'x')}${w.reminders.length}`, state, channel: one('sms', 'email'),
      sent_at: at, due_at: at - one(0, HOUR), s: hasScenario ? s : null, campaign: isCampaign ? 1 : null,
      price: often(0.8, () => below(200000)), message });
  }
  for (const r of w.reminders.filter((m) => m.debt === debt && m.step.startsWith('thanks') && random() < 0.7))
    r.step = r.step.replace('thanks_', 'step_');
}

function sqlOf(w) {
  const put = (table, rows) => `insert into ${table} (${Object.keys(rows[0])}) select ${Object.keys(rows[0])}
    from json_populate_recordset(null::${table}, '${JSON.stringify(rows)}');\n`;
  const of = ({ customer, id }) => ({ customer_id: customer.id, invoice_id: id });
  const time = { created_at: iso(0), changed_at: iso(0) };
  return put('customer', w.customers.map((c) => ({ customer_id: c.id, reference: `c${c.id}`, time_zone: c.zone, ...time })))
    + put('segment_change', w.changes.map((c) => ({ customer_id: c.customer, at: iso(c.at), segment: c.segment })))
    + `insert into scenario (name, position, created_at) values ('private', 1, now()), ('firms', 2, now());
      insert into scenario_version (scenario_id, version, source, catch_up_days, created_at, created_by)
        select s, v, '', 7, now(), 'test' from generate_series(1, 2) s, generate_series(1, 2) v;\n`
    + put('scenario_step', w.steps.map((s) => ({ scenario_id: s.scenario, version: s.version, step_no: s.n, name: s.name, anchor: 'due',
      offset_days: 0, is_working_days: false, on_day_off: 'same', at_second: 0, channels: ['sms'], wait_seconds: [0], unless: [''],
      template: 'x', tone: 'neutral' })))
    + put('invoice', w.debts.map((d) => ({ ...of(d), number: `n${d.id}`, kind: 'invoice', currency: d.currency, amount_minor: 1,
      due_minor: 0, issue_date: d.due, due_date: d.due, paid_at: iso(d.paid_at), needs_plan: false, ...time })))
    + put('ledger_entry', w.entries.map((e) => ({ ...of(e.debt), entry_no: e.no, kind: e.kind, amount_minor: e.amount,
      currency: e.debt.currency, payment_no: e.kind === 'payment' ? e.no : null, source_reference: String(e.no), at: iso(e.at) })))
    + put('reminder', w.reminders.map((r) => ({ ...of(r.debt), step: r.step, due_at: iso(r.due_at), state: r.state, reason: 'x',
      channel: r.channel, claimed_at: iso(r.sent_at), finished_at: iso(r.sent_at), scenario_id: r.s?.scenario ?? null,
      version: r.s?.version ?? null, step_no: r.s?.n ?? null, campaign_id: r.campaign, price_micro: r.price, message_no: r.message })))
    + put('work_item', w.actions.map((a) => ({ ...of(a.debt), step: 'call', list: 'call', queue: 'q', state: a.state, reason: 'x', ...time })))
    + put('hold', w.holds.map((h) => ({ ...of(h.debt), hold_no: h.no, kind: h.kind, reason: h.reason, created_at: iso(0) })))
    + put('rating', w.ratings.map((r) => ({ ...of(r.debt), stars: r.stars, at: iso(0) })));
}

// ---- the figures, once more ----

const sum = (list, of) => list.reduce((total, x) => total + of(x), 0);
const isHeldOut = (id) => createHash('sha256').update(`holdout ${id}`).digest().readUInt16BE(0) % 1000 < permille;
// Half goes away from zero.
const share = (times, part, of) => (of === 0 ? null : Math.sign(part) * Number((2n * BigInt(times) * BigInt(Math.abs(part)) + BigInt(of)) / (2n * BigInt(of))));

function groupBy(list, keyOf) {
  const groups = new Map();
  for (const x of list) groups.set(keyOf(x), [...groups.get(keyOf(x)) ?? [], x]);
  return groups;
}

function factsOf(w, now) {
  const of = (list) => { const g = groupBy(list, (x) => x.debt); return (d) => g.get(d) ?? []; };
  const [entries, reminders, actions, holds, ratings] = [w.entries, w.reminders, w.actions, w.holds, w.ratings].map(of);
  const company = groupBy(w.reminders, (r) => `${r.debt.customer.id} ${r.message} ${r.channel}`);
  const priceOf = (r) => {
    const together = r.message === null ? [r] : company.get(`${r.debt.customer.id} ${r.message} ${r.channel}`);
    return Math.floor(Math.max(...together.map((x) => x.price ?? 0)) / together.length);
  };
  return w.debts.filter((d) => dayOf(now, d.zone) > d.due).map((d) => {
    const end = plus(d.due, 30), day = (ms) => dayOf(ms, d.zone);
    const isInThirty = (ms) => day(ms) > d.due && day(ms) <= end;
    const isSettled = day(now) > end;
    const overdue = Math.max(0, sum(entries(d).filter((e) => e.kind === 'charge' || day(e.at) <= d.due), (e) => e.amount));
    const moved = -sum(entries(d).filter((e) => ['payment', 'refund', 'refund_reversal', 'chargeback', 'chargeback_reversal'].includes(e.kind)
      && isInThirty(e.at)), (e) => e.amount);
    const last = reminders(d).filter((r) => r.s).sort((a, b) => a.due_at - b.due_at || (a.step < b.step ? -1 : 1)).at(-1);
    const changes = w.changes.filter((c) => c.customer === d.customer.id && day(c.at) < d.due);
    return {
      debt: d, isHeldOut: isHeldOut(d.customer.id), isSettled, isLate: d.paid_at === null || day(d.paid_at) > d.due,
      isPaid30: d.paid_at !== null && day(d.paid_at) <= end, overdue, recovered: Math.min(Math.max(moved, 0), overdue),
      segment: changes.length > 0 ? changes.reduce((a, b) => (b.at > a.at ? b : a)).segment : 'on_time',
      scenario: last ? { 1: 'private', 2: 'firms' }[last.s.scenario] : 'none',
      version: last ? `${{ 1: 'private', 2: 'firms' }[last.s.scenario]} ${last.s.version}` : 'none',
      month: d.due.slice(0, 7),
      messages: reminders(d).filter((r) => ['sent', 'uncertain'].includes(r.state) && !r.step.startsWith('thanks')).map((r) => ({
        at: r.sent_at, channel: r.channel, step: r.s?.name ?? (r.campaign ? 'campaign' : r.step), price: priceOf(r),
        isRecovery: isSettled && isInThirty(r.sent_at) })),
      actions: actions(d).filter((a) => ['done', 'exported'].includes(a.state)).length
        + holds(d).filter((h) => h.kind === 'admin' && h.reason !== 'handed over').length,
      stars: ratings(d).map((r) => r.stars),
    };
  });
}

// A debt and the messages about it that belong to a group.
function membersOf(facts, by) {
  if (!['step', 'channel'].includes(by))
    return facts.map((f) => ({ ...f, key: f[by], last: Math.max(...f.messages.map((m) => m.at).filter((at) => at <= f.debt.paid_at)) }));
  return facts.filter((f) => !f.isHeldOut).flatMap((f) => {
    const before = f.messages.filter((m) => f.debt.paid_at !== null && m.at <= f.debt.paid_at);
    const last = Math.max(...before.map((m) => m.at));
    const lastKey = before.filter((m) => m.at === last).map((m) => m[by]).sort()[0];
    return [...groupBy(f.messages, (m) => m[by])].map(([key, messages]) => ({ ...f, key, messages, last: key === lastKey ? last : -Infinity }));
  });
}

function figuresOf(members, now) {
  const ours = members.filter((m) => !m.isHeldOut), theirs = members.filter((m) => m.isHeldOut);
  const settled = ours.filter((m) => m.isSettled), theirSettled = theirs.filter((m) => m.isSettled);
  const count = (list, is) => list.filter(is).length;
  const messages = ours.flatMap((m) => m.messages.map((x) => ({ ...x, paid_at: m.debt.paid_at })));
  const judged = messages.filter((x) => x.at + 48 * HOUR <= now);
  const paidAfter = ours.filter((m) => m.debt.paid_at !== null && m.last > -Infinity);
  const late = count(ours, (m) => m.isLate), paid30 = count(settled, (m) => m.isPaid30);
  const theirLate = count(theirs, (m) => m.isLate), theirPaid30 = count(theirSettled, (m) => m.isPaid30);
  const overdue = sum(settled, (m) => m.overdue), recovered = sum(settled, (m) => m.recovered);
  const theirOverdue = sum(theirSettled, (m) => m.overdue), theirRecovered = sum(theirSettled, (m) => m.recovered);
  const stars = ours.flatMap((m) => m.stars);
  const effect = (a, n, b, m) => (n === 0 || m === 0 ? null : share(1000, a * m - b * n, n * m));
  const margin = (a, n, b, m) => 1960 * Math.sqrt(a * (n - a) / n ** 3 + b * (m - b) / m ** 3);
  const bound = (sign, a, n, b, m) => (n === 0 || m === 0 ? null : Math.round(1000 * (a / n - b / m) + sign * margin(a, n, b, m)));
  const lates = [late, ours.length, theirLate, theirs.length], paids = [paid30, settled.length, theirPaid30, theirSettled.length];
  return {
    debts: ours.length, late, late_permille: share(1000, late, ours.length), messages: messages.length,
    messages_paid_48h_permille: share(1000, count(judged, (x) => x.paid_at !== null && x.paid_at >= x.at
      && x.paid_at <= x.at + 48 * HOUR), judged.length),
    reminded_paid: paidAfter.length,
    reminded_paid_48h_permille: share(1000, count(paidAfter, (m) => m.debt.paid_at <= m.last + 48 * HOUR), paidAfter.length),
    settled: settled.length, paid_30_permille: share(1000, paid30, settled.length),
    overdue_minor: overdue, recovered_minor: recovered, recovered_permille: share(1000, recovered, overdue),
    cost_micro: sum(messages, (x) => x.price),
    cost_per_100_recovered_micro: share(100, sum(messages.filter((x) => x.isRecovery), (x) => x.price), recovered),
    staff_actions: sum(ours, (m) => m.actions), ratings: stars.length, rating_hundredths: share(100, sum(stars, (s) => s), stars.length),
    holdout_debts: theirs.length, holdout_late_permille: share(1000, theirLate, theirs.length), holdout_settled: theirSettled.length,
    holdout_paid_30_permille: share(1000, theirPaid30, theirSettled.length), holdout_overdue_minor: theirOverdue,
    holdout_recovered_minor: theirRecovered, holdout_recovered_permille: share(1000, theirRecovered, theirOverdue),
    late_effect_permille: effect(...lates), late_effect_low_permille: bound(-1, ...lates), late_effect_high_permille: bound(1, ...lates),
    paid_30_effect_permille: effect(...paids), paid_30_effect_low_permille: bound(-1, ...paids),
    paid_30_effect_high_permille: bound(1, ...paids),
  };
}

// Bounds come from a square root: a last place may be rounded the other way.
function withoutBounds(item) {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !/_(low|high)_/.test(name)));
}

test(`the report of random debts is what each debt says (SEED=${seed})`, async () => {
  const cluster = await startCluster(['fsync = off']);
  const gateway = await makeGateway({ database: { url: cluster.app, owner_url: cluster.owner }, reminders: { holdout_permille: permille } });
  atEnd(() => gateway.end());
  mkdirSync(gateway.settings.data_dir);
  gateway.writeSettings();
  const settings = path.join(gateway.dir, 'dunlin.yaml'), sql = path.join(gateway.dir, 'seed.sql');
  await run(dunlin, ['migrate', '--settings', settings]);
  const world = makeWorld(Date.now());
  writeFileSync(sql, sqlOf(world));
  await run(path.join(postgresPrograms(), 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', cluster.owner, '-f', sql]);
  const from = plus(iso(Date.now()).slice(0, 10), -400), to = plus(iso(Date.now()).slice(0, 10), 20);
  for (const by of ['segment', 'scenario', 'version', 'step', 'channel', 'month']) {
    const now = Date.now();
    const { stdout } = await run(dunlin, ['results', '--from', from, '--to', to, '--by', by, '--json', '--settings', settings]);
    const facts = factsOf(world, now).filter((f) => f.debt.due >= from && f.debt.due <= to);
    const groups = groupBy(membersOf(facts, by), (m) => `${m.key}\t${m.debt.currency}`);
    const expected = [...groups].map(([group, members]) => ({ group, ...figuresOf(members, now) }));
    const found = new Map(JSON.parse(stdout).map((item) => [`${item.key}\t${item.currency}`, item]));
    assert.deepEqual([...found.keys()].sort(), expected.map((e) => e.group).sort(), by);
    for (const { group, ...figures } of expected) {
      const { key, currency, ...item } = found.get(group);
      assert.deepEqual(withoutBounds(item), withoutBounds(figures), `${by} ${key} ${currency}`);
      for (const name of Object.keys(figures).filter((n) => /_(low|high)_/.test(n)))
        assert.ok(Math.abs(item[name] - figures[name]) <= 1, `${by} ${key} ${currency} ${name}: ${item[name]}, not ${figures[name]}`);
    }
  }
});
