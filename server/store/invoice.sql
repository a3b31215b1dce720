-- What the creditor's systems ask about invoices. The parts of one invoice come as JSON made in the
-- database: one statement and so one moment for amounts, ledger and timeline, which a reader of an
-- audit trail may rely on. Times are UTC.

-- name: invoice_list
-- In the order of their ids, beginning behind the cursor. $1 number or null for all, $2 customer
-- reference or null for all, $3 customer_id, $4 invoice_id of the last one seen (0, 0: none),
-- $5 at most
-- customer_id, invoice_id, number, reference, kind, product, currency, amount_minor, due_minor,
-- issue_date, due_date, paid_at, link_no
select i.customer_id, i.invoice_id, i.number, k.reference, i.kind, i.product, i.currency,
    i.amount_minor, i.due_minor, i.issue_date, i.due_date, i.paid_at,
    i.link_no
from invoice i
join customer k using (customer_id)
where ($1::text is null or (i.customer_id, i.invoice_id) in (
        select r.customer_id, r.invoice_id from invoice_registry r where r.number = $1::text))
    and ($2::text is null or i.customer_id in (
        select c.customer_id from customer_registry c where c.reference = $2::text))
    and (i.customer_id, i.invoice_id) > ($3::bigint, $4::bigint)
order by i.customer_id, i.invoice_id
limit $5::bigint;

-- name: invoice_list_open
-- What one customer owes, the next due first. $1 customer reference, $2 at most, $3 now
-- the columns of invoice_list, and the plan in force as a JSON text
select i.customer_id, i.invoice_id, i.number, r.reference, i.kind, i.product, i.currency,
    i.amount_minor, i.due_minor, i.issue_date, i.due_date, i.paid_at,
    i.link_no,
    case when i.plan_no is not null then
        plan_progress(i.customer_id, i.invoice_id, $3::timestamptz) end as plan
from customer_registry r
join invoice i using (customer_id)
where r.reference = $1::text and i.due_minor > 0
order by i.due_date, i.invoice_id
limit $2::bigint;

-- name: invoice_show
-- $1 customer_id, $2 invoice_id, $3 now
-- the columns of invoice_list, then customer's name and language, account, and as JSON texts:
-- ledger, payments, reminders, holds, timeline, the plan in force
select i.customer_id, i.invoice_id, i.number, k.reference, i.kind, i.product, i.currency,
    i.amount_minor, i.due_minor, i.issue_date, i.due_date, i.paid_at,
    i.link_no,
    k.name, k.language, i.account,
    (select coalesce(json_agg(json_build_object(
            'no', e.entry_no, 'kind', e.kind, 'amount_minor', e.amount_minor,
            'currency', e.currency, 'payment', e.payment_no, 'reason', e.reason,
            'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            order by e.entry_no), '[]')::text
        from ledger_entry e
        where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id) as ledger,
    (select coalesce(json_agg(json_build_object(
            'no', p.payment_no, 'provider', p.provider, 'method', p.method, 'state', p.state,
            'reason', p.reason, 'amount_minor', p.amount_minor, 'allocated_minor', a.amount_minor,
            'currency', p.currency,
            'paid_minor', p.paid_minor, 'refunded_minor', p.refunded_minor,
            'charged_back_minor', p.charged_back_minor,
            'provider_reference', p.provider_reference,
            'created_at', to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'changed_at', to_char(p.changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            order by p.payment_no), '[]')::text
        from payment_allocation a
        join payment p using (customer_id, payment_no)
        where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id) as payments,
    (select coalesce(json_agg(json_build_object(
            'step', r.step, 'state', r.state, 'reason', r.reason, 'channel', r.channel,
            'due_at', to_char(r.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'finished_at',
            to_char(r.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            order by r.due_at, r.step), '[]')::text
        from reminder r
        where r.customer_id = i.customer_id and r.invoice_id = i.invoice_id) as reminders,
    (select coalesce(json_agg(json_build_object(
            'no', h.hold_no, 'kind', h.kind, 'reason', h.reason,
            'until', to_char(h.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'created_at', to_char(h.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'released_at',
            to_char(h.released_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            order by h.hold_no), '[]')::text
        from hold h
        where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id) as holds,
    (select coalesce(json_agg(json_build_object(
            'no', e.event_no, 'kind', e.kind, 'facts', e.facts::json,
            'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'hash', encode(e.hash, 'hex'))
            order by e.event_no), '[]')::text
        from (select e.event_no, e.kind, e.facts, e.at, e.hash from event e
            where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id
            order by e.event_no desc limit 500) e) as timeline,
    case when i.plan_no is not null then
        plan_progress(i.customer_id, i.invoice_id, $3::timestamptz) end as plan
from invoice i
join customer k using (customer_id)
where i.customer_id = $1::bigint and i.invoice_id = $2::bigint;

-- name: invoice_hold
-- A promise, and the parts of a plan, have steps of their own, perhaps for days that are planned.
-- $1 customer_id, $2 invoice_id, $3 kind, $4 reason or null, $5 until or null, $6 now
-- hold_no; none when there is no such invoice
with counted as (
    update invoice
    set hold_count = hold_count + 1,
        needs_plan = needs_plan or ($3::text in ('promise', 'plan') and due_minor > 0)
    where customer_id = $1::bigint and invoice_id = $2::bigint
    returning customer_id, invoice_id, hold_count
)
insert into hold (customer_id, invoice_id, hold_no, kind, reason, until, created_at)
select customer_id, invoice_id, hold_count, $3::text, $4::text, $5::timestamptz, $6::timestamptz
from counted
returning hold_no;

-- name: invoice_hold_release
-- $1 customer_id, $2 invoice_id, $3 hold_no, $4 now. Tells of it in the chain, if there was one.
with released as (
    update hold
    set released_at = $4::timestamptz
    where customer_id = $1::bigint and invoice_id = $2::bigint and hold_no = $3::bigint
        and released_at is null
    returning customer_id, invoice_id, hold_no, kind
), told as (
    select r.customer_id, r.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_build_object('hold', r.hold_no, 'kind', r.kind)::text as facts
    from released r
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $4::timestamptz, 'hold.released', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_no, $4::timestamptz, 'hold.released', facts, prev_hash,
    chain_head
from headed
returning event_no;
