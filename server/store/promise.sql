-- Promises to pay: given, judged when they are over (migration 0082), and listed.

-- name: promise_look
-- What the page and its rule want besides the debt. $1 customer_id, $2 invoice_id, $3 a year ago
-- how many of the debt, how many of the customer since $3; of the newest of the debt (nulls: none)
-- promised_on, until, state, form_nonce, given_by
select
    (select count(*) from promise p
        where p.customer_id = $1::bigint and p.invoice_id = $2::bigint) as of_debt,
    (select count(*) from promise p
        where p.customer_id = $1::bigint and p.given_at > $3::timestamptz) as of_year,
    n.promised_on, n.until, n.state, n.form_nonce, n.given_by
from (select) here
left join lateral (
    select p.promised_on, p.until, p.state, p.form_nonce, p.given_by
    from promise p
    where p.customer_id = $1::bigint and p.invoice_id = $2::bigint
    order by p.promise_no desc
    limit 1) n on true;

-- name: promise_give
-- Behind debt_guard. $1 customer_id, $2 invoice_id, $3 now, $4 promised day, $5 the first day behind its
-- grace, $6 form_nonce, $7 name of the page
select promise_give($1::bigint, $2::bigint, $3::timestamptz, 'page', $4::date, $5::date, null,
    'promised on the page', $6::text, page_version_named($7::text));

-- name: promise_give_in_call
-- A caller noted it; the customer is locked. $1 customer_id, $2 invoice_id, $3 step of the call, $4 now,
-- $5 promised day, $6 the first day behind its grace
select promise_give(w.customer_id, w.invoice_id, $4::timestamptz, 'phone', $5::date, $6::date, null,
    'promised on the phone', null)
from work_item w
where w.customer_id = $1::bigint and w.invoice_id = $2::bigint and w.step = $3::text
    and w.list = 'call';

-- name: promise_give_in_hold
-- A hold that the creditor's systems ask for; the customer is locked. $1 customer_id, $2 invoice_id,
-- $3 now, $4 its end, $5 the promised day, $6 the first day behind its grace, $7 reason or null
-- hold_no; null when there is no such debt
select promise_give($1::bigint, $2::bigint, $3::timestamptz, 'api', $5::date, $6::date,
    $4::timestamptz, $7::text, null) as hold_no;

-- name: promise_over
-- Those that a payment on its way may still keep are not looked at, or they would stand in front of the
-- others. $1 now, $2 payments started before this are no longer on their way, $3 at most
select p.customer_id, p.invoice_id
from promise p
where p.state = 'open' and p.until <= $1::timestamptz
    and not exists (
        select
        from payment_allocation a
        join payment y using (customer_id, payment_no)
        where a.customer_id = p.customer_id and a.invoice_id = p.invoice_id
            and (y.state = 'pending'
                or (y.state in ('created', 'started') and y.changed_at > $2::timestamptz)))
order by p.until, p.customer_id, p.invoice_id
limit $3::bigint;

-- name: promise_close
-- The customers are locked. $1 customer_id[], $2 invoice_id[], $3 now, $4 payments started before this
-- are no longer on their way
select kept, broken
from promise_close($1::bigint[], $2::bigint[], $3::timestamptz, $4::timestamptz);

-- name: promise_list
-- $1 states[], $2 to $5 the place behind which it begins: promised_on, customer_id, invoice_id,
-- promise_no; $6 at most
select p.customer_id, p.invoice_id, p.promise_no, p.promised_on, p.until, p.state, p.given_by,
    p.given_at, p.decided_at, p.amount_minor, i.currency, i.due_minor, i.number, k.reference
from promise p
join invoice i using (customer_id, invoice_id)
join customer k using (customer_id)
where p.state = any ($1::text[])
    and (p.promised_on, p.customer_id, p.invoice_id, p.promise_no)
        > ($2::date, $3::bigint, $4::bigint, $5::bigint)
order by p.promised_on, p.customer_id, p.invoice_id, p.promise_no
limit $6::bigint;
