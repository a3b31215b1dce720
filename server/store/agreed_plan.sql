-- Debts in parts, as agreed with their customers. (plan.sql is the planner of reminders.)

-- name: agreed_plan_read
-- What there is of plans for one debt, for its page and for whoever decides on a new one.
-- $1 customer_id, $2 invoice_id, $3 now
-- One row at least: plans of the customer, of any debt, that were agreed within a year; the next plan's
-- and part's number; and behind them a plan of the debt, the one in force or asked for first, then the
-- newest first; its parts as JSON, and when an answer is due.
select
    (
        select count(*)
        from plan y
        where y.customer_id = $1::bigint and y.state in ('active', 'completed', 'broken', 'ended')
            and y.asked_at > $3::timestamptz - interval '365 days') as year_count,
    coalesce((
        select max(m.plan_no) from plan m
        where m.customer_id = $1::bigint and m.invoice_id = $2::bigint), 0) + 1 as next_plan_no,
    coalesce((
        select max(m.part_no) from instalment m
        where m.customer_id = $1::bigint and m.invoice_id = $2::bigint), 0) + 1 as next_part_no,
    p.plan_no,
    p.state,
    p.form_nonce,
    (h.until at time zone k.time_zone)::date - 1 as answer_by,
    (
        select json_agg(json_build_object('due_date', n.due_date,
            'amount_minor', n.amount_minor, 'is_paid', n.paid_at is not null,
            'is_missed', n.missed_at is not null and n.paid_at is null) order by n.part_no)
        from instalment n
        where n.customer_id = p.customer_id and n.invoice_id = p.invoice_id
            and n.plan_no = p.plan_no)::text as parts
from customer k
left join plan p on p.customer_id = k.customer_id and p.invoice_id = $2::bigint
left join hold h on h.customer_id = p.customer_id and h.invoice_id = p.invoice_id
    and h.hold_no = p.hold_no
where k.customer_id = $1::bigint
order by p.state in ('asked', 'active') desc, p.plan_no desc
limit 50;

-- name: agreed_plan_add
-- Behind the debt's guard. $1 customer_id, $2 invoice_id, $3 plan_no, $4 first part_no, $5 is it in force
-- (else it is asked for), $6 policy, $7 debt_minor, $8 fee_minor, $9 interest_minor, $10 grace_days,
-- $11 missed_max, $12 due dates and $13 amounts of the parts, $14 version of the terms, $15 language,
-- $16 name of the page, the start of its version (table page_version), $17 form_nonce, $18 now, $19 an answer is due before this day, where the
-- customer is; null: in force
with debt as (
    select i.customer_id, i.invoice_id, i.currency, i.entry_count, i.hold_count + 1 as hold_no,
        ($19::date)::timestamp at time zone k.time_zone as until
    from invoice i
    join customer k using (customer_id)
    where i.customer_id = $1::bigint and i.invoice_id = $2::bigint
), cost as (
    select c.kind, c.amount_minor, row_number() over (order by c.place) as n
    from (values (1, 'fee', $8::bigint), (2, 'interest', $9::bigint)) c (place, kind, amount_minor)
    where c.amount_minor > 0 and $5::boolean
), booked as (
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at,
        reason)
    select d.customer_id, d.invoice_id, d.entry_count + c.n, c.kind, c.amount_minor, d.currency,
        $18::timestamptz, 'plan ' || $3::bigint
    from debt d, cost c
), held as (
    insert into hold (customer_id, invoice_id, hold_no, kind, until, created_at)
    select d.customer_id, d.invoice_id, d.hold_no, 'plan', d.until, $18::timestamptz
    from debt d
), made as (
    insert into plan (customer_id, invoice_id, plan_no, state, policy, debt_minor, fee_minor,
        interest_minor, grace_days, missed_max, first_part_no, part_count, entry_from, hold_no,
        terms_version, language, page, form_nonce, asked_at, decided_at)
    select d.customer_id, d.invoice_id, $3::bigint,
        case when $5::boolean then 'active' else 'asked' end, $6::text, $7::bigint, $8::bigint,
        $9::bigint, $10::bigint, $11::bigint, $4::bigint, cardinality($12::date[]),
        case when $5::boolean then d.entry_count + (select count(*) from cost) end, d.hold_no,
        $14::text, $15::text,
        (select v.version from page_version v where left(v.version, 16) = $16::text), $17::text, $18::timestamptz,
        case when $5::boolean then $18::timestamptz end
    from debt d
), split as (
    insert into instalment (customer_id, invoice_id, part_no, due_date, amount_minor, agreed_minor,
        plan_no, is_open)
    select d.customer_id, d.invoice_id, $4::bigint + p.n - 1, p.due_date, p.amount_minor,
        p.amount_minor, $3::bigint, $5::boolean
    from debt d, unnest($12::date[], $13::bigint[]) with ordinality p (due_date, amount_minor, n)
)
update invoice i
set due_minor = i.due_minor + coalesce((select sum(c.amount_minor) from cost c), 0),
    entry_count = i.entry_count + (select count(*) from cost),
    hold_count = d.hold_no,
    help_count = i.help_count + 1,
    plan_no = case when $5::boolean then $3::bigint else i.plan_no end,
    needs_plan = true,
    changed_at = $18::timestamptz
