-- What reminding brings: all about the debts due in a period, as docs/results.md defines it.

-- name: results_by
-- $1 from and $2 to (due dates, both included), $3 by: segment, scenario, version, step, channel, month,
-- $4 now, $5 holdout_permille
-- One row for each group and currency: key, currency, and numbers that are called as in docs/results.md
-- The facts are those of migrations/0049 and come as whole sets; here they are counted. It is planned for
-- its own arguments (store_reports), so what $3 does not ask for costs nothing.
with debt as not materialized (
    select d.*, d.settled_at <= $4::timestamptz as is_settled
    from result_debts($1::date, $2::date) d
    where d.over_at <= $4::timestamptz
), acted as (
    select customer_id, invoice_id, count(*) as actions
    from result_action
    group by customer_id, invoice_id
), grouped as materialized (
    -- All of a debt but its messages, with its own group; of steps and channels it has as many as it was
    -- written to by (null here). Once: there may be more messages than debts.
    select d.customer_id, d.invoice_id, d.currency, d.paid_at, d.is_late, d.is_paid_30, d.is_settled,
        $5::bigint > 0 and holdout_place(d.customer_id) < $5::bigint as is_held_out,
        case $3::text
            when 'segment' then coalesce(g.segment, 'on_time')
            when 'month' then to_char(d.due_date, 'YYYY-MM')
            when 'scenario' then coalesce(s.name, 'none')
            when 'version' then coalesce(s.name || ' ' || p.version, 'none') end as own_key,
        m.overdue_minor, m.recovered_minor, a.actions, r.stars
    from debt d
    left join result_segment g on $3::text = 'segment' and g.customer_id = d.customer_id
        and g.since <= d.due_at and g.until > d.due_at
    left join result_plans($1::date, $2::date) p on $3::text in ('scenario', 'version')
        and p.customer_id = d.customer_id and p.invoice_id = d.invoice_id
    left join scenario s on s.scenario_id = p.scenario_id
    left join result_money($1::date, $2::date) m
        on m.customer_id = d.customer_id and m.invoice_id = d.invoice_id
    left join acted a on a.customer_id = d.customer_id and a.invoice_id = d.invoice_id
    left join rating r on r.customer_id = d.customer_id and r.invoice_id = d.invoice_id
), written as materialized (
    -- A debt's messages, or by step and channel those of each.
    select d.customer_id, d.invoice_id,
        case $3::text when 'step' then r.step when 'channel' then r.channel end as key,
        count(*) as messages,
        count(*) filter (where r.sent_at + interval '48 hours' <= $4::timestamptz) as judged,
        count(*) filter (where r.sent_at + interval '48 hours' <= $4::timestamptz
            and d.paid_at between r.sent_at and r.sent_at + interval '48 hours') as paid_48h,
        max(r.sent_at) filter (where r.sent_at <= d.paid_at) as last_before_paid,
        result_sum(r.price_micro) as cost_micro,
        result_sum(r.price_micro) filter (where d.is_settled and r.sent_at >= d.over_at
            and r.sent_at < d.settled_at) as recovery_cost_micro
    from debt d
    join result_message r using (customer_id, invoice_id)
    group by 1, 2, 3
), last_written as (
    -- By step and channel a debt was paid after the last message before alone.
    select w.customer_id, w.invoice_id, min(w.key) as key
    from written w
    join (
        select customer_id, invoice_id, max(last_before_paid) as last_before_paid
        from written
        where $3::text in ('step', 'channel') and last_before_paid is not null
        group by customer_id, invoice_id) l using (customer_id, invoice_id, last_before_paid)
    group by w.customer_id, w.invoice_id
), summed as (
    -- A row for those who are reminded, and one for the held-out.
    select coalesce(d.own_key, w.key) as key, d.currency, d.is_held_out,
        count(*) as debts,
        count(*) filter (where d.is_late) as late,
        count(*) filter (where d.is_settled) as settled,
        count(*) filter (where d.is_settled and d.is_paid_30) as paid_30,
        sum(d.overdue_minor) filter (where d.is_settled) as overdue_minor,
        sum(d.recovered_minor) filter (where d.is_settled) as recovered_minor,
        sum(w.messages) as messages, sum(w.judged) as judged, sum(w.paid_48h) as paid_48h,
        count(*) filter (where p.is_paid) as reminded_paid,
        count(*) filter (where p.is_paid
            and d.paid_at <= w.last_before_paid + interval '48 hours') as reminded_paid_48h,
        sum(w.cost_micro) as cost_micro, sum(w.recovery_cost_micro) as recovery_cost_micro,
        sum(d.actions) as actions, count(d.stars) as ratings, sum(d.stars) as stars
    from grouped d
    left join written w using (customer_id, invoice_id)
    left join last_written l on l.customer_id = w.customer_id and l.invoice_id = w.invoice_id
        and l.key = w.key
    cross join lateral (
        select w.last_before_paid is not null and (d.own_key is not null or l.key is not null)
            as is_paid) p
    where d.own_key is not null or (w.customer_id is not null and not d.is_held_out)
    group by 1, 2, 3
), debts as (
    select key, currency,
        coalesce(t.debts, 0) as debts, coalesce(t.late, 0) as late,
        coalesce(t.settled, 0) as settled, coalesce(t.paid_30, 0) as paid_30,
        coalesce(t.overdue_minor, 0) as overdue_minor,
        coalesce(t.recovered_minor, 0) as recovered_minor,
        coalesce(h.debts, 0) as holdout_debts, coalesce(h.late, 0) as holdout_late,
        coalesce(h.settled, 0) as holdout_settled, coalesce(h.paid_30, 0) as holdout_paid_30,
        coalesce(h.overdue_minor, 0) as holdout_overdue_minor,
        coalesce(h.recovered_minor, 0) as holdout_recovered_minor,
        coalesce(t.messages, 0) as messages, t.judged, t.paid_48h,
        coalesce(t.reminded_paid, 0) as reminded_paid,
        coalesce(t.reminded_paid_48h, 0) as reminded_paid_48h,
        coalesce(t.cost_micro, 0) as cost_micro,
        coalesce(t.recovery_cost_micro, 0) as recovery_cost_micro,
        coalesce(t.actions, 0) as actions, coalesce(t.ratings, 0) as ratings,
        coalesce(t.stars, 0) as stars
    from (select * from summed where not is_held_out) t
    full join (select * from summed where is_held_out) h using (key, currency)
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
