-- What the demo's month of life asks: how far behind its clock the gateway is, who pays by now, who
-- opens a push, and what these people did before.
--
-- Nothing is drawn by chance: what somebody does follows from the digests of their reference and of
-- their debts' numbers. Eleven of twenty pay on time as a rule, five sometimes do not, four seldom do;
-- their past shows it, and so they come into their segments.

-- name: demo_behind
-- What a slow machine has given back counts from when it was due, what manners put off from then on.
-- $1 now, $2 payments started before this no longer hold
-- for when the oldest message is due that should have gone by now (null: there is none), whether the
-- planner still has something to do first
select (
        select min(case when r.reason in ('quiet hours', 'contact budget', 'payment feed too old')
                then greatest(r.due_at, r.try_at) else r.due_at end)
        from reminder r
        join invoice i using (customer_id, invoice_id)
        where (r.state = 'claimed' or (r.state = 'scheduled'
                and greatest(r.due_at, r.try_at) <= $1::timestamptz))
            and (select s.stopped_at from sending s) is null
            and case when reminder_is_thanks(r.step) then i.due_minor <= 0
                else i.due_minor > 0 and i.link_no is not null
                    and not exists (
                        select from hold h
                        where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id
                            and h.released_at is null and (h.until is null or h.until > $1::timestamptz))
                    and not exists (
                        select from payment_allocation a
                        join payment p using (customer_id, payment_no)
                        where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id
                            and (p.state = 'pending' or (p.state in ('created', 'started')
                                and p.changed_at > $2::timestamptz))) end) as due_at,
    exists (select from invoice where needs_plan)
        or exists (
            select from planned p
            where p.passing_to is not null
                or p.through < ($1::timestamptz at time zone 'UTC' + interval '14 hours')::date + 1
                or exists (
                    select from scenario_version v
                    where (v.in_force_from > p.at and v.in_force_from <= $1::timestamptz)
                        or (v.in_force_until > p.at and v.in_force_until <= $1::timestamptz)))
        as is_unplanned;

-- name: demo_payers
-- Debts of people who would have paid by now, or part of it. $1 now, $2 payments started before this
-- no longer hold, $3 since when they live, $4 at most
-- customer_id, invoice_id, link_no, due_minor, amount to pay
with person as (
    select i.customer_id, i.invoice_id, i.link_no, i.due_minor, i.due_date, i.payer_time_zone as zone,
        ('x' || substr(md5('character ' || k.reference), 1, 4))::bit(16)::integer % 20 as character,
        ('x' || substr(md5(i.number), 1, 4))::bit(16)::integer % 100 as mood,
        ('x' || substr(md5(i.number), 5, 4))::bit(16)::integer as days,
        ('x' || substr(md5(i.number), 9, 4))::bit(16)::integer as minutes
    from invoice i
    join customer k using (customer_id)
    where i.due_minor > 0 and i.link_no is not null
        and not exists (
            select from hold h
            where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id
                and h.released_at is null and (h.until is null or h.until > $1::timestamptz))
        and not exists (
            select from payment_allocation a
            join payment p using (customer_id, payment_no)
            where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id
                and (p.state = 'pending' or (p.state in ('created', 'started')
                    and p.changed_at > $2::timestamptz)))
), minded as (
    select p.*, case
            when character < 11 then
                case when mood < 70 then days % 4 - 2 when mood < 92 then 2 + days % 9 end
            when character < 16 then
                case when mood < 30 then days % 4 - 2 when mood < 85 then 3 + days % 15 end
            else case when mood < 12 then days % 2 when mood < 60 then 8 + days % 25 end end as offset_days
    from person p
), timed as (
    select m.*, (m.due_date + m.offset_days + interval '8 hours'
        + make_interval(mins => m.minutes % 780)) at time zone m.zone as pays_at
    from minded m
    where m.offset_days is not null
), lived as (
    -- Whose time to pay was over before they lived: a third comes to it after all.
    select t.*, case when t.pays_at >= $3::timestamptz then t.pays_at
            when t.minutes % 3 = 0 then $3::timestamptz
                + make_interval(days => t.days % 24, mins => t.minutes % 1440) end as comes_at
    from timed t
)
select customer_id, invoice_id, link_no, due_minor,
    case when days % 17 = 3 then due_minor / 2 + 1 else due_minor end as amount_minor
from lived
where comes_at <= $1::timestamptz
order by comes_at, customer_id, invoice_id
limit $4::bigint;

-- name: demo_openers
-- Pushes that are looked at by now: every second one, after a while. $1 now, $2 since when, $3 at most
-- message_id
select m.message_id
from sandbox_message m
where m.push_id is not null and m.opened_at is null and m.replaced_at is null
    and m.at >= $2::timestamptz
    and ('x' || substr(md5(m.push_id::text), 1, 4))::bit(16)::integer % 2 = 0
    and m.at + make_interval(
        mins => 20 + ('x' || substr(md5(m.push_id::text), 5, 4))::bit(16)::integer % 160) <= $1::timestamptz
order by m.message_id
limit $3::bigint;

-- name: demo_give_past
-- What the fictional people did before: six debts each, of months past, paid in time or late. $1 now
with person as (
    select k.customer_id, i.kind, i.product, i.currency, i.amount_minor, i.number, i.due_date,
        ('x' || substr(md5('character ' || k.reference), 1, 4))::bit(16)::integer % 20 as character,
        ('x' || substr(md5(k.reference), 1, 4))::bit(16)::integer as chance
    from customer k
    cross join lateral (
        select * from invoice o
        where o.customer_id = k.customer_id
        order by o.invoice_id
        limit 1) i
    where not exists (
        select from invoice o where o.customer_id = k.customer_id and o.due_minor = 0 and o.link_no is null)
), past as (
    select p.*, n, ($1::timestamptz at time zone 'UTC')::date - 30 * n - 20 - chance % 9 as due,
        case when n <= case when character < 11 then 0 when character < 16 then 2 else 4 end
            then 5 + (chance + n) % 14 else -((chance + n) % 4) end as paid_after
    from person p
    cross join generate_series(1, 6) n
), added as (
    insert into invoice (customer_id, number, kind, product, currency, amount_minor, due_minor,
        issue_date, due_date, paid_at, entry_count, needs_plan, created_at, changed_at)
    select customer_id, split_part(number, '/', 1) || '/' || split_part(number, '/', 2) || '/H' || n,
        kind, product, currency, amount_minor, 0, due - 14, due,
        due + paid_after + interval '12 hours', 2, false, due - 14 + interval '6 hours',
        due + paid_after + interval '12 hours'
    from past
    on conflict do nothing
    returning customer_id, invoice_id, currency, amount_minor, created_at, paid_at
)
insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at, reason)
select customer_id, invoice_id, 1, 'charge', amount_minor, currency, created_at, null
from added
union all
select customer_id, invoice_id, 2, 'correction', -amount_minor, currency, paid_at,
    'paid before it came here'
from added;
