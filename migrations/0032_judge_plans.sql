-- Planning by day. A pass takes the days behind `through` up to `passing_to`, customers by customers,
-- each batch in a transaction that moves `customers_done`: whoever dies in the middle, or shares the
-- work with other machines, repeats nothing and leaves nothing out.
alter table planned
    add column passing_to date,     -- null: no pass is under way
    add column customers_done bigint not null default 0,
    add column scenarios text not null default ''; -- which versions the planned days were planned by

-- A batch reads the debts of one date and some customers.
drop index invoice_by_due;
drop index invoice_by_issue;
create index invoice_by_due on invoice (due_date, customer_id);
create index invoice_by_issue on invoice (issue_date, customer_id);
-- A promise is good until a day begins, in UTC, as the interface for holds has it.
create index hold_promised on hold (((until at time zone 'UTC')::date), customer_id)
    where kind = 'promise' and released_at is null;
-- What was and is planned for a day.
create index reminder_by_day on reminder (step_date) where step_date is not null;

-- What imports planned far ahead is planned anew, when its day comes near, by a scenario.
update reminder r
set step_date = (r.due_at at time zone i.payer_time_zone)::date,
    state = case r.state when 'scheduled' then 'cancelled' else r.state end,
    reason = case r.state when 'scheduled' then 'planned anew' else r.reason end,
    finished_at = case r.state when 'scheduled' then now() else r.finished_at end
from invoice i
where i.customer_id = r.customer_id and i.invoice_id = r.invoice_id and r.step not like 'thanks%';

-- A local time moved into the hours and days at which people may be written to: on to the beginning
-- of the next such span. `days`: bit 0 is Monday. `to_second` is the first second that is too late.
create function plan_into_window(at timestamp, from_second integer, to_second integer, days integer)
    returns timestamp
    language plpgsql immutable parallel safe as $$
declare
    day timestamp := date_trunc('day', at);
    second double precision := extract(epoch from at - date_trunc('day', at));
begin
    if second >= to_second then
        day := day + interval '1 day';
        second := from_second;
    elsif second < from_second then
        second := from_second;
    end if;
    for i in 1..7 loop
        exit when (days >> (extract(isodow from day)::integer - 1)) & 1 = 1;
        day := day + interval '1 day';
        second := from_second;
    end loop;
    return day + make_interval(secs => second);
end
$$;

-- A product condition as patterns for `like`: a * at the end stands for anything.
create function plan_likes(words text[]) returns text[]
    language sql immutable parallel safe
    return array(
        select case when right(w, 1) = '*'
                then regexp_replace(left(w, -1), '([\\%_])', '\\\1', 'g') || '%'
                else regexp_replace(w, '([\\%_])', '\\\1', 'g') end
        from unnest(words) w);

-- The name of a reminder, as domain/scenario.h has it. Those that go when nothing is owed are told by
-- it.
create function plan_step(name text, anchor text, anchor_no integer, occurrence integer) returns text
    language sql immutable parallel safe
    return case when anchor = 'paid' then 'paid_' else '' end
        || name || coalesce('.' || anchor_no, '')
        || case when occurrence > 0 then '_' || occurrence else '' end;

-- The planner's one rule: debts and the steps of scenarios that fall on some days, and for each what
-- keeps it from being sent (`why_not`; null: nothing does). The planner inserts what nothing keeps,
-- the forecast counts it, and whoever asks why is shown all.
--
-- Hits: step `hit_step` falls on `hit_day` for debts whose anchor date is `hit_anchor`. The debts are
-- those named, or (key_customers null) all of the customers behind `behind` up to `up_to`.
--
-- Of the steps of a debt on one day the last listed goes. Of those whose time has passed only the
-- newest goes, now, if it is not older than its scenario's catch-up and nothing as new is there. What
-- a payment or an older plan cancelled comes back (`old_state`: there is a row).
create function plan_judge(hit_scenario bigint[], hit_version bigint[], hit_step bigint[],
        hit_occurrence bigint[], hit_anchor date[], hit_day date[], key_customers bigint[],
        key_invoices bigint[], behind bigint, up_to bigint, now timestamptz, from_second bigint,
        to_second bigint, days bigint, holdout_permille bigint)
    returns table (customer_id bigint, invoice_id bigint, step text, scenario_id bigint,
        version integer, step_no integer, occurrence integer, anchor_no integer, step_date date,
        due_at timestamptz, is_missed boolean, is_held_out boolean, old_state text, why_not text)
    language sql stable parallel safe as $$
