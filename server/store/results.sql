-- What reminding brings: all about the debts due in a period, as docs/results.md defines it.

-- name: results_by
-- $1 from and $2 to (due dates, both included), $3 by: segment, scenario, version, step, channel, month,
-- $4 now, $5 holdout_permille
-- One row for each group and currency: key, currency, and numbers that are called as in docs/results.md
-- By whole sets: the debts of the period once, and each table joined to them once. It is planned for its
-- own arguments (store_reports), so what $3 does not ask for costs nothing.
with debt as not materialized (
    -- Read again where it is joined: of a kept copy the planner knows nothing, and hashes the other side.
    -- over_at and settled_at: where its due day ends, and the thirtieth behind it.
    select i.customer_id, i.invoice_id, i.currency, i.due_date, i.paid_at,
        coalesce(k.segment, 'on_time') as segment, e.over_at, e.settled_at,
        $5::bigint > 0 and holdout_place(i.customer_id) < $5::bigint as is_held_out,
        e.settled_at <= $4::timestamptz as is_settled,
        coalesce(i.paid_at >= e.over_at, true) as is_late,
        coalesce(i.paid_at < e.settled_at, false) as is_paid_30
    from invoice i
    join customer k using (customer_id)
    cross join lateral (
        select day_end(i.due_date, k.time_zone) as over_at,
            day_end(i.due_date + 30, k.time_zone) as settled_at) e
    where i.due_date between $1::date and $2::date and e.over_at <= $4::timestamptz
), money as materialized (
    -- Of settled ones: what was overdue, and what came in the thirty days.
    select d.customer_id, d.invoice_id,
        greatest(sum(e.amount_minor) filter (where e.kind = 'charge' or e.at < d.over_at), 0)
            as overdue_minor,
        greatest(-sum(e.amount_minor) filter (
            where e.kind in ('payment', 'refund', 'chargeback', 'chargeback_reversal')
                and e.at >= d.over_at and e.at < d.settled_at), 0) as moved_minor
    from debt d
    join ledger_entry e using (customer_id, invoice_id)
    where d.is_settled
    group by d.customer_id, d.invoice_id
), planned as materialized (
    -- By which version of which scenario it was last planned.
    select distinct on (d.customer_id, d.invoice_id) d.customer_id, d.invoice_id, r.scenario_id,
        r.version
    from debt d
    join reminder r using (customer_id, invoice_id)
    where $3::text in ('scenario', 'version') and r.scenario_id is not null
    order by d.customer_id, d.invoice_id, r.due_at desc, r.step desc
), grouped as materialized (
    -- Its own group; of steps and channels as many as it was written to by (null here).
    select d.*, case $3::text
            when 'segment' then d.segment
            when 'month' then to_char(d.due_date, 'YYYY-MM')
            when 'scenario' then coalesce(s.name, 'none')
            when 'version' then coalesce(s.name || ' ' || p.version, 'none') end as own_key
    from debt d
    left join planned p using (customer_id, invoice_id)
    left join scenario s using (scenario_id)
), shared as materialized (
    -- Messages about several debts: what each of these costs.
    select r.customer_id, r.message_no, r.channel, max(r.price_micro) / count(*) as price_micro
    from (
        select customer_id, message_no
        from reminder
        where message_no is not null
            and customer_id in (select customer_id from debt)
        group by customer_id, message_no
        having count(*) > 1) m
    join reminder r using (customer_id, message_no)
    group by r.customer_id, r.message_no, r.channel
), written as materialized (
    -- A debt's messages, or by step and channel those of each.
    select d.customer_id, d.invoice_id,
        case $3::text when 'step' then r.step_name when 'channel' then r.channel end as key,
        count(*) as messages,
        count(*) filter (where r.is_judged) as judged,
        count(*) filter (where r.is_judged and d.paid_at between r.sent_at
            and r.sent_at + interval '48 hours') as paid_48h,
        max(r.sent_at) filter (where r.sent_at <= d.paid_at) as last_before_paid,
        sum(r.price_micro) as cost_micro,
        sum(r.price_micro) filter (where d.is_settled and r.sent_at >= d.over_at
            and r.sent_at < d.settled_at) as recovery_cost_micro
    from debt d
    join (
        select r.customer_id, r.invoice_id, r.channel, r.claimed_at as sent_at,
            r.claimed_at + interval '48 hours' <= $4::timestamptz as is_judged,
            coalesce(s.name, case when r.campaign_id is not null then 'campaign' end, r.step)
                as step_name,
            coalesce(o.price_micro, r.price_micro)::bigint as price_micro
        from reminder r
        left join scenario_step s using (scenario_id, version, step_no)
        left join shared o using (customer_id, message_no, channel)
        where r.state in ('sent', 'uncertain') and r.step not like 'thanks%') r
        using (customer_id, invoice_id)
    where not d.is_held_out
    group by 1, 2, 3
), last_written as materialized (
    -- By step and channel a debt was paid after the last message before alone.
    select distinct on (customer_id, invoice_id) customer_id, invoice_id, key
    from written
    where $3::text in ('step', 'channel') and last_before_paid is not null
    order by customer_id, invoice_id, last_before_paid desc, key
), acted as materialized (
    select d.customer_id, d.invoice_id, count(*) as actions
    from debt d
    join (
        select customer_id, invoice_id from work_item where state in ('done', 'exported')
        union all
        select customer_id, invoice_id from hold
        where kind = 'admin'
            -- a case that was handed over is counted above
            and reason is distinct from 'handed over') a
        using (customer_id, invoice_id)
    group by d.customer_id, d.invoice_id
), counted as (
    select coalesce(d.own_key, w.key) as key, d.currency, d.is_held_out, d.is_settled, d.is_late,
        d.is_paid_30, m.overdue_minor, least(m.moved_minor, m.overdue_minor) as recovered_minor,
        w.messages, w.judged, w.paid_48h,
        (p.is_paid)::integer as reminded_paid,
        (p.is_paid and d.paid_at <= w.last_before_paid + interval '48 hours')::integer
            as reminded_paid_48h,
        w.cost_micro, w.recovery_cost_micro, a.actions, r.stars
    from grouped d
    left join written w using (customer_id, invoice_id)
    left join last_written l on l.customer_id = w.customer_id and l.invoice_id = w.invoice_id
        and l.key = w.key
    left join money m on m.customer_id = d.customer_id and m.invoice_id = d.invoice_id
    left join acted a on a.customer_id = d.customer_id and a.invoice_id = d.invoice_id
    left join rating r on r.customer_id = d.customer_id and r.invoice_id = d.invoice_id
    cross join lateral (
        select w.last_before_paid is not null and (d.own_key is not null or l.key is not null)
            as is_paid) p
    where d.own_key is not null or w.customer_id is not null
), debts as (
    select key, currency,
        count(*) filter (where not is_held_out) as debts,
        count(*) filter (where not is_held_out and is_late) as late,
        count(*) filter (where not is_held_out and is_settled) as settled,
        count(*) filter (where not is_held_out and is_settled and is_paid_30) as paid_30,
        coalesce(sum(overdue_minor) filter (where not is_held_out and is_settled), 0) as overdue_minor,
        coalesce(sum(recovered_minor) filter (where not is_held_out and is_settled), 0)
            as recovered_minor,
        count(*) filter (where is_held_out) as holdout_debts,
        count(*) filter (where is_held_out and is_late) as holdout_late,
        count(*) filter (where is_held_out and is_settled) as holdout_settled,
        count(*) filter (where is_held_out and is_settled and is_paid_30) as holdout_paid_30,
        coalesce(sum(overdue_minor) filter (where is_held_out and is_settled), 0)
            as holdout_overdue_minor,
        coalesce(sum(recovered_minor) filter (where is_held_out and is_settled), 0)
            as holdout_recovered_minor,
        coalesce(sum(messages), 0) as messages, sum(judged) as judged, sum(paid_48h) as paid_48h,
        sum(reminded_paid) as reminded_paid, sum(reminded_paid_48h) as reminded_paid_48h,
        coalesce(sum(cost_micro), 0) as cost_micro,
        coalesce(sum(recovery_cost_micro), 0) as recovery_cost_micro,
        coalesce(sum(actions) filter (where not is_held_out), 0) as actions,
        count(stars) filter (where not is_held_out) as ratings,
        coalesce(sum(stars) filter (where not is_held_out), 0) as stars
    from counted
    group by key, currency
), compared as (
    -- Two shares, and by how much the difference may be off: 95 %, as of two independent samples.
    select d.key, d.currency,
        d.late::numeric / nullif(d.debts, 0) - d.holdout_late::numeric / nullif(d.holdout_debts, 0)
            as late_effect,
        1.96 * sqrt(d.late::numeric * (d.debts - d.late) / nullif(d.debts::numeric ^ 3, 0)
            + d.holdout_late::numeric * (d.holdout_debts - d.holdout_late)
                / nullif(d.holdout_debts::numeric ^ 3, 0)) as late_margin,
        d.paid_30::numeric / nullif(d.settled, 0)
            - d.holdout_paid_30::numeric / nullif(d.holdout_settled, 0) as paid_effect,
        1.96 * sqrt(d.paid_30::numeric * (d.settled - d.paid_30)
                / nullif(d.settled::numeric ^ 3, 0)
            + d.holdout_paid_30::numeric * (d.holdout_settled - d.holdout_paid_30)
                / nullif(d.holdout_settled::numeric ^ 3, 0)) as paid_margin
    from debts d
)
select d.key, d.currency,
    d.debts, d.late, round(1000.0 * d.late / nullif(d.debts, 0))::bigint as late_permille,
    d.messages::bigint as messages,
    round(1000.0 * d.paid_48h / nullif(d.judged, 0))::bigint as messages_paid_48h_permille,
    d.reminded_paid::bigint as reminded_paid,
    round(1000.0 * d.reminded_paid_48h / nullif(d.reminded_paid, 0))::bigint
        as reminded_paid_48h_permille,
    d.settled, round(1000.0 * d.paid_30 / nullif(d.settled, 0))::bigint as paid_30_permille,
    d.overdue_minor::bigint as overdue_minor, d.recovered_minor::bigint as recovered_minor,
    round(1000.0 * d.recovered_minor / nullif(d.overdue_minor, 0))::bigint as recovered_permille,
    d.cost_micro::bigint as cost_micro,
    round(100.0 * d.recovery_cost_micro / nullif(d.recovered_minor, 0))::bigint
        as cost_per_100_recovered_micro,
    d.actions::bigint as staff_actions,
    d.ratings as ratings,
    round(100.0 * d.stars / nullif(d.ratings, 0))::bigint as rating_hundredths,
    d.holdout_debts, round(1000.0 * d.holdout_late / nullif(d.holdout_debts, 0))::bigint
        as holdout_late_permille,
    d.holdout_settled, round(1000.0 * d.holdout_paid_30 / nullif(d.holdout_settled, 0))::bigint
        as holdout_paid_30_permille,
    d.holdout_overdue_minor::bigint as holdout_overdue_minor,
    d.holdout_recovered_minor::bigint as holdout_recovered_minor,
    round(1000.0 * d.holdout_recovered_minor / nullif(d.holdout_overdue_minor, 0))::bigint
        as holdout_recovered_permille,
    round(1000 * c.late_effect)::bigint as late_effect_permille,
    round(1000 * (c.late_effect - c.late_margin))::bigint as late_effect_low_permille,
    round(1000 * (c.late_effect + c.late_margin))::bigint as late_effect_high_permille,
    round(1000 * c.paid_effect)::bigint as paid_30_effect_permille,
    round(1000 * (c.paid_effect - c.paid_margin))::bigint as paid_30_effect_low_permille,
    round(1000 * (c.paid_effect + c.paid_margin))::bigint as paid_30_effect_high_permille
from debts d
join compared c using (key, currency)
order by d.key, d.currency;
