// The books of both sides of the push channel, and what must be true of them: what the services
// accepted, by push id and device, against what the database says of each push and each reminder.
import assert from 'node:assert/strict';

const LOCKS_MS = 1500;

// Every push the fakes accepted: id to { times, token, first, at: [ms] }.
export function acceptedBy({ apns, fcm }) {
  const books = new Map();
  const note = (id, token, at) => {
    const known = books.get(id);
    if (known === undefined) books.set(id, { times: 1, tokens: [token], at: [at] });
    else (++known.times, known.tokens.push(token), known.at.push(at));
  };
  for (const { id, target, at } of apns.accepted) note(id, target, at);
  for (const { message, target, at } of fcm.accepted) note(message.data.push, target, at);
  return books;
}

// Each push with its reminder and the device it was for.
export function pushesOf(bed) {
  return bed.query(`select p.push_id as id, p.customer_id as customer, p.step, p.state, p.reason, p.attempts,
      p.unknown_count as unknown, r.state as reminder, d.token, d.state as device,
      extract(epoch from d.ended_at) * 1000 as ended, extract(epoch from w.at) * 1000 as paid
    from push p
    join reminder r using (customer_id, invoice_id, step)
    join device d using (customer_id, installation)
    left join lateral (select e.at from event e where e.customer_id = p.customer_id and e.invoice_id = p.invoice_id
      and e.kind = 'payment.paid' order by e.event_no limit 1) w on true`);
}

// How a push ended, of the four ways and none.
function endOf({ state, reminder }) {
  if (state === 'accepted') return 'sent';
  if (state === 'refused' || state === 'expired') return state;
  if (state === 'unknown' && (reminder === 'failed' || reminder === 'uncertain')) return 'uncertain';
  if (['waiting', 'unknown'].includes(state) && (reminder === 'cancelled' || reminder === 'skipped')) return 'cancelled';
  // Another device of the same customer took it, or the reminder went another way.
  if (['waiting', 'unknown'].includes(state) && reminder === 'sent') return 'passed over';
  return `not ended (${state}, reminder ${reminder})`;
}

// The sums, and every single push held against what the services accepted.
export async function assertPushesAddUp(bed) {
  const pushes = await pushesOf(bed), accepted = acceptedBy(bed);
  const ends = {}, wrong = [];
  let copies = 0, unknowns = 0;
  for (const push of pushes) {
    const end = endOf(push), book = accepted.get(push.id) ?? { times: 0, tokens: [], at: [] };
    ends[end] = (ends[end] ?? 0) + 1;
    const isAccepted = push.state === 'accepted';
    if (end.startsWith('not ended')) wrong.push([end, push]);
    // An accepted one reached the service; what reached it besides is covered by an unknown outcome.
    if (book.times < (isAccepted ? 1 : 0)) wrong.push(['said to be accepted, and is not', push]);
    if (book.times > push.unknown + (isAccepted ? 1 : 0)) wrong.push([`accepted ${book.times} times`, push]);
    // Both times are of before the customers' locks were had, so that a few may stand in false order.
    if (push.device === 'moved' && book.at.some((at) => at > push.ended + LOCKS_MS))
      wrong.push(['reached a telephone that was somebody else\'s', push]);
    if (book.tokens.some((token) => token !== push.token)) wrong.push(['went to another device', push]);
    copies += Math.max(0, book.times - 1);
    unknowns += push.unknown;
    accepted.delete(push.id);
  }
  for (const [id, book] of accepted) wrong.push(['accepted, and the database knows nothing of it', { id, ...book }]);
  assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} pushes are wrong; ${JSON.stringify(ends)}`);
  assert.ok(copies <= unknowns, `${copies} copies, ${unknowns} unknown outcomes`);
  assert.equal(Object.values(ends).reduce((sum, one) => sum + one, 0), pushes.length);
  return { claimed: pushes.length, ...ends, copies, unknowns };
}

const claimsAndEnds = `select e.customer_id, e.invoice_id, e.event_no, e.at, e.kind, e.facts::json->>'step' as step
  from event e where e.kind like 'reminder.%' and e.facts::json->>'step' is not null
    and e.kind <> 'reminder.opened'`;

// In each debt's chain a claim is followed by exactly one outcome before the next claim, and nothing
// is left claimed. (The chain is the database's own order: whoever adds to it holds the debt's lock.)
export async function assertClaimsEnd(bed) {
  const open = await bed.query(`select customer_id, invoice_id, step, state from reminder where state = 'claimed' limit 5`);
  assert.deepEqual(open, [], 'claimed, and never ended');
  const odd = await bed.query(`with told as (${claimsAndEnds}), followed as (
      select *, lead(kind) over w as next from told
      window w as (partition by customer_id, invoice_id, step order by event_no))
    select * from followed where kind = 'reminder.claimed' and (next is null or next = 'reminder.claimed') limit 5`);
  assert.deepEqual(odd, [], 'a claim without an outcome');
}

// No claim stands behind the payment in its debt's chain, but those of thank-yous; and nothing of a
// paid debt's ladder still waits to be sent.
export async function assertNoneAfterPayment(bed) {
  const late = await bed.query(`with paid as (select customer_id, invoice_id, min(event_no) as event_no
      from event where kind = 'payment.paid' group by 1, 2)
    select c.* from (${claimsAndEnds}) c join paid p using (customer_id, invoice_id)
    where c.kind = 'reminder.claimed' and c.step not like 'thanks%' and c.event_no > p.event_no limit 5`);
  assert.deepEqual(late, [], 'claimed after it was paid');
  const left = await bed.query(`select r.customer_id, r.step, r.state, r.reason from reminder r
    join invoice i using (customer_id, invoice_id)
    where i.due_minor <= 0 and r.state = 'scheduled' and r.step not like 'thanks%' limit 5`);
  assert.deepEqual(left, [], 'paid, and still scheduled');
}

// Those that were on their way when the payment came: claimed before it in the chain, ended behind
// it. And what the services accepted after the payment was booked, with the longest gap.
export async function crossed(bed) {
  const [chain] = await bed.query(`with paid as (select customer_id, invoice_id, min(event_no) as event_no
      from event where kind = 'payment.paid' group by 1, 2),
    told as (select c.*, lead(kind) over w as next, lead(event_no) over w as next_no from (${claimsAndEnds}) c
      window w as (partition by customer_id, invoice_id, step order by event_no))
    select count(*)::int as claims, count(*) filter (where t.next = 'reminder.sent')::int as sent
    from told t join paid p using (customer_id, invoice_id)
    where t.kind = 'reminder.claimed' and t.step not like 'thanks%'
      and t.event_no < p.event_no and t.next_no > p.event_no`);
  const accepted = acceptedBy(bed);
  let late = 0, longestMs = 0;
  for (const { id, step, paid } of await pushesOf(bed)) {
    const gap = Math.max(...(accepted.get(id)?.at ?? [0])) - (paid ?? Infinity);
    if (step.startsWith('thanks') || !(gap > 0)) continue;
    ++late;
    longestMs = Math.max(longestMs, gap);
  }
  return { ...chain, acceptedAfter: late, longestMs: Math.round(longestMs) };
}
