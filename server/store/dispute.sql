-- What customers say against debts, and what the creditor answers (migration 0083).

-- name: dispute_look
-- What the page wants besides the debt: how many there were, and the newest one. $1 customer_id,
-- $2 invoice_id
-- count; dispute_no, reason, state, form_nonce, opened_at, answer_by, answered_at, their personal
-- parts: what was written, what was answered (null: nothing, or erased), how many files came with it;
-- days as where the customer is
select
    (select count(*) from dispute d
        where d.customer_id = $1::bigint and d.invoice_id = $2::bigint) as of_debt,
    n.dispute_no, n.reason, n.state, n.form_nonce,
    (n.opened_at at time zone n.time_zone)::date as opened_on, n.answer_by,
    (n.answered_at at time zone n.time_zone)::date as answered_on, n.written, n.answer,
    (select count(*) from proof p
        where p.customer_id = $1::bigint and p.invoice_id = $2::bigint
            and p.dispute_no = n.dispute_no) as proofs
from (select) here
left join lateral (
    select d.dispute_no, d.reason, d.state, d.form_nonce, d.opened_at, d.answer_by, d.answered_at,
        k.time_zone, w.data as written, a.data as answer
    from dispute d
    join customer k using (customer_id)
    left join event_personal w on w.customer_id = d.customer_id and w.invoice_id = d.invoice_id
        and w.event_no = d.opened_event
    left join event_personal a on a.customer_id = d.customer_id and a.invoice_id = d.invoice_id
        and a.event_no = d.answered_event
    where d.customer_id = $1::bigint and d.invoice_id = $2::bigint
    order by d.dispute_no desc
    limit 1) n on true;

-- name: dispute_open
-- Behind debt_guard. $1 customer_id, $2 invoice_id, $3 now, $4 reason, $5 answer_by, $6 form_nonce,
-- $7 salt and $8 personal part, or nulls, $9 name of the page
select dispute_open($1::bigint, $2::bigint, $3::timestamptz, $4::text, $5::date, $6::text, $7::bytea,
    $8::text, page_version_named($9::text));

-- name: dispute_withdraw
-- Behind debt_guard. $1 customer_id, $2 invoice_id, $3 dispute_no, $4 now, $5 name of the page
select dispute_withdraw($1::bigint, $2::bigint, $3::bigint::integer, $4::timestamptz,
    page_version_named($5::text));

-- name: dispute_answer
-- The customer is locked. $1 customer_id, $2 invoice_id, $3 dispute_no, $4 'accepted' or 'rejected',
-- $5 by whom, $6 now, $7 salt, $8 personal part
select dispute_answer($1::bigint, $2::bigint, $3::bigint::integer, $4::text, $5::text,
    $6::timestamptz, $7::bytea, $8::text) as result;

-- name: dispute_list
-- The one to be answered first comes first. $1 states[], $2 to $5 the place behind which it begins:
-- answer_by, customer_id, invoice_id, dispute_no; $6 at most, $7 now
select d.customer_id, d.invoice_id, d.dispute_no, d.reason, d.state, d.opened_at, d.answer_by,
    d.answered_at, d.answered_by, d.ended_at,
    d.state = 'open' and d.answer_by < ($7::timestamptz at time zone k.time_zone)::date as is_overdue,
    i.currency, i.due_minor, i.number, k.reference
from dispute d
join invoice i using (customer_id, invoice_id)
join customer k using (customer_id)
where d.state = any ($1::text[])
    and (d.answer_by, d.customer_id, d.invoice_id, d.dispute_no)
        > ($2::date, $3::bigint, $4::bigint, $5::bigint)
order by d.answer_by, d.customer_id, d.invoice_id, d.dispute_no
limit $6::bigint;

-- name: dispute_show
-- $1 customer_id, $2 invoice_id, $3 dispute_no, $4 now
-- the columns of dispute_list, then the personal parts: what was written, what was answered
select d.customer_id, d.invoice_id, d.dispute_no, d.reason, d.state, d.opened_at, d.answer_by,
    d.answered_at, d.answered_by, d.ended_at,
    d.state = 'open' and d.answer_by < ($4::timestamptz at time zone k.time_zone)::date as is_overdue,
    i.currency, i.due_minor, i.number, k.reference, w.data as written, a.data as answer
from dispute d
join invoice i using (customer_id, invoice_id)
join customer k using (customer_id)
left join event_personal w on w.customer_id = d.customer_id and w.invoice_id = d.invoice_id
    and w.event_no = d.opened_event
left join event_personal a on a.customer_id = d.customer_id and a.invoice_id = d.invoice_id
    and a.event_no = d.answered_event
where d.customer_id = $1::bigint and d.invoice_id = $2::bigint and d.dispute_no = $3::bigint;

-- name: dispute_count_overdue
-- $1 now
select count(*)
from dispute d
join customer k using (customer_id)
where d.state = 'open' and d.answer_by < ($1::timestamptz at time zone k.time_zone)::date;
