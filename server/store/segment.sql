-- How customers pay: the rule of domain/segment.h over sets, and how far it has been applied.

-- name: segment_state
-- day, through_customer, is_done, position of the last run (nulls: there was none), and the newest
-- event's position
select r.day, r.through_customer, r.is_done, r.position,
    coalesce((select max(position) from event), 0)::bigint
from (select 1) one
left join segment_run r on true;

-- name: segment_moved
-- Whose money moved. $1 behind this position, $2 at most so many events
-- position of the last one (in the first row; null: there is none), customer_id (in the others)
with seen as materialized (
    select position, customer_id, kind
    from event
    where position > $1::bigint
    order by position
    limit $2::bigint
)
select max(position) as position, null::bigint as customer_id
from seen
union all
select distinct null::bigint, customer_id
from seen
where kind in ('payment.paid', 'payment.refunded', 'payment.charged_back',
    'payment.chargeback_reversed', 'payment.refund_reversed', 'invoice.corrected', 'promise.kept',
    'promise.broken');

-- name: segment_next
-- $1 behind this customer_id, $2 at most
select customer_id
from customer
where customer_id > $1::bigint
order by customer_id
limit $2::bigint;

-- name: segment_recompute
-- $1 customer_id[], $2 now, $3 months, $4 grace_days, $5 debts_min, $6 sometimes_late_percent,
-- $7 chronically_late_percent, $8 broken_promises_min
-- how many changed; who did not is not written, and each segment is kept with its time
-- Only those who change are locked, in order, as by all who move a customer.
with person as materialized (
    select k.customer_id, k.time_zone, t.today,
        (t.today - make_interval(months => $3::bigint::integer))::date as since
    from unnest($1::bigint[]) w (customer_id)
    join customer k using (customer_id)
    cross join lateral (
        select ($2::timestamptz at time zone k.time_zone)::date as today
        offset 0) t
), counted as (
    select p.customer_id, c.debts, c.late, c.unpaid, c.worst, m.kept, m.broken
    from person p
    cross join lateral (
        select count(*) filter (where m.state = 'kept') as kept,
            count(*) filter (where m.state = 'broken') as broken
        from promise m
        where m.customer_id = p.customer_id and m.promised_on >= p.since and $8::bigint > 0) m
    cross join lateral (
        select count(*) as debts,
            count(*) filter (where d.days_late > $4::bigint) as late,
            count(*) filter (where not d.is_paid) as unpaid,
            max(d.days_late) filter (where d.is_paid) as worst
        from (
            select i.due_minor <= 0 as is_paid,
                case when i.due_minor <= 0 then (i.paid_at at time zone p.time_zone)::date
                    else p.today end - i.due_date as days_late
            from invoice i
            where i.customer_id = p.customer_id
                and i.due_date >= p.since
                and (i.due_minor <= 0
                    or (p.today - i.due_date > $4::bigint
                        and not exists (
                            select from hold h
                            where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id
                                and h.kind in ('dispute', 'plan') and h.released_at is null
                                and (h.until is null or h.until > $2::timestamptz))))
            offset 0) d) c -- the days are computed once
), alike as (
    -- What is said of a customer follows from these, and many are alike: it is put in words once.
    select c.debts, c.late, c.unpaid, c.worst, c.kept, c.broken,
        $8::bigint > 0 and c.broken >= $8::bigint and c.broken > c.kept as breaks_promises,
        array_agg(c.customer_id) as customers
    from counted c
    group by c.debts, c.late, c.unpaid, c.worst, c.kept, c.broken
), worded as materialized (
    select c.customers,
        (array['on_time', 'sometimes_late', 'chronically_late'])[least(3,
            case
                when c.debts < $5::bigint or c.debts = 0 then 1
                when c.late * 100 >= $7::bigint * c.debts then 3
                when c.late * 100 >= $6::bigint * c.debts then 2
                else 1 end + c.breaks_promises::integer)] as segment,
        -- Of who never promised nothing is said about it.
        left(json_build_object(
            'debts', c.debts, 'late', c.late, 'unpaid', c.unpaid,
            'late_percent', case when c.debts > 0 then c.late * 100 / c.debts end,
            'worst_days_late', greatest(c.worst, 0),
            'rule', json_build_object('months', $3::bigint, 'grace_days', $4::bigint,
                'debts_min', $5::bigint, 'sometimes_late_percent', $6::bigint,
                'chronically_late_percent', $7::bigint),
            'words', case
                when c.debts < $5::bigint or c.debts = 0 then format(
                    '%s of the debts due in the last %s months count; with fewer than %s a customer is taken to pay on time.',
                    c.debts, $3::bigint, greatest($5::bigint, 1))
                else format(
                    '%s of %s debts due in the last %s months were late (%s %%): paid more than %s days after the due date, or unpaid for longer (%s). Sometimes late from %s %%, chronically late from %s %%.',
                    c.late, c.debts, $3::bigint, c.late * 100 / c.debts, $4::bigint, c.unpaid,
                    $6::bigint, $7::bigint) end
                || case when c.breaks_promises
                    then format(' Broke %s promises to pay in that time and kept %s: one segment worse.',
                        c.broken, c.kept)
                    else '' end)::text, -1)
            || case when c.kept + c.broken > 0 then ', "promises" : ' || json_build_object('kept', c.kept,
                'broken', c.broken, 'broken_min', $8::bigint) else '' end || '}' as facts
    from alike c
), judged as materialized (
    select w.customer_id, p.segment, p.facts
    from worded p
    cross join unnest(p.customers) w (customer_id)
), changing as materialized (
    select j.customer_id, j.segment, j.facts, coalesce(k.segment, 'on_time') as old_segment
    from judged j
    join customer k using (customer_id)
    where (k.segment, k.segment_facts) is distinct from (j.segment, j.facts)
    order by k.customer_id
    for no key update of k
), changed as (
    update customer k
    set segment = c.segment, segment_facts = c.facts, segment_at = $2::timestamptz
    from changing c
    where k.customer_id = c.customer_id
    returning 1
), kept as (
    insert into segment_change as s (customer_id, at, segment)
    select customer_id, $2::timestamptz, segment
    from changing
    where segment <> old_segment
    on conflict (customer_id, at) do update
    set segment = excluded.segment
)
select count(*) from changed;

-- name: segment_pass
-- The night's pass has come so far; what another node did meanwhile stays if it is further.
-- $1 day, $2 through_customer, $3 is_done, $4 position to begin with, if there was no run yet
insert into segment_run as r (day, through_customer, is_done, position)
values ($1::date, $2::bigint, $3::boolean, $4::bigint)
on conflict (only_row) do update
set day = excluded.day, through_customer = excluded.through_customer, is_done = excluded.is_done
where (r.day, r.is_done, r.through_customer)
    < (excluded.day, excluded.is_done, excluded.through_customer);

-- name: segment_settle
-- $1 position. Payments up to it have been looked at.
update segment_run
set position = $1::bigint
where position < $1::bigint;
