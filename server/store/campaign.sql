-- Campaigns: their life, the reminders and the call list that they become, and what came of them.
-- Which state may follow which is for domain/campaign.c; each statement repeats it as a condition.

-- name: campaign_create
-- The name of one that was refused is free again. $1 name, $2 template, $3 is_plain, $4 channel,
-- $5 queue, $6 send_at with its zone, or $7 without one, in Polish time, $8 call_after_hours,
-- $9 created_by, $10 now
-- campaign_id; no row: the name is taken
insert into campaign as c (name, state, template, is_plain, channel, queue, send_at,
    call_after_hours, created_by, created_at)
values ($1::text, 'checking', $2::text, $3::boolean, $4::text, $5::text,
    coalesce($6::timestamptz, $7::text::timestamp at time zone 'Europe/Warsaw'), $8::bigint,
    $9::text, $10::timestamptz)
on conflict (name) do update
set state = 'checking', import_id = null, template = excluded.template,
    is_plain = excluded.is_plain, channel = excluded.channel, queue = excluded.queue,
    send_at = excluded.send_at, call_after_hours = excluded.call_after_hours,
    created_by = excluded.created_by, created_at = excluded.created_at, problem = null,
    problem_detail = null, bad_count = 0, finished_at = null
where c.state = 'refused'
returning campaign_id;

-- name: campaign_find
-- $1 id, or null; $2 name
select c.campaign_id, c.name, c.state, c.import_id::text, c.template, c.is_plain, c.channel,
    c.queue, c.send_at, c.call_after_hours, c.row_count, c.bad_count, c.part_count, c.price_micro,
    c.part_price_micro, c.created_by, c.created_at, c.approved_by, c.approved_at, c.queued_at,
    c.stopped_by, c.stopped_at, c.finished_at, c.problem, c.problem_detail,
    i.state as import_state, i.size_bytes, i.received_bytes, i.committed_bytes,
    i.created_count + i.changed_count + i.same_count as read_count, i.bad_count as bad_so_far
from campaign c
left join import i on i.import_id = c.import_id
where case when $1::bigint is null then c.name = $2::text else c.campaign_id = $1::bigint end;

-- name: campaign_list
-- Newest first. $1 id below, $2 at most
select c.campaign_id, c.name, c.state, c.import_id::text, c.template, c.is_plain, c.channel,
    c.queue, c.send_at, c.call_after_hours, c.row_count, c.bad_count, c.part_count, c.price_micro,
    c.part_price_micro, c.created_by, c.created_at, c.approved_by, c.approved_at, c.queued_at,
    c.stopped_by, c.stopped_at, c.finished_at, c.problem, c.problem_detail,
    i.state as import_state, i.size_bytes, i.received_bytes, i.committed_bytes,
    i.created_count + i.changed_count + i.same_count as read_count, i.bad_count as bad_so_far
from campaign c
left join import i on i.import_id = c.import_id
where c.campaign_id < $1::bigint
order by c.campaign_id desc
limit $2::bigint;

-- name: campaign_attach
-- $1 campaign_id, $2 import_id
select campaign_attach($1::bigint, $2::text::uuid);

-- name: campaign_twin
-- Campaigns of the same content, the first one first. $1 sha256, $2 not this campaign
-- name, state
select c.name, c.state
from import i
join campaign c on c.import_id = i.import_id
where i.sha256 = $1::bytea and c.campaign_id <> $2::bigint and c.state <> 'refused'
order by c.campaign_id;

-- name: campaign_checked
-- Its last row is in. One without a row to write to is none. $1 campaign_id, $2 price of a part, $3 now
update campaign c
set state = case when r.row_count = 0 then 'refused' else 'checked' end,
    problem = case when r.row_count = 0 then 'campaign-empty' end,
    problem_detail = case when r.row_count = 0 then 'no row of the file can be written to' end,
    row_count = r.row_count,
    part_count = r.part_count,
    part_price_micro = $2::bigint,
    price_micro = r.part_count * $2::bigint,
    bad_count = coalesce((select i.bad_count from import i where i.import_id = c.import_id), 0),
    finished_at = case when r.row_count = 0 then $3::timestamptz end
from (
    select count(*) as row_count, coalesce(sum(parts), 0)::bigint as part_count
    from campaign_row
    where campaign_id = $1::bigint) r
where c.campaign_id = $1::bigint and c.state = 'checking';

-- name: campaign_refused
-- $1 campaign_id, $2 problem, $3 detail, $4 now
update campaign
set state = 'refused', problem = $2::text, problem_detail = $3::text, finished_at = $4::timestamptz
where campaign_id = $1::bigint and state = 'checking';

