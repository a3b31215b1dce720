-- Which way a reminder goes is decided when it is claimed: the first place of its cascade, from the
-- one it starts at, that can reach the customer then. The rules stand here once, for the look at what
-- is due, for the claim, and for whoever explains them.
alter table reminder
    add column place_no integer,    -- the place of the cascade it went by
    add column address_hash bigint; -- of what it was sent to: a fault heard of later is that one's

-- A thank-you, and a step counted from the payment, go when nothing is owed; all others when
-- something is.
create function reminder_is_thanks(step text) returns boolean
    language sql immutable parallel safe
    return starts_with(step, 'thanks') or starts_with(step, 'paid_');

-- The places of a reminder's cascade. One of no scenario and no campaign has the usual ones.
create function reminder_places(scenario_id bigint, version integer, step_no integer,
    campaign_id bigint)
    returns table (places text[]) -- one row; so that it becomes part of the statement that asks
    language sql stable parallel safe rows 1
begin atomic
    select coalesce(
        (select s.channels from scenario_step s
            where s.scenario_id = reminder_places.scenario_id
                and s.version = reminder_places.version and s.step_no = reminder_places.step_no),
        (select array[c.channel] from campaign c
            where c.campaign_id = reminder_places.campaign_id),
        array['preferred', 'push', 'sms', 'email']);
end;

-- The first place from `place_from` on that can reach the customer, with those passed over and why
-- ('push: no device, sms: opted out'). No place: place_no and channel are null. `ways` are those the
-- installation has beside push to devices, `consents` those that need the customer's consent.
create function reminder_way(customer_id bigint, places text[], place_from integer,
    has_device boolean, ways text[], consents text[])
    returns table (place_no integer, channel text, passed text)
    language sql stable parallel safe rows 1
begin atomic
    with looked as materialized (
        select p.place_no, w.channel,
            case
                when w.channel is null then 'none preferred'
                when w.channel = any (k.opted_out) then 'opted out'
                when w.channel = any (consents) and w.channel <> all (k.consented) then 'no consent'
                when w.channel = 'push' and has_device then null
                when w.channel <> all (ways) then
                    case w.channel when 'push' then 'no device' else 'not set up' end
                when w.channel = 'handover' then null
                when w.address is null then 'no address'
                when (
                    select f.is_dead from contact_fault f
                    where f.customer_id = k.customer_id and f.channel = w.channel
                        and f.address = w.address) then 'dead address'
            end as why_not
        from customer k
        cross join lateral (
            select (n.n - 1)::integer as place_no, n.name
            from unnest(places) with ordinality n (name, n)) p
        cross join lateral (
            select case p.name when 'preferred' then k.preferred_channel else p.name end as channel,
                case when p.name = 'email' or (p.name = 'preferred' and k.preferred_channel = 'email')
                    then k.email else k.phone end as address) w
        where k.customer_id = reminder_way.customer_id and p.place_no >= place_from
    ), taken as (
        select l.place_no, l.channel
        from looked l
        where l.why_not is null
        order by l.place_no
        limit 1
    )
    select t.place_no, t.channel, (
        select string_agg(coalesce(l.channel, 'preferred') || ': ' || l.why_not, ', '
            order by l.place_no)
        from looked l
        where l.why_not is not null and (t.place_no is null or l.place_no < t.place_no)
            -- who prefers nothing is no news
            and l.channel is not null) as passed
    from (select 1) one
    left join taken t on true;
end;

-- When something may be sent to a time zone: now, or when the window opens next. Both seconds 0: at
-- any time of day; weekdays 0: on any day, else bit 0 is Monday.
create function send_opening(now timestamptz, zone text, from_second bigint, to_second bigint,
    weekdays bigint, days_off date[]) returns timestamptz
    language sql stable parallel safe
    return coalesce((
        select min(greatest(now, (d.day + make_interval(secs => from_second)) at time zone zone))
        from (
            select (now at time zone zone)::date + n as day
            from generate_series(0, 20) n) d
        where (weekdays = 0 or (weekdays >> (extract(isodow from d.day)::integer - 1)) & 1 = 1)
            and d.day <> all (days_off)
            and now < (d.day + make_interval(secs => case when to_second = 0 then 86400
                else to_second end)) at time zone zone),
        now + interval '1 day');

-- How many messages more a person may get now (null: there is no limit), when the next one may go if
-- none may, and what was counted. Thank-yous are free, and so is what did not arrive.
create function contact_budget(customer_id bigint, now timestamptz, per_day bigint, per_week bigint,
    per_30_days bigint)
    returns table (left_count bigint, free_at timestamptz, counted text)
    language sql stable parallel safe rows 1
begin atomic
    select min(b.most - b.used), max(case when b.used >= b.most
            then b.times[b.most] + make_interval(days => b.days) end),
        string_agg(b.used || ' of ' || b.most || ' in ' || b.days || ' days', ', ' order by b.days)
    from (
        select l.days, l.most, count(m.at) as used, array_agg(m.at order by m.at desc) as times
        from (values (1, per_day), (7, per_week), (30, per_30_days)) l (days, most)
        left join (
            select r.message_no, max(r.claimed_at) as at
            from reminder r
            where r.customer_id = contact_budget.customer_id and r.message_no is not null
                and r.claimed_at > contact_budget.now - interval '30 days'
                and r.state in ('claimed', 'sent', 'uncertain')
                and not reminder_is_thanks(r.step)
                and r.channel <> 'handover' and r.delivery is distinct from 'undelivered'
            group by r.message_no) m on m.at > contact_budget.now - make_interval(days => l.days)
        where l.most > 0
        group by l.days, l.most) b;
end;
