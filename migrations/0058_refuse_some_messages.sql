-- One click in a mail refuses what may be refused, and no more: notices that a late debtor has to get
-- (they carry no such click) still come. Who wants nothing at all by a channel opts out of it.
alter table customer
    add column notices_only text[] not null default '{}'; -- channels; honoured by the next claim

-- What a customer may refuse: reminders before the day and on it, thank-yous, details. The same as
-- message_is_refusable in domain/message_field.h, of the same name that a text is found by.
create function reminder_is_refusable(step text, scenario_id bigint, version integer,
    step_no integer) returns boolean
    language sql stable parallel safe
    return coalesce((
            select nullif(s.template, '') from scenario_step s
            where s.scenario_id = reminder_is_refusable.scenario_id
                and s.version = reminder_is_refusable.version
                and s.step_no = reminder_is_refusable.step_no),
        case when reminder_is_thanks(step) then 'thanks' else split_part(step, '+', 1) end)
        in ('issue', 'before', 'before_2', 'before_leasing', 'due', 'thanks', 'details');

-- As in migration 0042, and of a channel for notices only, nothing that may be refused.
drop function reminder_way(bigint, text[], integer, boolean, text[], text[]);
create function reminder_way(customer_id bigint, places text[], place_from integer,
    has_device boolean, ways text[], consents text[], is_refusable boolean)
    returns table (place_no integer, channel text, passed text)
    language sql stable parallel safe rows 1
begin atomic
    with looked as materialized (
        select p.place_no, w.channel,
            case
                when w.channel is null then 'none preferred'
                when p.name <> 'preferred' and w.channel = k.preferred_channel
                    and array_position(places, 'preferred') <= p.place_no then 'tried before'
                when p.name = 'preferred'
                    and array_position(places, k.preferred_channel) <= p.place_no
                    then 'tried before'
                when w.channel = any (k.opted_out) then 'opted out'
                when is_refusable and w.channel = any (k.notices_only) then 'notices only'
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
            -- who prefers nothing is no news, nor is the second mention of what stands before it
            and l.channel is not null
            and (l.why_not <> 'tried before' or place_from > 0)) as passed
    from (select 1) one
    left join taken t on true;
end;
