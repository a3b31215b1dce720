// Random histories of debts, and afterwards the rules that concern reminders (design, "What must always
// hold", 3, 4 and 8), asked of events, of the gateway's books and of the test's own diary; the statements
// below are written from the rules and not from the code. DUNLIN_SEED plays one again, COUNT says how many
// turns in all (`scripts/test --long`).
//
// Seen red with each of these taken out, within four runs: the opt-out, the consent and the wish for notices
// only in the choice of the way; merging; that a claim finds its reminder still scheduled (once a step); that
// something is owed, in the look and the claim, together with the payment's own cancellation; holds, and
// payments in flight, in the look and the claim; the send window; the contact budget. The paid check of the
// claim alone stays green here, as the cancellation goes before it: reminder_races.test.mjs is for that moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from '../fake/fake_service.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { assertClaimsEnd } from '../support/push_books.mjs';
import { History, phoneOf } from '../support/history.mjs';

const first = Number(process.env.DUNLIN_SEED ?? Date.now() % 1e6);
const isLong = Number(process.env.COUNT ?? 0) >= 10000;
const runs = Number(process.env.RUNS ?? (isLong ? 40 : 2)), TURNS = 18;
const starts = ['2027-03-22T07:00:00Z', '2027-10-25T07:00:00Z', '2028-02-24T07:00:00Z', '2027-12-20T07:00:00Z'];
const STOP_MS = 1000; // the red switch stops all within a second
const NOW_MS = 2; // what was confirmed holds for whatever commits later than this

// Of the text that was sent: what may be refused (docs/mail.md), before the due date and on it, thank-yous, details.
const refusable = /^..\/(issue|before|before_2|before_leasing|due|thanks|details|instalment_before|instalment_due)(?![a-z_0-9])/;
const thanks = `(c.step like 'thanks%' or c.step like 'paid\\_%')`;
const answer = "(c.step like 'plan\\_agreed%')"; // to what the customer has just done
// Every claim: when by business time, and when PostgreSQL says that it was committed.
const claims = `select e.customer_id, e.invoice_id, e.event_no, e.at, f->>'step' as step, f->>'channel' as channel,
    (f->>'message')::int as message, (f->>'due_minor')::bigint as due_minor, f->>'due_at' as due_at,
    extract(epoch from pg_xact_commit_timestamp(e.xmin)) * 1000 as committed
  from event e, lateral (select e.facts::json as f) j where e.kind = 'reminder.claimed'`;
// How each claim ended.
const ended = `select c.*, n.kind as ended, n.reason, n.text from (${claims}) c
  left join lateral (select e.kind, e.facts::json->>'reason' as reason, e.facts::json->>'text' as text from event e where e.customer_id = c.customer_id and e.invoice_id = c.invoice_id
    and e.event_no > c.event_no and e.facts::json->>'step' = c.step and e.kind in ('reminder.sent', 'reminder.failed', 'reminder.uncertain',
      'reminder.cancelled', 'reminder.given_back', 'reminder.claimed') order by e.event_no limit 1) n on true`;

