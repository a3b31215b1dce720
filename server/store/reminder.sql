-- Reminders on their way out. Candidates are chosen without locks, window by window; one transaction then locks the
-- customers and their invoices in order (as whoever moves money does), and a single update repeats
-- every condition and claims. So a payment that committed before the claim is always seen by it.
--
-- What lets a reminder of the ladder go, in the candidates and again in the claim:
--   it is scheduled and due; something is left to pay; the invoice has an active link; no payment is
--   on its way; nothing holds it; no newer step of the ladder is due as well.
-- A thank-you needs only to be scheduled and due.

-- name: reminder_candidates
-- A window of what is due, the newest first, before the last one seen, each with whether it may go.
-- (After an outage the newest step of an invoice goes and takes the missed ones out of the way.) The
-- window is cut out first and the conditions are looked at for its rows alone: asked in one go, a
-- hundred thousand due at ten o'clock were joined and sorted for each batch (6 s; a window 2 ms). Its
-- size is no parameter so that the plan knows it. The conditions are scalar subqueries and the times
-- subtracted so that no plan, on tables nobody has analysed yet, hashes a whole table or walks all
-- that is due for each row (seen: 120 ms a window). $1 now, $2 payments started before this no
-- longer hold, $3 due_at, $4 customer_id, $5 invoice_id, $6 step of the last one seen
-- customer_id, invoice_id, step, due_at, may_go
with due as materialized (
    select r.customer_id, r.invoice_id, r.step, r.due_at
    from reminder r
    where r.state = 'scheduled'
        and r.due_at <= $1::timestamptz
        and (r.due_at, r.customer_id, r.invoice_id, r.step)
            < ($3::timestamptz, $4::bigint, $5::bigint, $6::text)
    order by r.due_at desc, r.customer_id desc, r.invoice_id desc, r.step desc
    limit 256
)
select d.customer_id, d.invoice_id, d.step, d.due_at,
    d.step like 'thanks%' or (
        (select i.due_minor from invoice i
            where i.customer_id = d.customer_id and i.invoice_id = d.invoice_id
                and i.link_no is not null) > 0
        and (
            select 1 from hold h
            where h.customer_id = d.customer_id and h.invoice_id = d.invoice_id
                and h.released_at is null and (h.until is null or h.until > $1::timestamptz)
            limit 1) is null
        and (
            select 1 from payment_allocation a
            join payment p using (customer_id, payment_no)
            where a.customer_id = d.customer_id and a.invoice_id = d.invoice_id
                and (p.state = 'pending'
                    or (p.state in ('created', 'started') and p.changed_at > $2::timestamptz))
            limit 1) is null
        and (
            select 1 from reminder n
            where n.customer_id = d.customer_id and n.invoice_id = d.invoice_id
                and n.step not like 'thanks%' and n.state = 'scheduled'
                and n.due_at - d.due_at > interval '0'
                and n.due_at - $1::timestamptz <= interval '0'
            limit 1) is null) as may_go
from due d
order by d.due_at desc, d.customer_id desc, d.invoice_id desc, d.step desc;

-- name: reminder_lost
-- Claimed long ago by a process that did not live to say what became of it.
-- $1 claimed before, $2 at most
-- customer_id, invoice_id, step, channel, claimed_at; at most one an invoice
select distinct on (customer_id, invoice_id) customer_id, invoice_id, step, channel, claimed_at
from reminder
where state = 'claimed' and claimed_at < $1::timestamptz
order by customer_id, invoice_id
limit $2::bigint;

-- name: reminder_clock
-- What the server's clock says: first and last in the claim, to tell how long it took before its commit.
select clock_timestamp();

-- name: reminder_lock_customers
-- $1 customer_id[]
select customer_id
from customer
where customer_id = any ($1::bigint[])
order by customer_id
for no key update;

-- name: reminder_lock_invoices
-- $1 customer_id[], $2 invoice_id[]
select i.customer_id, i.invoice_id
from invoice i
join unnest($1::bigint[], $2::bigint[]) w (customer_id, invoice_id) using (customer_id, invoice_id)
order by i.customer_id, i.invoice_id
for no key update of i;