-- name: campaign_samples
-- The shortest text, the longest one and one at random, the same each time. $1 campaign_id
-- which, line, text, parts
with r as materialized (
    select line, text, parts, char_length(text) as len
    from campaign_row
    where campaign_id = $1::bigint
)
(select 'shortest', line, text, parts from r order by len, line limit 1)
union all
(select 'longest', line, text, parts from r order by len desc, line limit 1)
union all
(select 'random', line, text, parts from r order by md5($1::text || '/' || line) limit 1);

-- name: campaign_approve
-- $1 campaign_id, $2 by whom, $3 now, $4 channel to wake
-- A row: it was done.
with moved as (
    update campaign
    set state = 'approved', approved_by = $2::text, approved_at = $3::timestamptz
    where campaign_id = $1::bigint and state = 'checked'
    returning campaign_id
)
select campaign_id, pg_notify($4::text, '') is null from moved;

-- name: campaign_hold
-- First in the transaction of what moves it and its reminders, so that those see all that another
-- such transaction did. $1 campaign_id
select campaign_id
from campaign
where campaign_id = $1::bigint
for no key update;

-- name: campaign_stop
-- What has not gone out does not go; what is on its way and comes back neither (reminder_finish). So
-- many at a time, their customers locked in order as by whoever moves reminders (in no order of their
-- own: the table would be walked by it); once none is left it is stopped. $1 campaign_id, $2 by whom, $3 now, $4 states it may be in[], $5 at most
-- whether there may be more, how many messages were cancelled, whether it is stopped now
with waiting as materialized (
    select r.customer_id, r.invoice_id, r.step
    from reminder r
    join campaign c using (campaign_id)
    where r.campaign_id = $1::bigint and c.state = any ($4::text[])
        and (r.state = 'scheduled' or (r.state = 'claimed' and r.reason <> 'campaign stopped'))
    limit $5::bigint
), locked as materialized (
    select k.customer_id
    from customer k
    where k.customer_id = any (array(select w.customer_id from waiting w))
    order by k.customer_id
    for no key update
), cancelled as (
    update reminder r
    set state = case r.state when 'scheduled' then 'cancelled' else r.state end,
        reason = 'campaign stopped',
        finished_at = case r.state when 'scheduled' then $3::timestamptz end
    from waiting w
    where (select count(*) from locked) > 0
        and r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and r.state in ('scheduled', 'claimed')
    returning r.state
), moved as (
    update campaign
    set state = 'stopped', stopped_by = $2::text, stopped_at = $3::timestamptz,
        finished_at = $3::timestamptz
    where campaign_id = $1::bigint and state = any ($4::text[])
        and not exists (select from waiting)
    returning campaign_id
)
select exists (select from waiting), (select count(*) from cancelled where state = 'cancelled'),
    exists (select from moved);

-- name: campaign_open
-- What there is to do: those to be queued, and those whose call list may be due. $1 now
-- campaign_id, whether it is to be queued, send_at
select campaign_id, state = 'approved', send_at
from campaign
where state = 'approved'
    or (state = 'queued'
        and send_at + make_interval(hours => call_after_hours) <= $1::timestamptz)
order by campaign_id
limit 100;

-- name: campaign_lock_held_out
-- The customers whose rows are about to be skipped for being held out.
-- $1 campaign_id, $2 holdout_permille
select c.customer_id
from customer c
where c.customer_id in (
    select w.customer_id
    from campaign_row w
    where w.campaign_id = $1::bigint and holdout_place(w.customer_id) < $2::bigint)
order by c.customer_id
for no key update of c;

