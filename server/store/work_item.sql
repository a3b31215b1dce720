-- Work for people: calls, and cases handed over for collection.

-- name: work_item_lock
-- The customer's, before anything of theirs is changed. $1 customer_id
select customer_id from customer where customer_id = $1::bigint for no key update;

-- name: work_item_add
-- One for each debt of the message that $3 is the first of. A case handed over is held, so that
-- nothing more goes out. $1 customer_id, $2 invoice_id, $3 step, $4 'call' or 'handover', $5 text,
-- $6 now
with reminded as (
    select r.customer_id, r.invoice_id, r.step, r.campaign_id, k.segment
    from reminder l
    join reminder r on r.customer_id = l.customer_id
        and ((r.invoice_id = l.invoice_id and r.step = l.step)
            or (r.message_no = l.message_no and r.channel = $4::text and r.state = 'claimed'))
    join customer k on k.customer_id = r.customer_id
    where l.customer_id = $1::bigint and l.invoice_id = $2::bigint and l.step = $3::text
), added as (
    insert into work_item (customer_id, invoice_id, step, list, queue, state, reason, text,
        created_at, changed_at)
    select r.customer_id, r.invoice_id, r.step, $4::text,
        coalesce(c.queue, r.segment, 'on_time'), 'open', 'step ' || r.step, $5::text,
        $6::timestamptz, $6::timestamptz
    from reminded r
    left join campaign c on c.campaign_id = r.campaign_id
    on conflict (customer_id, invoice_id, step) do nothing
    returning customer_id, invoice_id
), counted as (
    update invoice i
    set hold_count = i.hold_count + 1
    from (select distinct customer_id, invoice_id from added) a
    where $4::text = 'handover'
        and i.customer_id = a.customer_id and i.invoice_id = a.invoice_id
    returning i.customer_id, i.invoice_id, i.hold_count
)
insert into hold (customer_id, invoice_id, hold_no, kind, reason, created_at)
select customer_id, invoice_id, hold_count, 'admin', 'handed over', $6::timestamptz
from counted;

-- name: work_item_list
-- Those that somebody may still act on: what is paid, on its way or held is not shown, and comes
-- back when that is over; but whoever asked to be called is called, whatever holds the debt. $1 list,
-- $2 queue or null, $3 states, $4 to $7 the place behind which it begins: created_at, customer_id,
-- invoice_id, step; $8 at most, $9 now, $10 payments started before this are given up
select w.customer_id, w.invoice_id, w.step, w.queue, w.state, w.reason, w.text, w.taken_by,
    w.outcome, w.note, w.created_at, k.reference, k.name, k.phone, k.email, k.language,
    i.number, i.kind, i.product, i.currency, i.amount_minor, i.due_minor, i.issue_date, i.due_date,
    i.account,
    (
        select json_agg(json_build_object('number', d.number, 'product', d.product,
            'currency', d.currency, 'due_minor', d.due_minor, 'due_date', d.due_date)
            order by d.due_date, d.invoice_id)
        from invoice d
        where d.customer_id = w.customer_id and d.due_minor > 0)::text as debts,
    (
        select json_object_agg(s.kind, s.total)
        from (
            select e.kind, sum(e.amount_minor) as total
            from ledger_entry e
            where e.customer_id = w.customer_id and e.invoice_id = w.invoice_id
            group by e.kind) s)::text as sums,
    (
        select string_agg(to_char(r.finished_at at time zone k.time_zone, 'YYYY-MM-DD') || ' '
            || r.channel || ' ' || r.step || ' ' || coalesce(r.delivery, r.state), '; '
            order by r.finished_at)
        from reminder r
        where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id
            and r.state in ('sent', 'uncertain') and r.channel <> 'handover') as history
