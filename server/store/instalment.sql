-- The parts of plans in force: those whose grace is over, and those of one debt as a page shows them.

-- name: instalment_late
-- Debts with parts that are missed from now on, by batches; none while the payment feed is old.
-- $1 now, $2 payments started before this are no longer on their way, $3 how old the payment feed may
-- be, in seconds, or 0, $4 at most
select distinct l.customer_id, l.invoice_id
from plan_late_parts($1::timestamptz, $2::timestamptz) l
where $3::bigint = 0
    or (select f.feed_at from sending f) >= $1::timestamptz - make_interval(secs => $3::bigint)
order by l.customer_id, l.invoice_id
limit $4::bigint;

-- name: instalment_list
-- $1 customer_id, $2 invoice_id
-- The parts of the plan in force, the first one first; none without one.
select place, due_date, amount_minor, left_minor, is_open, paid_at is not null as is_paid,
    missed_at is not null as is_missed
from plan_parts($1::bigint, $2::bigint)
order by part_no;

-- name: instalment_miss
-- $1 customer_id[], $2 invoice_id[], $3 now, $4 payments started before this are no longer on their way
-- how many parts are missed, and how many plans broken by it
select missed_count, broken_count
from plan_miss($1::bigint[], $2::bigint[], $3::timestamptz, $4::timestamptz);
