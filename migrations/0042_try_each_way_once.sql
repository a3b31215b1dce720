-- The preferred channel of a customer may stand in a cascade by its name as well: what failed, or did
-- not arrive, then went to the same address again. Each channel has one turn in a step.
-- The first place from `place_from` on that can reach the customer, with those passed over and why
-- ('push: no device, sms: opted out'). A channel that 'preferred' meant at an earlier place, or that
-- stood there, has had its turn. No place: place_no and channel are null. `ways` are those the
-- installation has beside push to devices, `consents` those that need the customer's consent.
create or replace function reminder_way(customer_id bigint, places text[], place_from integer,
    has_device boolean, ways text[], consents text[])
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