from work_item w
join customer k on k.customer_id = w.customer_id
join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
where w.list = $1::text
    and ($2::text is null or w.queue = $2::text)
    and w.state = any ($3::text[])
    and (w.created_at, w.customer_id, w.invoice_id, w.step)
        > ($4::timestamptz, $5::bigint, $6::bigint, $7::text)
    and i.due_minor > 0
    and (w.reason = 'asked by customer' or not exists (
        select from hold h
        where h.customer_id = w.customer_id and h.invoice_id = w.invoice_id
            and h.released_at is null and (h.until is null or h.until > $9::timestamptz)
            and h.reason is distinct from 'handed over'))
    and not exists (
        select from payment_allocation a
        join payment p using (customer_id, payment_no)
        where a.customer_id = w.customer_id and a.invoice_id = w.invoice_id
            and (p.state = 'pending'
                or (p.state in ('created', 'started') and p.changed_at > $10::timestamptz)))
order by w.created_at, w.customer_id, w.invoice_id, w.step
limit $8::bigint;

-- name: work_item_settle
-- What came of a call; what was promised is put in behind it (promise_give_in_call). $1 customer_id,
-- $2 invoice_id, $3 step, $4 state, $5 taken_by or null, $6 outcome or null, $7 note or null, $8 now,
-- $9 kind of the hold or null, $10 its reason, $11 its end, $12 the day promised or null
-- a row when there is such an item
with settled as (
    update work_item
    set state = $4::text,
        taken_by = coalesce($5::text, taken_by),
        outcome = coalesce($6::text, outcome),
        note = coalesce($7::text, note),
        changed_at = $8::timestamptz
    where customer_id = $1::bigint and invoice_id = $2::bigint and step = $3::text
        and list = 'call'
    returning customer_id, invoice_id, step
), told as (
    select s.customer_id, s.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_strip_nulls(json_build_object('step', s.step, 'outcome', $6::text,
            'hold', $9::text, 'until', $11::timestamptz, 'promised_on', $12::date))::text as facts
    from settled s
    join invoice i using (customer_id, invoice_id)
    where $6::text is not null
), headed as (
    update invoice i
    set hold_count = i.hold_count + ($9::text is not null)::integer,
        event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $8::timestamptz, 'call.made', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, i.hold_count, t.event_no, t.facts, t.prev_hash,
        i.chain_head
), logged as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $8::timestamptz, 'call.made', facts, prev_hash,
        chain_head
    from headed
), held as (
    insert into hold (customer_id, invoice_id, hold_no, kind, reason, until, created_at)
    select customer_id, invoice_id, hold_count, $9::text, $10::text, $11::timestamptz,
        $8::timestamptz
    from headed
    where $9::text is not null
), faulty as (
    insert into contact_fault as f (customer_id, channel, address, is_dead, reason, at)
    select k.customer_id, c.channel, k.phone, true, 'wrong number', $8::timestamptz
    from settled s
    join customer k using (customer_id)
    cross join unnest(array['sms', 'voice', 'call']) c (channel)
    where $6::text = 'wrong_number' and k.phone is not null
    on conflict (customer_id, channel) do update
    set address = excluded.address, is_dead = true, reason = excluded.reason, at = excluded.at
)
select customer_id from settled;

-- name: work_item_export
-- The collector has them. After customers and invoices are locked, as each adds a link to its chain.
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 now
-- how many
with exported as (
    update work_item w
    set state = 'exported', changed_at = $4::timestamptz
    from unnest($1::bigint[], $2::bigint[], $3::text[]) u (customer_id, invoice_id, step)
    where w.customer_id = u.customer_id and w.invoice_id = u.invoice_id and w.step = u.step
        and w.list = 'handover' and w.state in ('open', 'taken')
    returning w.customer_id, w.invoice_id, w.step
), told as (
    select e.customer_id, e.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_build_object('step', e.step)::text as facts
    from (
        select customer_id, invoice_id, min(step) as step
        from exported
        group by customer_id, invoice_id) e
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $4::timestamptz, 'handover.exported', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
), logged as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $4::timestamptz, 'handover.exported', facts,
        prev_hash, chain_head
    from headed
)
select count(*) from exported;