-- name: reminder_skip_missed
-- After an outage only the newest missed step goes out. $1 customer_id[], $2 invoice_id[], $3 now
with missed as (
    update reminder r
    set state = 'skipped', reason = 'missed', finished_at = $3::timestamptz
    from unnest($1::bigint[], $2::bigint[]) w (customer_id, invoice_id)
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id
        and r.state = 'scheduled' and r.due_at <= $3::timestamptz
        and r.step not like 'thanks%'
        and exists (
            select from reminder n
            where n.customer_id = r.customer_id and n.invoice_id = r.invoice_id
                and n.step not like 'thanks%'
                and n.due_at > r.due_at and n.due_at <= $3::timestamptz
                and n.state in ('scheduled', 'claimed', 'sent', 'uncertain'))
    returning r.customer_id, r.invoice_id, r.step, r.due_at
), told as (
    select m.customer_id, m.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_build_object('steps', json_agg(m.step order by m.due_at), 'reason', 'missed')::text
            as facts
    from missed m
    join invoice i using (customer_id, invoice_id)
    group by m.customer_id, m.invoice_id, i.event_count, i.chain_head
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $3::timestamptz, 'reminder.skipped', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_no, $3::timestamptz, 'reminder.skipped', facts, prev_hash,
    chain_head
from headed;

-- name: reminder_claim
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 now, $5 payments started before this no longer
-- hold, $6 the ways this installation can reach people, 'push', 'sms', 'email'
-- All that a message needs; one row each claimed, none where channel could not be found.
with wanted as (
    select w.customer_id, w.invoice_id, w.step,
        coalesce(
            case when k.preferred_channel = any ($6::text[])
                and case k.preferred_channel when 'email' then k.email else k.phone end is not null
                then k.preferred_channel end,
            case when 'sms' = any ($6::text[]) and k.phone is not null then 'sms' end,
            case when 'email' = any ($6::text[]) and k.email is not null then 'email' end) as channel
    from unnest($1::bigint[], $2::bigint[], $3::text[]) w (customer_id, invoice_id, step)
    join customer k using (customer_id)
), claimed as (
    update reminder r
    set state = case when w.channel is null then 'skipped' else 'claimed' end,
        reason = case when w.channel is null then 'no address' else 'due' end,
        channel = w.channel,
        claimed_at = $4::timestamptz,
        finished_at = case when w.channel is null then $4::timestamptz end
    from wanted w
    join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and r.state = 'scheduled'
        and r.due_at <= $4::timestamptz
        and (r.step like 'thanks%' or (
            i.due_minor > 0
            and i.link_no is not null
            and (
                select 1 from hold h
                where h.customer_id = r.customer_id and h.invoice_id = r.invoice_id
                    and h.released_at is null and (h.until is null or h.until > $4::timestamptz)
                limit 1) is null
            and (
                select 1 from payment_allocation a
                join payment p using (customer_id, payment_no)
                where a.customer_id = r.customer_id and a.invoice_id = r.invoice_id
                    and (p.state = 'pending'
                        or (p.state in ('created', 'started') and p.changed_at > $5::timestamptz))
                limit 1) is null
            and (
                select 1 from reminder n
                where n.customer_id = r.customer_id and n.invoice_id = r.invoice_id
                    and n.step not like 'thanks%' and n.state = 'scheduled'
                    and n.due_at - r.due_at > interval '0'
                    and n.due_at - $4::timestamptz <= interval '0'
                limit 1) is null))
    returning r.customer_id, r.invoice_id, r.step, r.channel, r.due_at
), told as (
    select c.customer_id, c.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        case when c.channel is null then 'reminder.skipped' else 'reminder.claimed' end as kind,
        case when c.channel is null
            then json_build_object('steps', json_build_array(c.step), 'reason', 'no address')
            else json_build_object('step', c.step, 'channel', c.channel, 'due_minor', i.due_minor,
                'due_at', c.due_at)
        end::text as facts
    from claimed c
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $4::timestamptz, t.kind, t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.kind, t.facts, t.prev_hash, i.chain_head
), logged as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $4::timestamptz, kind, facts, prev_hash, chain_head
    from headed
)
select c.customer_id, c.invoice_id, c.step, c.channel,
    case c.channel when 'email' then k.email else k.phone end as address,
    k.language, i.number, i.product, i.currency, i.due_minor, i.due_date,
    i.link_no
from claimed c
join customer k using (customer_id)
join invoice i on i.customer_id = c.customer_id and i.invoice_id = c.invoice_id
where c.channel is not null;

-- name: reminder_finish
-- What became of claimed reminders: 'sent', 'failed', 'uncertain', or 'scheduled' again. At most one
-- an invoice. What was not sent and has been paid meanwhile is cancelled: the payment could not, as it
-- was claimed then. $1 customer_id[], $2 invoice_id[], $3 step[], $4 state[], $5 reason[], $6 now,
-- $7 claimed_at[], so that an outcome said twice does not end a later claim, $8 when those scheduled
-- again are due[]
with finished as (
    update reminder r
    set state = case when w.is_paid then 'cancelled' else w.state end,
        reason = case when w.is_paid then 'paid' else w.reason end,
        due_at = case when w.state = 'scheduled' then w.again_at else r.due_at end,
        claimed_at = case when w.state = 'scheduled' then null else r.claimed_at end,
        finished_at = case when w.state = 'scheduled' and not w.is_paid then null
            else $6::timestamptz end
    from (
        select u.*, u.state = 'scheduled' and u.step not like 'thanks%' and i.due_minor <= 0
            as is_paid
        from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[],
                $7::timestamptz[], $8::timestamptz[])
            u (customer_id, invoice_id, step, state, reason, claimed_at, again_at)
        join invoice i using (customer_id, invoice_id)) w
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and coalesce(r.state, '') = 'claimed' and r.claimed_at = w.claimed_at
    returning r.customer_id, r.invoice_id, r.step, r.state, r.reason, r.channel
), told as (
    select f.customer_id, f.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        'reminder.' || case f.state when 'scheduled' then 'given_back' else f.state end as kind,
        json_build_object('step', f.step, 'channel', f.channel, 'reason', f.reason)::text as facts
    from finished f
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $6::timestamptz, t.kind, t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.kind, t.facts, t.prev_hash, i.chain_head
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_no, $6::timestamptz, kind, facts, prev_hash, chain_head
from headed;
