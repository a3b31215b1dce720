-- Individual offers (migration 0084), their answers, and the debts that a rule may make one for.

-- name: offer_read
-- What there is of offers for one debt, for its page and for whoever answers. $1 customer_id, $2 invoice_id
-- One row at least: whether there is a plan, asked for or in force; and behind it an offer, the newest
-- first, its parts as JSON. One that was never open is none of the customer's business.
select
    exists (
        select from plan p
        where p.customer_id = k.customer_id and p.invoice_id = $2::bigint
            and p.state in ('asked', 'active')) as has_plan,
    o.offer_no, o.state, o.kind, o.valid_until, o.debt_minor, o.forgiven_minor, o.interest_minor,
    o.interest_hundredths, o.usual_hundredths, offer_sum(o.amounts) as total_minor,
    (
        select json_agg(json_build_object('due_date', p.due_date, 'amount_minor', p.amount_minor)
            order by p.n)
        from unnest(o.due_dates, o.amounts) with ordinality p (due_date, amount_minor, n))::text
        as parts,
    o.form_nonce,
    (o.answered_at at time zone k.time_zone)::date as answered_on,
    o.counter_minor, o.counter_from, o.plan_no, o.reason
from customer k
left join offer o on o.customer_id = k.customer_id and o.invoice_id = $2::bigint
    and o.opened_at is not null
where k.customer_id = $1::bigint
order by o.offer_no desc
limit 20;

-- name: offer_accept
-- Behind the debt's guard. $1 customer_id, $2 invoice_id, $3 offer_no, $4 form_nonce, $5 version of the
-- terms, $6 language, $7 name of the page, $8 now
select offer_accept($1::bigint, $2::bigint, $3::bigint::integer, $4::text, $5::text, $6::text,
    page_version_named($7::text), $8::timestamptz);

-- name: offer_refuse
-- Behind the debt's guard. $1 customer_id, $2 invoice_id, $3 offer_no, $4 'decline' or 'counter',
-- $5 form_nonce, $6 language, $7 name of the page, $8 why, $9 so much a month, $10 from when, $11 now
select offer_refuse($1::bigint, $2::bigint, $3::bigint::integer, $4::text, $5::text, $6::text,
    page_version_named($7::text), $8::text, $9::bigint, $10::date, $11::timestamptz);

-- name: offer_add
-- $1 customer_id[], $2 invoice_id[], $3 money_version[] (null: whatever it is), $4 offers as JSON[],
-- $5 now. The customers are locked. A row each, in that order: verdict, offer_no
select a.verdict, a.made_no
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
    with ordinality w (customer_id, invoice_id, money_version, offer, n)
cross join lateral offer_add(w.customer_id, w.invoice_id, w.money_version, w.offer::json,
    $5::timestamptz) a
order by w.n;

-- name: offer_decide
-- $1 customer_id, $2 invoice_id, $3 offer_no, $4 'approve' or 'withdraw', $5 by whom, $6 why, $7 now
select verdict, offer_state
from offer_decide($1::bigint, $2::bigint, $3::bigint::integer, $4::text, $5::text, $6::text,
    $7::timestamptz);

-- name: offer_expire
-- $1 now, $2 at most
select offer_expire($1::timestamptz, $2::bigint) as ended_count;

-- name: offer_candidates
-- A window of all debts by their due date, in the order of the index, each with whether it may be made an
-- offer at all. The conditions are looked at for the rows of the window alone, and mostly in the row
-- itself: most debts are paid. $1 now, $2 payments started before this are no longer on their way, $3 first
-- and $4 last due date, $5 due_date, $6 customer_id and $7 invoice_id behind which to go on, $8 at most
with page as materialized (
    select i.customer_id, i.invoice_id, i.due_date, i.due_minor, i.product, i.kind, i.currency,
        i.due_minor > 0 and i.link_no is not null and i.plan_no is null and i.offer_no is null
            as is_free
    from invoice i
    where i.due_date between $3::date and $4::date
        and (i.due_date, i.customer_id, i.invoice_id) > ($5::date, $6::bigint, $7::bigint)
    order by i.due_date, i.customer_id, i.invoice_id
    limit $8::bigint
)
select g.customer_id, g.invoice_id, g.due_date, g.due_minor, g.product, g.kind, g.currency,
    coalesce(m.may, false) as may, m.money_version, m.segment, m.today, m.of_year, m.used
