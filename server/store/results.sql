-- What reminding brings: all about the debts due in a period, as docs/results.md defines it.

-- name: results_by
-- $1 from and $2 to (due dates, both included), $3 by: segment, scenario, version, step, channel, month,
-- $4 now, $5 holdout_permille
-- One row for each group and currency: key, currency, and numbers that are called as in docs/results.md
-- Each debt looks up its own messages, as joined sets the planner takes for a handful were walked for
-- each other's rows.
with debt as (
    select d.customer_id, d.invoice_id, d.currency, d.due_date, d.time_zone, d.paid_at,
        d.overdue_minor, d.recovered_minor,
        d.holdout_place < $5::bigint as is_held_out,
        d.due_date + 30 < ($4::timestamptz at time zone d.time_zone)::date as is_settled,
        coalesce(d.paid_on > d.due_date, true) as is_late,
        coalesce(d.paid_on <= d.due_date + 30, false) as is_paid_30,
        -- Its group; of steps and channels as many as it was written to by (null here).
        case $3::text
            when 'segment' then d.segment
            when 'month' then to_char(d.due_date, 'YYYY-MM')
            when 'scenario' then coalesce(
                (select s.name from scenario s where s.scenario_id = d.scenario_id), 'none')
            when 'version' then coalesce(
                (select s.name || ' ' || d.version from scenario s
                    where s.scenario_id = d.scenario_id), 'none') end as own_key
    from result_debt d
    where d.due_date between $1::date and $2::date
        and d.due_date < ($4::timestamptz at time zone d.time_zone)::date
), counted as (
    select g.key, d.currency, d.is_held_out, d.is_settled, d.is_late, d.is_paid_30, d.overdue_minor,
        d.recovered_minor, g.messages, g.judged, g.paid_48h, g.reminded_paid, g.reminded_paid_48h,
        g.cost_micro, g.recovery_cost_micro,
        (select count(*) from work_item w
            where w.customer_id = d.customer_id and w.invoice_id = d.invoice_id
                and w.state in ('done', 'exported'))
        + (select count(*) from hold h
            where h.customer_id = d.customer_id and h.invoice_id = d.invoice_id
                -- a case that was handed over is counted above
                and h.kind = 'admin' and h.reason is distinct from 'handed over') as actions,
        (select r.stars from rating r
            where r.customer_id = d.customer_id and r.invoice_id = d.invoice_id) as stars
    from debt d
    cross join lateral (
        select coalesce(d.own_key, case $3::text when 'step' then m.step else m.channel end) as key,
            count(m.sent_at) as messages,
            count(*) filter (where m.is_judged) as judged,
            count(*) filter (where m.is_judged and m.is_paid_48h) as paid_48h,
            count(*) filter (where m.is_last_before_paid) as reminded_paid,
            count(*) filter (where m.is_last_before_paid and m.is_paid_48h) as reminded_paid_48h,
            coalesce(sum(m.price_micro), 0) as cost_micro,
            coalesce(sum(m.price_micro) filter (where m.is_of_recovery), 0) as recovery_cost_micro
        from (select 1) one
        left join (
            select r.step, r.channel, r.sent_at, r.price_micro,
                r.sent_at + interval '48 hours' <= $4::timestamptz as is_judged,
                d.paid_at between r.sent_at and r.sent_at + interval '48 hours' as is_paid_48h,
                d.is_settled and (r.sent_at at time zone d.time_zone)::date - d.due_date
                    between 1 and 30 as is_of_recovery,
                r.sent_at <= d.paid_at and row_number() over (
                    partition by r.sent_at <= d.paid_at order by r.sent_at desc) = 1
                    as is_last_before_paid
            from result_message r
            where r.customer_id = d.customer_id and r.invoice_id = d.invoice_id
                and not d.is_held_out) m on true
        where d.own_key is not null or m.sent_at is not null
        group by 1) g
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
        sum(messages) as messages, sum(judged) as judged, sum(paid_48h) as paid_48h,
        sum(reminded_paid) as reminded_paid, sum(reminded_paid_48h) as reminded_paid_48h,
        sum(cost_micro) as cost_micro, sum(recovery_cost_micro) as recovery_cost_micro,
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