const rulesOf = (budget) => ({
  'a step is sent once': `select customer_id, invoice_id, step from (${ended}) c
    where ended in ('reminder.sent', 'reminder.uncertain') group by 1, 2, 3 having count(*) > 1`,
  'a step is claimed again only after it was given back': `select * from (select c.*, lag(ended) over (partition by customer_id, invoice_id, step
      order by event_no) as before from (${ended}) c) c where before not in ('reminder.given_back', 'reminder.cancelled')`,
  'nothing is claimed while nothing is owed, no thank-you while something is': `select * from (${claims}) c
    where (due_minor <= 0) <> ${thanks}`,
  'the balance that a claim saw is that of the ledger': `select * from (${claims}) c where due_minor <> (select sum(l.amount_minor)
    from ledger_entry l where l.customer_id = c.customer_id and l.invoice_id = c.invoice_id
      and extract(epoch from pg_xact_commit_timestamp(l.xmin)) * 1000 < c.committed)`,
  'nobody is written to outside the hours': `select c.*, at at time zone k.time_zone as local from (${claims}) c join customer k using (customer_id)
    where channel not in ('call', 'handover') and (at at time zone k.time_zone)::time not between '08:00' and '19:59:59.999999'`,
  'of the steps missed only the newest goes': `select c.*, r.step as newer from (${claims}) c
    join reminder o on o.customer_id = c.customer_id and o.invoice_id = c.invoice_id and o.step = c.step
    join reminder r on r.customer_id = c.customer_id and r.invoice_id = c.invoice_id and r.state = 'skipped' and r.reason = 'missed'
      and coalesce(r.ladder_at, r.due_at) > coalesce(o.ladder_at, o.due_at) and r.finished_at <= c.at where not ${thanks}`,
  'no two steps of a debt go at one moment': `select c.customer_id, c.invoice_id, c.at, array_agg(c.step) from (${ended}) c
    where not ${thanks} and not ${answer} and ended in ('reminder.sent', 'reminder.uncertain') and channel not in ('call', 'handover')
    group by 1, 2, 3 having count(distinct split_part(c.step, '+', 1)) > 1`,
  'a person is not written to more often than allowed': [[1, budget.budget_day], [7, budget.budget_week], [30, budget.budget_30_days]].map(([days, most]) => `
    select m.customer_id, m.at, ${days} as days, count(*) from (
      select c.customer_id, c.message, max(c.at) as at from (${ended}) c join reminder r on r.customer_id = c.customer_id and r.invoice_id = c.invoice_id
        and r.step = c.step where not ${thanks} and c.channel <> 'handover' and ended in ('reminder.sent', 'reminder.uncertain')
        and r.delivery is distinct from 'undelivered' group by 1, 2) m
    join (select distinct c.customer_id, c.message, c.at from (${ended}) c where not ${thanks} and c.channel <> 'handover'
      and ended in ('reminder.sent', 'reminder.uncertain')) n on n.customer_id = m.customer_id and n.at <= m.at and n.at > m.at - interval '${days} days'
    group by 1, 2, m.message having count(distinct n.message) > ${most}`).join(' union all '),
  'what has ended says when and why': `select customer_id, invoice_id, step, state, reason from reminder
    where state not in ('scheduled', 'claimed') and (coalesce(reason, '') = '' or finished_at is null)`,
  'what waits is a reminder of something owed, or held': `select r.customer_id, r.step, r.state from reminder r join invoice i using (customer_id, invoice_id)
    where r.state = 'scheduled' and (i.due_minor <= 0) <> (r.step like 'thanks%' or r.step like 'paid\\_%')`,
  'what was sent can be explained': `select r.customer_id, r.invoice_id, r.step from reminder r where r.state in ('sent', 'uncertain') and not exists (
    select from (${claims}) c where c.customer_id = r.customer_id and c.invoice_id = r.invoice_id and c.step = r.step
      and c.channel is not null and c.due_minor is not null and c.due_at is not null and c.message is not null)`,
  'what was skipped can be explained': `select r.customer_id, r.invoice_id, r.step, r.reason from reminder r where r.state = 'skipped' and not exists (
    select from event e where e.customer_id = r.customer_id and e.invoice_id = r.invoice_id and e.kind = 'reminder.skipped'
      and e.facts::jsonb->'steps' ? r.step and e.facts::json->>'reason' = r.reason and (r.reason <> 'no address' or e.facts::json->>'passed_over' <> ''))`,
  'a message has one number, one channel and one moment': `select customer_id, message from (${ended}) c where ended in ('reminder.sent', 'reminder.uncertain')
    group by 1, 2 having count(distinct (at, channel)) > 1`,
  'what goes to a person at one moment and one way is one message': `select customer_id, committed, channel from (${ended}) c
    where ended = 'reminder.sent' and reason <> 'sent before' and not ${thanks} and not ${answer} and channel in ('sms', 'email', 'push')
      and not exists (select from (${ended}) b where b.customer_id = c.customer_id and b.invoice_id = c.invoice_id and b.step = c.step
        and b.event_no < c.event_no)
    group by customer_id, committed, channel having count(distinct message) > 1`,
});

// Claims that were committed while something forbade them, by the diary.
function forbiddenOf(all, spans) {
  const wrong = [];
  for (const span of spans) {
    for (const claim of all) {
      // A claim that had looked before may be committed behind it; one that began at a later hour had not.
      const margin = span.isSoft && Date.parse(claim.at) <= span.at ? STOP_MS : NOW_MS;
      if (claim.committed <= span.from + margin || claim.committed >= span.to) continue;
      if (span.debt !== undefined && span.debt !== claim.invoice_id) continue;
      if (span.customer !== undefined && (span.customer !== claim.customer_id || span.channel !== claim.channel)) continue;
      if (span.until !== undefined && Date.parse(claim.at) >= span.until) continue;
      if (span.isOfRefusable && !(claim.ended === 'reminder.sent' && refusable.test(claim.text))) continue;
      const isThanks = /^(thanks|paid_)/.test(claim.step);
      if (isThanks && span.customer === undefined && !span.isSoft) continue;
      if (span.what === 'plan' && /^(part_|plan_agreed)/.test(claim.step)) continue;
      wrong.push({ forbidden: span, claim });
    }
  }
  return wrong;
}