from page g
left join lateral (
    select k.money_version, coalesce(k.segment, 'on_time') as segment,
        ($1::timestamptz at time zone k.time_zone)::date as today,
        not exists (
            select from hold h
            where h.customer_id = g.customer_id and h.invoice_id = g.invoice_id
                and h.released_at is null and (h.until is null or h.until > $1::timestamptz))
        and not exists (
            select from payment_allocation a
            join payment p using (customer_id, payment_no)
            where a.customer_id = g.customer_id and a.invoice_id = g.invoice_id
                and (p.state = 'pending'
                    or (p.state in ('created', 'started') and p.changed_at > $2::timestamptz))) as may,
        (
            select count(*)
            from offer o
            where o.customer_id = g.customer_id and o.made_at > $1::timestamptz - interval '365 days'
                and o.state not in ('withdrawn', 'replaced')) as of_year,
        (
            -- One that went because the amount had changed is made anew, but not each day anew: interest
            -- changes some amounts daily, and each offer is a message.
            select string_agg(o.rule, ' ')
            from offer o
            where o.customer_id = g.customer_id and o.invoice_id = g.invoice_id
                and not (o.state = 'withdrawn' and o.reason = 'changed'
                    and o.made_at <= $1::timestamptz - interval '30 days')) as used
    from customer k
    where g.is_free and k.customer_id = g.customer_id
    offset 0) m on true
order by g.due_date, g.customer_id, g.invoice_id;

-- name: offer_debt
-- A debt as the API makes an offer for it. $1 customer_id, $2 invoice_id, $3 now, $4 payments started
-- before this are no longer on their way, $5 idempotency_key. No row for an unknown one. The last two
-- columns are the offer that was made with that key.
select i.due_minor, i.product, i.kind, i.currency, i.due_date, k.money_version,
    coalesce(k.segment, 'on_time') as segment, ($3::timestamptz at time zone k.time_zone)::date as today,
    exists (
        select from plan p
        where p.customer_id = i.customer_id and p.invoice_id = i.invoice_id
            and p.state in ('asked', 'active')) as has_plan,
    i.offer_no is not null as has_offer,
    exists (
        select from payment_allocation a
        join payment p using (customer_id, payment_no)
        where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id
            and (p.state = 'pending'
                or (p.state in ('created', 'started') and p.changed_at > $4::timestamptz))) as is_in_flight,
    exists (
        select from hold h
        where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id and h.kind = 'dispute'
            and h.released_at is null and (h.until is null or h.until > $3::timestamptz)) as is_disputed,
    o.offer_no as same_no, o.state as same_state
from invoice i
join customer k using (customer_id)
left join offer o on o.customer_id = i.customer_id and o.invoice_id = i.invoice_id
    and o.idempotency_key = $5::text
where i.customer_id = $1::bigint and i.invoice_id = $2::bigint;

-- name: offer_list
-- For the API. $1 state (null: any), $2 customer_id, $3 invoice_id and $4 offer_no behind which to go on,
-- $5 how many
select o.customer_id, o.invoice_id, o.offer_no, o.state, o.kind, o.rule, o.made_by, o.made_at,
    o.decided_by, o.decided_at, o.valid_until, o.debt_minor, o.forgiven_minor, o.interest_minor,
    o.interest_hundredths, offer_sum(o.amounts) as total_minor, (
        select json_agg(json_build_object('due_date', p.due_date, 'amount_minor', p.amount_minor)
            order by p.n)
        from unnest(o.due_dates, o.amounts) with ordinality p (due_date, amount_minor, n))::text
        as parts,
    o.answered_at, o.terms_version, o.decline_reason, o.counter_minor, o.counter_from, o.plan_no,
    o.ended_at, o.reason, i.number, k.reference, i.currency
from offer o
join invoice i using (customer_id, invoice_id)
join customer k using (customer_id)
where ($1::text is null or o.state = $1::text)
    and (o.customer_id, o.invoice_id, o.offer_no) > ($2::bigint, $3::bigint, $4::bigint)
order by o.customer_id, o.invoice_id, o.offer_no
limit $5::bigint;
