-- What reminding brings, in facts about single debts and messages; docs/results.md says what is made of
-- them. Days are those of the customer's time zone.

-- One row a debt. What of it was overdue: all that was asked for and not paid by the end of its due
-- day. What was recovered: what was paid, less what was given back, in the thirty days behind it.
create view result_debt as
select i.customer_id, i.invoice_id, coalesce(k.segment, 'on_time') as segment, k.time_zone, i.currency,
    i.due_date, i.paid_at, (i.paid_at at time zone k.time_zone)::date as paid_on,
    holdout_place(i.customer_id) as holdout_place,
    l.overdue_minor, least(greatest(l.moved_minor, 0), l.overdue_minor) as recovered_minor,
    -- By which version of which scenario it was last planned; looked up only where it is asked for.
    (select r.scenario_id from reminder r
        where r.customer_id = i.customer_id and r.invoice_id = i.invoice_id
            and r.scenario_id is not null
        order by r.due_at desc, r.step desc
        limit 1) as scenario_id,
    (select r.version from reminder r
        where r.customer_id = i.customer_id and r.invoice_id = i.invoice_id
            and r.scenario_id is not null
        order by r.due_at desc, r.step desc
        limit 1) as version
from invoice i
join customer k using (customer_id)
cross join lateral (
    select greatest(coalesce(sum(e.amount_minor) filter (where e.kind = 'charge'
            or (e.at at time zone k.time_zone)::date <= i.due_date), 0), 0)::bigint as overdue_minor,
        coalesce(-sum(e.amount_minor) filter (where e.kind in ('payment', 'refund', 'chargeback',
                'chargeback_reversal')
            and (e.at at time zone k.time_zone)::date > i.due_date
            and (e.at at time zone k.time_zone)::date <= i.due_date + 30), 0)::bigint as moved_minor
    from ledger_entry e
    where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id) l;
grant select on result_debt to dunlin_app;

-- One row for each debt that a message was about. A message about several debts costs each its part.
create view result_message as
select r.customer_id, r.invoice_id, r.step as reminder_step,
    coalesce(s.name, case when r.campaign_id is not null then 'campaign' end, r.step) as step,
    r.channel, r.scenario_id, r.version, r.claimed_at as sent_at,
    coalesce(case when r.message_no is null then r.price_micro else (
        select max(o.price_micro) / count(*)
        from reminder o
        where o.customer_id = r.customer_id and o.message_no = r.message_no
            and o.channel = r.channel) end, 0)::bigint as price_micro
from reminder r
left join scenario_step s on s.scenario_id = r.scenario_id and s.version = r.version
    and s.step_no = r.step_no
where r.state in ('sent', 'uncertain') and r.step not like 'thanks%';
grant select on result_message to dunlin_app;