from debt d
where i.customer_id = d.customer_id and i.invoice_id = d.invoice_id;

-- name: agreed_plan_tell
-- The event of it. $1 customer_id, $2 invoice_id, $3 now, $4 kind, $5 facts, a JSON object, $6 name of the
-- page, whose version is added to them
select event_add($1::bigint, $2::bigint, $3::timestamptz, $4::text,
    (left($5::text, -1) || coalesce((
        select ',"page":"' || v.version || '"'
        from page_version v
        where left(v.version, 16) = $6::text), '') || '}')::json);

-- name: agreed_plan_list
-- For the API. $1 state (null: any), $2 customer_id, $3 invoice_id and $4 plan_no behind which to go on,
-- $5 how many, $6 customer_id and $7 invoice_id of one debt alone (null: all)
select p.customer_id, p.invoice_id, p.plan_no, p.state, p.policy, i.number, k.reference, i.currency,
    p.debt_minor, p.fee_minor, p.interest_minor, p.terms_version, p.language, p.page, p.asked_at,
    case when p.state = 'asked' then h.until end as answer_by,
    p.decided_at, p.decided_by, p.reason, p.ended_at,
    (
        select json_agg(json_build_object('part', n.part_no, 'due_date', n.due_date,
            'agreed_minor', n.agreed_minor, 'amount_minor', n.amount_minor, 'state', case
                when n.paid_at is not null then 'paid'
                when n.missed_at is not null then 'missed'
                when n.is_open then 'open'
                when p.state = 'asked' then 'asked'
                else 'closed' end) order by n.part_no)
        from instalment n
        where n.customer_id = p.customer_id and n.invoice_id = p.invoice_id
            and n.plan_no = p.plan_no)::text as parts
from plan p
join invoice i on i.customer_id = p.customer_id and i.invoice_id = p.invoice_id
join customer k on k.customer_id = p.customer_id
left join hold h on h.customer_id = p.customer_id and h.invoice_id = p.invoice_id
    and h.hold_no = p.hold_no
where ($1::text is null or p.state = $1::text)
    and (p.customer_id, p.invoice_id, p.plan_no) > ($2::bigint, $3::bigint, $4::bigint)
    and ($6::bigint is null or (p.customer_id = $6::bigint and p.invoice_id = $7::bigint))
order by p.customer_id, p.invoice_id, p.plan_no
limit $5::bigint;

-- name: agreed_plan_decide
-- $1 customer_id, $2 invoice_id, $3 plan_no, $4 'approve', 'refuse' or 'end', $5 by whom, $6 reason, $7 now
select verdict, plan_state
from plan_decide($1::bigint, $2::bigint, $3::bigint::integer, $4::text, $5::text, $6::text, $7::timestamptz);

-- name: agreed_plan_lapse
-- $1 now, $2 at most
select plan_lapse($1::timestamptz, $2::bigint) as lapsed_count;