// All that is known of the debts of a customer, for whoever looks for the cause.
async function storyOf({ bed, fake }, customer) {
  const lines = [];
  for (const { line } of await bed.db.query(`
      select format('%s %s #%s %s %s', to_char(to_timestamp(extract(epoch from pg_xact_commit_timestamp(xmin))) at time zone 'UTC', 'HH24:MI:SS.MS'),
        at at time zone 'UTC', event_no, kind, facts) as line from event where customer_id = ${customer} order by invoice_id, event_no`)) lines.push(line);
  for (const row of await bed.db.query(`select invoice_id, step, state, reason, due_at, try_at, channel, message_no, claimed_at, finished_at, delivery
    from reminder where customer_id = ${customer} order by invoice_id, due_at`)) lines.push(JSON.stringify(row));
  for (const { at, fields } of fake.requests.filter(({ fields: { to } }) => to === phoneOf(customer)))
    lines.push(`${new Date(at).toISOString()} asked for ${fields.idx}: ${fields.message.slice(0, 60)}`);
  return lines.join('\n');
}

async function assertRules(history) {
  const { bed, fake } = history;
  for (const [rule, sql] of Object.entries(rulesOf(history.budget))) {
    const wrong = await bed.db.query(sql);
    if (wrong.length > 0) assert.deepEqual(wrong.slice(0, 3), [], `${rule}\n${await storyOf(history, wrong[0].customer_id)}`);
  }
  assert.deepEqual(forbiddenOf(await bed.db.query(ended), history.forbidden).slice(0, 3), [], 'claimed while it was forbidden');
  // The gateway's books: no message twice, and for each person what the database says was sent.
  const times = new Map();
  for (const { idx } of fake.sent) times.set(idx, (times.get(idx) ?? 0) + 1);
  assert.deepEqual([...times].filter(([, count]) => count > 1), [], 'an SMS was sent twice');
  for (const { customer_id: customer, sent, perhaps } of await bed.db.query(`select customer_id,
      count(distinct message_no) filter (where state = 'sent')::int as sent, count(distinct message_no) filter (where state = 'uncertain' or (state = 'scheduled' and perhaps_sent_at is not null))::int as perhaps
      from reminder where channel = 'sms' group by 1`)) {
    const got = fake.sent.filter(({ to }) => to === phoneOf(customer)).length;
    if (got < sent || got > sent + perhaps)
      assert.fail(`customer ${customer}: ${got} SMS, sent ${sent}, uncertain ${perhaps}\n${await storyOf(history, customer)}`);
  }
  await assertClaimsEnd(bed);
  await assertBooksBalance(bed);
}

for (let run = 0; run < runs; ++run) {
  const seed = first + run;
  test(`a random history keeps the rules, DUNLIN_SEED=${seed}`, async (t) => {
    const random = seeded(seed), history = new History({ random, start: starts[Math.floor(random() * starts.length)] });
    try {
      await history.begin();
      for (let turn = 0; turn < TURNS; ++turn) await history.turn();
      await history.finish();
      await assertRules(history);
      const [counts] = await history.bed.db.query(`select count(*)::int as claimed, (select json_object_agg(state, n) from (select state, count(*) as n from reminder group by 1) s) as states,
        (select count(*) from (select from reminder where state = 'sent' group by customer_id, message_no having count(*) > 1) m) as merged from (${claims}) c`);
      const [passed] = await history.bed.db.query(`select count(*) filter (where p like '%opted out%')::int as "opted out", count(*) filter (where p like '%no consent%')::int
        as "no consent", count(*) filter (where p like '%notices only%')::int as "notices only" from (select facts::json->>'passed_over' as p from event where kind in ('reminder.claimed', 'reminder.skipped')) e`);
      t.diagnostic(`${history.kind}, ${history.budget.budget_day} a day, ${history.debts.length} debts, ${history.log.length} deeds: ${JSON.stringify(counts)}, passed over: ${JSON.stringify(passed)}`);
      assert.ok(counts.claimed > 10, 'hardly anything was sent');
    } catch (error) {
      t.diagnostic(history.log.join('\n'));
      throw error;
    } finally {
      await history.fake?.close();
    }
  });
}