with hit as materialized (
    select w.scenario_id, v.version, s.step_no, w.occurrence::integer as occurrence,
        w.anchor_date, w.day, s.name, s.anchor, s.anchor = 'paid' as is_paid,
        plan_step(s.name, s.anchor, null, w.occurrence::integer) as step, s.at_second,
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
    join hold p on (p.until at time zone 'UTC')::date = h.anchor_date and p.kind = 'promise'
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
    join hit h on h.anchor = 'promise' and h.anchor_date = (p.until at time zone 'UTC')::date
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
        case when $12 <= 0 and $13 >= 86400 and $14 & 127 = 127
            then p.day + make_interval(secs => p.at_second)
            else plan_into_window(p.day + make_interval(secs => p.at_second), $12::integer,
                $13::integer, $14::integer) end at time zone p.payer_time_zone as due_at
    from pair p
    offset 0 -- or the time would be computed wherever it is named
), timed as (
    select p.*, p.due_at <= $11 as is_missed, greatest(p.due_at, $11) as goes_at
    from placed p
), judged as not materialized (
    select t.customer_id, t.invoice_id, t.payer_time_zone, t.scenario_id, t.version, t.step_no,
        t.occurrence, t.anchor_no, t.day, t.due_at, t.is_missed, t.is_paid,
        case when t.anchor_no is null then t.step
            else plan_step(t.name, t.anchor, t.anchor_no, t.occurrence) end as step,
        case
            when t.is_paid and t.due_minor > 0 then 'owed again'
            when not t.is_paid and t.due_minor <= 0 then 'paid'
            when t.campaign_id is not null then 'campaign'
            when not t.is_paid and t.link_no is null then 'no link'
            when t.goes_at < t.in_force_from then 'version not yet in force'
            when t.goes_at >= t.in_force_until then 'version no longer in force'
            when not t.is_for_all and t.for_products <> '{}'
                and (coalesce(t.product, '') like any (t.for_products)) is not true
                then 'scenario: product'
            when not t.is_for_all and t.for_kinds <> '{}' and t.kind <> all (t.for_kinds)
                then 'scenario: kind'
            when not t.is_for_all and t.for_currencies <> '{}'
                and t.currency <> all (t.for_currencies)
                then 'scenario: currency'
            when t.has_earlier and exists (
                select
                from scenario_version e
                join scenario m on m.scenario_id = e.scenario_id
                where m.position < t.position
                    and e.in_force_from <= t.goes_at
                    and (e.in_force_until is null or e.in_force_until > t.goes_at)
                    and (e.products = '{}' or coalesce(t.product, '') like any (plan_likes(e.products)))
                    and (e.kinds = '{}' or t.kind = any (e.kinds))
                    and (e.currencies = '{}' or t.currency = any (e.currencies)))
                then 'scenario: another comes first'
            when not t.is_to_all and t.products <> '{}'
                and (coalesce(t.product, '') like any (t.products)) is not true then 'step: product'
            when not t.is_to_all and t.kinds <> '{}' and t.kind <> all (t.kinds) then 'step: kind'
            when not t.is_to_all and t.currencies <> '{}' and t.currency <> all (t.currencies)
                then 'step: currency'
            when not t.is_to_all
                and (t.due_minor < t.amount_from_minor or t.due_minor > t.amount_to_minor)
                then 'step: amount'
            when not t.is_to_all and t.segments <> '{}' and coalesce((
                    select c.segment from customer c where c.customer_id = t.customer_id), 'on_time')
                <> all (t.segments) then 'step: segment'
            when t.is_missed and ($11 at time zone t.payer_time_zone)::date - t.day > t.catch_up_days
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
        when $12 <= 0 and $13 >= 86400 and $14 & 127 = 127 then $11
        else plan_into_window($11 at time zone r.payer_time_zone, $12::integer, $13::integer,
            $14::integer) at time zone r.payer_time_zone end,
    r.is_missed, $15 > 0 and holdout_place(r.customer_id) < $15, o.state,
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