-- name: campaign_queue
-- All its reminders in one transaction with its state: nobody twice, however often it is tried. Each
-- goes at the campaign's time, moved into the send window of the customer's own clock: the first of
-- the days, from the second of the day from on to the one before `to`.
-- Held-out customers get none: their row is skipped, with an event. After campaign_lock_held_out.
-- $1 campaign_id, $2 now, $3 days[], $4 from second, $5 to second, $6 holdout_permille
with moved as (
    update campaign
    set state = 'queued', queued_at = $2::timestamptz
    where campaign_id = $1::bigint and state = 'approved'
    returning campaign_id, greatest(send_at, $2::timestamptz) as at
), zoned as materialized (
    select z.time_zone, m.campaign_id, coalesce((
            select min(greatest(m.at at time zone z.time_zone,
                d.day + make_interval(secs => $4::bigint)))
            from unnest($3::date[]) as d (day)
            where m.at at time zone z.time_zone < d.day + make_interval(secs => $5::bigint)
        ) at time zone z.time_zone, m.at) as due_at
    from moved m
    cross join (
        select distinct k.time_zone
        from campaign_row w
        join customer k using (customer_id)
        where w.campaign_id = $1::bigint) z
), addressed as materialized (
    select w.customer_id, w.invoice_id, w.campaign_id, w.parts, z.due_at, i.due_minor > 0 as is_owed,
        holdout_place(w.customer_id) < $6::bigint as is_held_out
    from moved m
    join campaign_row w on w.campaign_id = m.campaign_id
    join customer k using (customer_id)
    join zoned z on z.time_zone = k.time_zone
    join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
), locked as materialized (
    select i.customer_id, i.invoice_id, i.event_count, i.chain_head
    from invoice i
    where (i.customer_id, i.invoice_id) in (
        select a.customer_id, a.invoice_id from addressed a where a.is_owed and a.is_held_out)
    order by i.customer_id, i.invoice_id
    for no key update of i
), queued as (
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason, finished_at,
        campaign_id, parts)
    select a.customer_id, a.invoice_id, 'campaign_' || a.campaign_id, a.due_at,
        case when not a.is_owed then 'cancelled' when a.is_held_out then 'skipped'
            else 'scheduled' end,
        case when not a.is_owed then 'paid' when a.is_held_out then 'hold-out' else 'campaign' end,
        case when not a.is_owed or a.is_held_out then $2::timestamptz end,
        a.campaign_id, a.parts
    from addressed a
    on conflict do nothing
    returning customer_id, invoice_id, step, reason
), told as (
    select q.customer_id, q.invoice_id, l.event_count + 1 as event_no, l.chain_head as prev_hash,
        json_build_object('steps', json_build_array(q.step), 'reason', 'hold-out', 'place',
            holdout_place(q.customer_id), 'permille', $6::bigint)::text as facts
    from queued q
    join locked l using (customer_id, invoice_id)
    where q.reason = 'hold-out'
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $2::timestamptz, 'reminder.skipped', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_no, $2::timestamptz, 'reminder.skipped', facts, prev_hash,
    chain_head
from headed;

-- name: campaign_end
-- The call list, once: those written to, not reached, or held out (that measures messages), who neither
-- paid nor answered since. Not before the last message is `call_after_hours` old, one that was put off
-- for hours counting from its new time (one put off by the contact budget does not: that may be weeks,
-- and all others would wait) and one that waited for the red switch from when that was released, and
-- never while it is on; what is still waiting then does not go any more. So many at a time, as in campaign_stop.
-- $1 campaign_id, $2 now, $3 at most
-- whether there is more
with over as materialized (
    select c.campaign_id, c.name, c.queue, c.call_after_hours, c.approved_at
    from campaign c
    cross join sending s
    where c.campaign_id = $1::bigint and c.state = 'queued' and s.stopped_at is null
        and coalesce((
            select greatest(max(r.due_at),
                max(greatest(case when r.reason <> 'contact budget' then r.try_at end, s.went_at))
                    filter (where r.state = 'scheduled'),
                max(r.finished_at) filter (where r.state in ('sent', 'uncertain')))
            from reminder r
            where r.campaign_id = c.campaign_id), c.send_at)
            + make_interval(hours => c.call_after_hours) <= $2::timestamptz
        and not exists (
            select from reminder r
            where r.campaign_id = c.campaign_id and coalesce(r.state, '') = 'claimed')
), waiting as materialized (
    select r.customer_id, r.invoice_id, r.step
    from over o
    join reminder r on r.campaign_id = o.campaign_id
    where r.state = 'scheduled'
    limit $3::bigint
), locked as materialized (
    select k.customer_id
    from customer k
    where k.customer_id = any (array(select w.customer_id from waiting w))
    order by k.customer_id
    for no key update
), cancelled as (
    update reminder r
    set state = 'cancelled', reason = 'campaign over', finished_at = $2::timestamptz
    from waiting w
    where (select count(*) from locked) > 0
        and r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and r.state = 'scheduled'
), moved as (
    update campaign c
    set state = 'done', finished_at = $2::timestamptz
    from over o
    where c.campaign_id = o.campaign_id and not exists (select from waiting)
    returning o.campaign_id, o.name, o.queue, o.call_after_hours, o.approved_at
), listed as (
    insert into work_item (customer_id, invoice_id, step, list, queue, state, reason, created_at,
        changed_at)
    select r.customer_id, r.invoice_id, r.step, 'call', m.queue, 'open',
        case
            when r.reason = 'hold-out' then 'held out of campaign ' || m.name
            when r.state in ('failed', 'skipped') or r.delivery = 'undelivered'
                then 'not reached by campaign ' || m.name
            else 'no payment and no answer to campaign ' || m.name || ' in '
                || m.call_after_hours || ' hours'
        end,
        $2::timestamptz, $2::timestamptz
    from moved m
    join reminder r on r.campaign_id = m.campaign_id
    join invoice i using (customer_id, invoice_id)
    where r.state in ('sent', 'uncertain', 'failed', 'skipped')
        and r.opened_at is null
        and i.due_minor > 0
        and not exists (
            select from hold h
            where h.customer_id = r.customer_id and h.invoice_id = r.invoice_id
                and h.released_at is null and (h.until is null or h.until > $2::timestamptz))
        and not exists (
            select from payment_allocation a
            join payment p using (customer_id, payment_no)
            where a.customer_id = r.customer_id and a.invoice_id = r.invoice_id
                and p.changed_at > m.approved_at and p.state in ('pending', 'paid'))
    on conflict do nothing
)
select exists (select from waiting);

-- name: campaign_results
-- What came of it, a row each currency. Paid in time: within 48 hours of its message.
-- $1 campaign_id
-- currency, rows, waiting, sent, delivered, opened, cancelled, held out, not reached, paid in full in time,
-- with a payment in time, that amount, owed when written, owed now, cost, on the call list
select i.currency, count(*),
    count(*) filter (where r.state in ('scheduled', 'claimed') or r.state is null),
    count(*) filter (where s.is_sent),
    count(*) filter (where s.is_sent and (r.delivery = 'delivered' or r.opened_at is not null)),
    count(*) filter (where r.opened_at is not null),
    count(*) filter (where r.state = 'cancelled'),
    count(*) filter (where h.is_held_out),
    count(*) filter (where (r.state in ('failed', 'skipped') and not h.is_held_out)
        or r.delivery = 'undelivered'),
    count(*) filter (where s.is_sent and i.paid_at >= r.finished_at
        and i.paid_at <= r.finished_at + interval '48 hours'),
    count(*) filter (where p.minor > 0),
    coalesce(sum(p.minor), 0)::bigint,
    sum(w.due_minor)::bigint,
    sum(greatest(i.due_minor, 0))::bigint,
    coalesce(sum(coalesce(r.price_micro, w.parts * c.part_price_micro))
        filter (where s.is_sent), 0)::bigint,
    count(k.customer_id)
from campaign c
join campaign_row w using (campaign_id)
join invoice i using (customer_id, invoice_id)
left join reminder r on r.customer_id = w.customer_id and r.invoice_id = w.invoice_id
    and r.step = 'campaign_' || w.campaign_id
left join work_item k on k.customer_id = w.customer_id and k.invoice_id = w.invoice_id
    and k.step = 'campaign_' || w.campaign_id
cross join lateral (
    select coalesce(r.state in ('sent', 'uncertain'), false) as is_sent) s
cross join lateral (
    select coalesce(r.state = 'skipped' and r.reason = 'hold-out', false) as is_held_out) h
left join lateral (
    select sum(-l.amount_minor)::bigint as minor
    from ledger_entry l
    where s.is_sent and l.customer_id = w.customer_id and l.invoice_id = w.invoice_id
        and l.kind = 'payment' and l.at >= r.finished_at
        and l.at <= r.finished_at + interval '48 hours') p on true
where c.campaign_id = $1::bigint
group by i.currency
order by i.currency;

-- name: campaign_calls
-- The call list in the order of the file. $1 campaign_id, $2 behind this line, $3 at most
-- line, telephone, name, number, left to pay, currency, due date, queue, state, outcome, reason,
-- fields
select w.line, c.phone, c.name, i.number, i.due_minor, i.currency, i.due_date, k.queue, k.state,
    k.outcome, k.reason, w.fields
from campaign_row w
join work_item k on k.customer_id = w.customer_id and k.invoice_id = w.invoice_id
    and k.step = 'campaign_' || w.campaign_id
join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
join customer c on c.customer_id = w.customer_id
where w.campaign_id = $1::bigint and w.line > $2::bigint and i.due_minor > 0
order by w.line
limit $3::bigint;

-- name: campaign_texts
-- For reminders about to be claimed: what their campaigns say to them. After their customers are
-- locked. $1 customer_id[], $2 invoice_id[], $3 step[]
-- customer_id, invoice_id, the approved text when it is for what is owed now, else null; template,
-- is_plain, fields, name, number, product, currency, account, what is owed, due date, language
select w.customer_id, w.invoice_id, case when w.due_minor = i.due_minor then w.text end,
    c.template, c.is_plain, w.fields, k.name, i.number, i.product, i.currency, i.account,
    i.due_minor, i.due_date, k.language
from unnest($1::bigint[], $2::bigint[], $3::text[]) as u (customer_id, invoice_id, step)
join campaign_row w on w.customer_id = u.customer_id and w.invoice_id = u.invoice_id
    and u.step = 'campaign_' || w.campaign_id
join campaign c using (campaign_id)
join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
join customer k on k.customer_id = w.customer_id
where u.step like 'campaign\_%';
