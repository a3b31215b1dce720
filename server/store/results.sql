-- What reminding brings: all about the debts due in a period, as docs/results.md defines it.

-- name: results_by
-- $1 from and $2 to (due dates, both included), $3 by: segment, scenario, version, step, channel, month,
-- $4 now, $5 holdout_permille
-- One row for each group and currency: key, currency, and numbers that are called as in docs/results.md
with debt as materialized (
    select d.customer_id, d.invoice_id, d.currency, d.due_date, d.paid_at, d.paid_on, d.segment,
        d.time_zone, d.scenario_id, d.version, d.overdue_minor, d.recovered_minor,
        d.holdout_place < $5::bigint as is_held_out,
        d.due_date + 30 < ($4::timestamptz at time zone d.time_zone)::date as is_settled,
        coalesce(d.paid_on > d.due_date, true) as is_late,
        coalesce(d.paid_on <= d.due_date + 30, false) as is_paid_30
    from result_debt d
    where d.due_date between $1::date and $2::date
        and d.due_date < ($4::timestamptz at time zone d.time_zone)::date
), message as materialized (
    select m.customer_id, m.invoice_id, m.step, m.channel, m.sent_at, m.price_micro,
        m.sent_at + interval '48 hours' <= $4::timestamptz as is_judged,
        coalesce(d.paid_at between m.sent_at and m.sent_at + interval '48 hours', false) as is_paid_48h,
        d.is_settled and (m.sent_at at time zone d.time_zone)::date - d.due_date between 1 and 30
            as is_of_recovery,
        m.sent_at <= d.paid_at and row_number() over (
            partition by m.customer_id, m.invoice_id, m.sent_at <= d.paid_at
            order by m.sent_at desc) = 1 as is_last_before_paid
    from debt d
    join result_message m using (customer_id, invoice_id)
    where not d.is_held_out
), keyed as materialized (
    -- Which groups a debt is in: of steps and channels as many as it was written to by.
    select d.*, g.key
    from debt d
    cross join lateral (
        select case $3::text
            when 'segment' then d.segment
            when 'month' then to_char(d.due_date, 'YYYY-MM')
            when 'scenario' then coalesce(
                (select s.name from scenario s where s.scenario_id = d.scenario_id), 'none')
            else coalesce(
                (select s.name || ' ' || d.version from scenario s
                    where s.scenario_id = d.scenario_id), 'none') end as key
        where $3::text not in ('step', 'channel')
        union all
        select distinct case $3::text when 'step' then m.step else m.channel end
        from message m
        where $3::text in ('step', 'channel')
            and m.customer_id = d.customer_id and m.invoice_id = d.invoice_id) g
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
            as holdout_recovered_minor
    from keyed
    group by key, currency
), messages as (
    select k.key, k.currency, count(*) as messages,
        count(*) filter (where m.is_judged) as judged,
        count(*) filter (where m.is_judged and m.is_paid_48h) as paid_48h,
        count(*) filter (where m.is_last_before_paid) as reminded_paid,
        count(*) filter (where m.is_last_before_paid and m.is_paid_48h) as reminded_paid_48h,
        coalesce(sum(m.price_micro), 0)::bigint as cost_micro,
        coalesce(sum(m.price_micro) filter (where m.is_of_recovery), 0)::bigint as recovery_cost_micro
    from keyed k
    join message m using (customer_id, invoice_id)
    where case $3::text when 'step' then m.step = k.key when 'channel' then m.channel = k.key
        else true end
    group by k.key, k.currency
), staff as (
    select k.key, k.currency, coalesce(sum(a.actions), 0)::bigint as actions,
        count(a.stars) as ratings, coalesce(sum(a.stars), 0) as stars
    from keyed k
    cross join lateral (
        select (select count(*) from work_item w
                where w.customer_id = k.customer_id and w.invoice_id = k.invoice_id
                    and w.state in ('done', 'exported'))
            + (select count(*) from hold h
                where h.customer_id = k.customer_id and h.invoice_id = k.invoice_id
                    and h.kind = 'admin') as actions,
            (select r.stars from rating r
                where r.customer_id = k.customer_id and r.invoice_id = k.invoice_id) as stars) a
    where not k.is_held_out
    group by k.key, k.currency
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
    coalesce(m.messages, 0)::bigint as messages,
    round(1000.0 * m.paid_48h / nullif(m.judged, 0))::bigint as messages_paid_48h_permille,
    coalesce(m.reminded_paid, 0)::bigint as reminded_paid,
    round(1000.0 * m.reminded_paid_48h / nullif(m.reminded_paid, 0))::bigint
        as reminded_paid_48h_permille,
    d.settled, round(1000.0 * d.paid_30 / nullif(d.settled, 0))::bigint as paid_30_permille,
    d.overdue_minor::bigint as overdue_minor, d.recovered_minor::bigint as recovered_minor,
    round(1000.0 * d.recovered_minor / nullif(d.overdue_minor, 0))::bigint as recovered_permille,
    coalesce(m.cost_micro, 0)::bigint as cost_micro,
    round(100.0 * m.recovery_cost_micro / nullif(d.recovered_minor, 0))::bigint
        as cost_per_100_recovered_micro,
    coalesce(s.actions, 0)::bigint as staff_actions,
    coalesce(s.ratings, 0)::bigint as ratings,
    round(100.0 * s.stars / nullif(s.ratings, 0))::bigint as rating_hundredths,
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
left join messages m using (key, currency)
left join staff s using (key, currency)
order by d.key, d.currency;
