-- The planner's rule (0032, 0043), with less to do for each debt; it decides the same. What is the same
-- for all debts of a hit is worked out once: its local time (moved into the hours people may be written
-- at), the instant in the usual time zone, and whether it has any condition at all. What only hits
-- with conditions need stays together in one value instead of being handed on in twenty columns.
create or replace function plan_judge(hit_scenario bigint[], hit_version bigint[], hit_step bigint[],
        hit_occurrence bigint[], hit_anchor date[], hit_day date[], key_customers bigint[],
        key_invoices bigint[], behind bigint, up_to bigint, now timestamptz, from_second bigint,
        to_second bigint, days bigint, holdout_permille bigint)
    returns table (customer_id bigint, invoice_id bigint, step text, scenario_id bigint,
        version integer, step_no integer, occurrence integer, anchor_no integer, step_date date,
        due_at timestamptz, is_missed boolean, is_held_out boolean, old_state text, why_not text)
    language sql stable parallel safe as $$
with asked as materialized (
    select w.scenario_id, v.version, s.step_no, w.occurrence::integer as occurrence,
        w.anchor_date, w.day, s.name, s.anchor, s.anchor = 'paid' as is_paid,
        -- A call or a case handed over is no message, and the hold-out measures messages.
        s.channels <@ array['call', 'handover'] as is_work,
        plan_step(s.name, s.anchor, null, w.occurrence::integer) as step,
        case when $12 <= 0 and $13 >= 86400 and $14 & 127 = 127
                or s.channels <@ array['call', 'handover'] -- a row on a list disturbs nobody
            then w.day + make_interval(secs => s.at_second)
            else plan_into_window(w.day + make_interval(secs => s.at_second), $12::integer,
                $13::integer, $14::integer) end as local_at,
        s.segments = '{}' and s.products = '{}' and s.kinds = '{}' and s.currencies = '{}'
            and s.amount_from_minor is null and s.amount_to_minor is null as is_to_all,
        s.segments, s.kinds, s.currencies, plan_likes(s.products) as products,
        s.amount_from_minor, s.amount_to_minor, v.catch_up_days,
        v.in_force_from, coalesce(v.in_force_until, 'infinity') as in_force_until,
        v.products = '{}' and v.kinds = '{}' and v.currencies = '{}' as is_for_all,
        v.kinds as for_kinds, v.currencies as for_currencies,
        plan_likes(v.products) as for_products, n.position,
        exists (
            select
            from scenario_version e
            join scenario m on m.scenario_id = e.scenario_id
            where m.position < n.position and e.in_force_from is not null
                and (e.in_force_until is null or e.in_force_until > v.in_force_from)
        ) as has_earlier
    from unnest($1, $2, $3, $4, $5, $6)
        as w (scenario_id, version, step_no, occurrence, anchor_date, day)
    join scenario_step s on s.scenario_id = w.scenario_id and s.version = w.version
        and s.step_no = w.step_no
    join scenario_version v on v.scenario_id = w.scenario_id and v.version = w.version
    join scenario n on n.scenario_id = w.scenario_id
    where v.in_force_from is not null
), usual as materialized (
    -- Most customers live in one time zone: there each hit has one time for all of them.
    select coalesce((
        select i.payer_time_zone
        from invoice i
        where i.customer_id > $9
        order by i.customer_id
        limit 1), 'UTC') as time_zone
), hit as materialized (
    -- What each debt is asked; what few are asked stays together in `asked`. A plain hit is for all.
    select a as asked, a.scenario_id, a.version, a.step_no, a.occurrence, a.anchor, a.anchor_date,
        a.day, a.is_paid, a.step, a.local_at, a.local_at at time zone u.time_zone as usual_at,
        u.time_zone as usual_zone,
        a.is_to_all and a.is_for_all and not a.has_earlier and a.in_force_from <= $11
            and a.in_force_until = 'infinity' as is_plain
    from asked a
    cross join usual u
), shape as materialized (
    -- Each debt meets one hit at most: nothing of it has to be sorted.
    select count(distinct anchor) <= 1 and count(distinct anchor_date) = count(*)
            and bool_and(anchor in ('due', 'issue', 'paid')) as is_single
    from hit
), pair as (
    select h.*, null::integer as anchor_no, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from hit h
    join invoice i on i.due_date = h.anchor_date and i.customer_id > $9 and i.customer_id <= $10
    where h.anchor = 'due' and $7 is null
    union all
    select h.*, null, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from hit h
    join invoice i on i.issue_date = h.anchor_date and i.customer_id > $9 and i.customer_id <= $10
    where h.anchor = 'issue' and $7 is null
    union all
    -- No index of payments: it would cost each of them its update in place.
    select h.*, null, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from hit h
    join invoice i on (i.paid_at at time zone i.payer_time_zone)::date = h.anchor_date
        and i.customer_id > $9 and i.customer_id <= $10
    where h.anchor = 'paid' and $7 is null
    union all
    select h.*, p.hold_no, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from hit h
    join hold p on coalesce(p.promised_on, (p.until at time zone 'UTC')::date) = h.anchor_date
        and p.kind = 'promise'
        and p.released_at is null and p.customer_id > $9 and p.customer_id <= $10
    join invoice i on i.customer_id = p.customer_id and i.invoice_id = p.invoice_id
    where h.anchor = 'promise' and $7 is null
    union all
    select h.*, p.part_no, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from hit h
    join instalment p on p.due_date = h.anchor_date and p.paid_at is null
        and p.customer_id > $9 and p.customer_id <= $10
    join invoice i on i.customer_id = p.customer_id and i.invoice_id = p.invoice_id
    where h.anchor = 'instalment' and $7 is null
    union all
    select h.*, null, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from unnest($7, $8) as k (customer_id, invoice_id)
    join invoice i on i.customer_id = k.customer_id and i.invoice_id = k.invoice_id
    join hit h on h.anchor_date = case h.anchor when 'due' then i.due_date
        when 'issue' then i.issue_date
        when 'paid' then (i.paid_at at time zone i.payer_time_zone)::date end
    union all
    select h.*, p.hold_no, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from unnest($7, $8) as k (customer_id, invoice_id)
    join hold p on p.customer_id = k.customer_id and p.invoice_id = k.invoice_id
        and p.kind = 'promise' and p.released_at is null
    join hit h on h.anchor = 'promise'
        and h.anchor_date = coalesce(p.promised_on, (p.until at time zone 'UTC')::date)
    join invoice i on i.customer_id = p.customer_id and i.invoice_id = p.invoice_id
    union all
    select h.*, p.part_no, i.customer_id, i.invoice_id, i.kind, i.product,
        i.currency, i.due_minor, i.link_no, i.campaign_id, i.payer_time_zone
    from unnest($7, $8) as k (customer_id, invoice_id)
    join instalment p on p.customer_id = k.customer_id and p.invoice_id = k.invoice_id
        and p.paid_at is null
    join hit h on h.anchor = 'instalment' and h.anchor_date = p.due_date
    join invoice i on i.customer_id = p.customer_id and i.invoice_id = p.invoice_id
), placed as (
    select p.*,
        case when p.payer_time_zone = p.usual_zone then p.usual_at
            else p.local_at at time zone p.payer_time_zone end as due_at
    from pair p
    offset 0 -- or the time would be computed wherever it is named
), timed as (
    select p.*, p.due_at <= $11 as is_missed, greatest(p.due_at, $11) as goes_at
    from placed p
), judged as not materialized (
    select t.customer_id, t.invoice_id, t.payer_time_zone, t.scenario_id, t.version, t.step_no,
        t.occurrence, t.anchor_no, t.day, t.due_at, t.is_missed, t.is_paid,
        (t.asked).is_work,
        case when t.anchor_no is null then t.step
            else plan_step((t.asked).name, (t.asked).anchor, t.anchor_no,
                t.occurrence) end as step,
        case
            when t.is_paid and t.due_minor > 0 then 'owed again'
            when not t.is_paid and t.due_minor <= 0 then 'paid'
            when t.campaign_id is not null then 'campaign'
            when not t.is_paid and t.link_no is null then 'no link'
            when t.is_plain and not t.is_missed then null
            when t.goes_at < (t.asked).in_force_from then 'version not yet in force'
            when t.goes_at >= (t.asked).in_force_until then 'version no longer in force'
            when not (t.asked).is_for_all and (t.asked).for_products <> '{}'
                and (coalesce(t.product, '') like any ((t.asked).for_products)) is not true
                then 'scenario: product'
            when not (t.asked).is_for_all and (t.asked).for_kinds <> '{}'
                and t.kind <> all ((t.asked).for_kinds)
                then 'scenario: kind'
            when not (t.asked).is_for_all and (t.asked).for_currencies <> '{}'
                and t.currency <> all ((t.asked).for_currencies)
                then 'scenario: currency'
            when (t.asked).has_earlier and exists (
                select
                from scenario_version e
                join scenario m on m.scenario_id = e.scenario_id
                where m.position < (t.asked).position
                    and e.in_force_from <= t.goes_at
                    and (e.in_force_until is null or e.in_force_until > t.goes_at)
                    and (e.products = '{}'
                        or coalesce(t.product, '') like any (plan_likes(e.products)))
                    and (e.kinds = '{}' or t.kind = any (e.kinds))
                    and (e.currencies = '{}' or t.currency = any (e.currencies)))
                then 'scenario: another comes first'
            when not (t.asked).is_to_all and (t.asked).products <> '{}'
                and (coalesce(t.product, '') like any ((t.asked).products)) is not true
                then 'step: product'
            when not (t.asked).is_to_all and (t.asked).kinds <> '{}'
                and t.kind <> all ((t.asked).kinds) then 'step: kind'
            when not (t.asked).is_to_all and (t.asked).currencies <> '{}'
                and t.currency <> all ((t.asked).currencies)
                then 'step: currency'
            when not (t.asked).is_to_all
                and (t.due_minor < (t.asked).amount_from_minor
                    or t.due_minor > (t.asked).amount_to_minor)
                then 'step: amount'
            when not (t.asked).is_to_all and (t.asked).segments <> '{}' and coalesce((
                    select c.segment from customer c where c.customer_id = t.customer_id), 'on_time')
                <> all ((t.asked).segments) then 'step: segment'
            when t.is_missed and ($11 at time zone t.payer_time_zone)::date - t.day
                > (t.asked).catch_up_days
                then 'missed too long ago'
        end as why_not
    from timed t
    offset 0
), ranked as (
    select j.*, false as is_overtaken, false as has_newer_missed
    from judged j
    where (select is_single from shape)
    union all
    select j.*, lag(j.day) over debt is not distinct from j.day, lag(j.is_missed) over debt is true
    from judged j
    where not (select is_single from shape)
    window debt as (
        partition by j.customer_id, j.invoice_id, j.is_paid, j.why_not is null
        order by j.day desc, j.step_no desc, j.occurrence desc)
)
select r.customer_id, r.invoice_id, r.step, r.scenario_id, r.version, r.step_no, r.occurrence,
    r.anchor_no, r.day,
    case when not r.is_missed then r.due_at
        when $12 <= 0 and $13 >= 86400 and $14 & 127 = 127 or r.is_work then $11
        else plan_into_window($11 at time zone r.payer_time_zone, $12::integer, $13::integer,
            $14::integer) at time zone r.payer_time_zone end,
    r.is_missed, $15 > 0 and not r.is_work and holdout_place(r.customer_id) < $15, o.state,
    coalesce(r.why_not, case
        when r.is_overtaken then 'a later listed step is for the same day'
        when r.is_missed and r.has_newer_missed then 'a newer step was missed as well'
        when o.is_final then 'planned before'
        when r.is_missed and o.has_newer then 'a step as new is there'
        when o.has_other then 'another step is there for the same day' end)
from ranked r
left join lateral (
    select max(x.state) filter (where x.step = r.step) as state,
        bool_or(x.step = r.step and not (
            (x.state = 'cancelled' and x.reason in ('paid', 'planned anew'))
            or (x.state = 'claimed' and x.reason = 'planned anew'))) as is_final,
        bool_or(x.step <> r.step and x.step_date >= r.day and x.state <> 'cancelled') as has_newer,
        bool_or(x.step <> r.step and x.step_date = r.day and x.state <> 'cancelled') as has_other
    from reminder x
    where x.customer_id = r.customer_id and x.invoice_id = r.invoice_id and r.why_not is null
        and (x.step like 'paid\_%' or x.step like 'thanks%') = r.is_paid
) o on true
$$;
