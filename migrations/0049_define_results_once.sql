-- What reminding brings, in facts about single debts and messages, each defined here alone: the report
-- (results.sql) counts them, and people may look at them. docs/results.md says what is made of them.
-- All are whole sets that are joined by hashing, so a year of a million debts takes seconds. The
-- functions are views that are handed the due dates of the debts, both included; the planner puts their
-- text into what asks them.
drop view result_debt;
drop view result_message;

-- As sum(bigint), which is numeric, in a quarter of the room: there is a sum for each of a million debts.
-- Nothing is 0, and what does not fit is an error.
create aggregate result_sum(bigint) (
    sfunc = int8pl, stype = bigint, combinefunc = int8pl, initcond = '0', parallel = safe);

-- One row a debt. Days are those of the customer's time zone: its due day begins at due_at and is over
-- at over_at; the thirtieth day behind it is over at settled_at. There are few days and zones, so each
-- is converted once instead of for every debt.
create function result_debts(due_from date, due_to date)
    returns table (customer_id bigint, invoice_id bigint, currency text, due_date date,
        paid_at timestamptz, due_at timestamptz, over_at timestamptz, settled_at timestamptz,
        is_late boolean, is_paid_30 boolean)
    language sql stable parallel safe as $$
select i.customer_id, i.invoice_id, i.currency, i.due_date, i.paid_at, e.due_at, e.over_at,
    e.settled_at, coalesce(i.paid_at >= e.over_at, true), coalesce(i.paid_at < e.settled_at, false)
from invoice i
join (
    select d.due_date, d.payer_time_zone,
        day_end(d.due_date - 1, d.payer_time_zone) as due_at,
        day_end(d.due_date, d.payer_time_zone) as over_at,
        day_end(d.due_date + 30, d.payer_time_zone) as settled_at
    from (
        select distinct due_date, payer_time_zone
        from invoice
        where due_date between result_debts.due_from and result_debts.due_to) d
    offset 0) e -- or the ends would be worked out wherever they are named
    on e.due_date = i.due_date and e.payer_time_zone = i.payer_time_zone
where i.due_date between result_debts.due_from and result_debts.due_to
$$;

-- What of a debt was overdue: all that was asked for and not paid by the end of its due day. What was
-- recovered: what was paid, less what was given back, in the thirty days behind it.
create function result_money(due_from date, due_to date)
    returns table (customer_id bigint, invoice_id bigint, overdue_minor bigint,
        recovered_minor bigint)
    language sql stable parallel safe as $$
select m.customer_id, m.invoice_id, m.overdue_minor, least(m.moved_minor, m.overdue_minor)
from (
    select d.customer_id, d.invoice_id,
        greatest(result_sum(e.amount_minor) filter (where e.kind = 'charge' or e.at < d.over_at), 0)
            as overdue_minor,
        greatest(-result_sum(e.amount_minor) filter (
            where e.kind in ('payment', 'refund', 'refund_reversal', 'chargeback',
                'chargeback_reversal')
                and e.at >= d.over_at and e.at < d.settled_at), 0) as moved_minor
    from result_debts(due_from, due_to) d
    join ledger_entry e using (customer_id, invoice_id)
    group by d.customer_id, d.invoice_id) m
$$;

-- From when until when a customer was in which segment. A debt is in the one that its customer is in
-- when its due day begins: nothing that is done about it on that day or later moves it.
create view result_segment as
select customer_id, segment, at as since,
    lead(at, 1, 'infinity') over (partition by customer_id order by at) as until
from segment_change;
grant select on result_segment to dunlin_app;

-- By which version of which scenario a debt was last planned.
create function result_plans(due_from date, due_to date)
    returns table (customer_id bigint, invoice_id bigint, scenario_id bigint, version integer)
    language sql stable parallel safe as $$
select distinct on (r.customer_id, r.invoice_id) r.customer_id, r.invoice_id, r.scenario_id, r.version
from (
    select d.customer_id, d.invoice_id, max(r.due_at) as due_at
    from result_debts(due_from, due_to) d
    join reminder r using (customer_id, invoice_id)
    where r.scenario_id is not null
    group by d.customer_id, d.invoice_id) l
join reminder r on r.customer_id = l.customer_id and r.invoice_id = l.invoice_id
    and r.due_at = l.due_at
where r.scenario_id is not null
order by r.customer_id, r.invoice_id, r.step desc
$$;

-- One row for each debt that a message was about. A message about several debts costs each its part.
create view result_message as
select r.customer_id, r.invoice_id, r.step as reminder_step,
    coalesce(s.name, case when r.campaign_id is not null then 'campaign' end, r.step) as step,
    r.channel, r.scenario_id, r.version, r.claimed_at as sent_at,
    coalesce(o.price_micro, r.price_micro, 0) as price_micro
from reminder r
left join scenario_step s on s.scenario_id = r.scenario_id and s.version = r.version
    and s.step_no = r.step_no
left join (
    select p.customer_id, p.message_no, p.channel, max(p.price_micro) / count(*) as price_micro
    from (
        select customer_id, message_no
        from reminder
        where message_no is not null
        group by customer_id, message_no
        having count(*) > 1) m
    join reminder p using (customer_id, message_no)
    group by p.customer_id, p.message_no, p.channel) o
    on o.customer_id = r.customer_id and o.message_no = r.message_no and o.channel = r.channel
where r.state in ('sent', 'uncertain') and r.step not like 'thanks%';
grant select on result_message to dunlin_app;

-- One row for each thing that people did about a debt.
create view result_action as
select customer_id, invoice_id
from work_item
where state in ('done', 'exported')
union all
select customer_id, invoice_id
from hold
where kind = 'admin'
    -- a case that was handed over is counted above
    and reason is distinct from 'handed over';
grant select on result_action to dunlin_app;

-- All of a debt at once, for people.
create view result_debt as
select d.customer_id, d.invoice_id, d.currency, d.due_date, d.paid_at, d.due_at, d.over_at,
    d.settled_at, d.is_late, d.is_paid_30, coalesce(s.segment, 'on_time') as segment,
    holdout_place(d.customer_id) as holdout_place, p.scenario_id, p.version,
    coalesce(m.overdue_minor, 0) as overdue_minor, coalesce(m.recovered_minor, 0) as recovered_minor
from result_debts('-infinity', 'infinity') d
left join result_segment s on s.customer_id = d.customer_id and s.since <= d.due_at
    and s.until > d.due_at
left join result_money('-infinity', 'infinity') m
    on m.customer_id = d.customer_id and m.invoice_id = d.invoice_id
left join result_plans('-infinity', 'infinity') p
    on p.customer_id = d.customer_id and p.invoice_id = d.invoice_id;
grant select on result_debt to dunlin_app;
