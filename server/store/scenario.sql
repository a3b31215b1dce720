-- Scenarios: versions are added, never changed; which one is in force when is all that moves.
-- Whoever changes anything here takes the lock first, in the same transaction: versions are
-- numbered and take over from each other one at a time, on however many machines.

-- name: scenario_lock
select pg_advisory_xact_lock(hashtextextended('dunlin scenarios', 0));

-- name: scenario_save
-- A new version, and a new scenario where none is called so: that one stands before the others, as
-- it would get no debts behind one that is for all. The newest version stands for a text that is the
-- same, unless its time is over. $1 name, $2 source, $3 products, $4 kinds, $5 currencies, $6 catch_up_days, $7 now, $8 by,
-- $9 only when there is no scenario at all: then it is in force, and was for all time, so that days
-- before are planned by it too; of each step: $10 name, $11 anchor, $12 offset_days,
-- $13 is_working_days, $14 on_day_off, $15 at_second, $16 repeat_days, $17 repeat_until,
-- $18 segments, $19 products, $20 kinds, $21 currencies (words with U+001F between them),
-- $22 amount_from_minor, $23 amount_to_minor, $24 channels, $25 wait_seconds, $26 unless (likewise),
-- $27 template, $28 tone; $29 channel to wake when it is in force
-- version, whether it is new
with named as (
    insert into scenario (name, position, created_at)
    select $1::text, coalesce(min(position), 1) - 1, $7::timestamptz
    from scenario
    having not $9::boolean or count(*) = 0
    on conflict (name) do update set position = scenario.position
    returning scenario_id
), newest as (
    select v.scenario_id, v.version, v.source, v.in_force_until
    from named
    join scenario_version v using (scenario_id)
    order by v.version desc
    limit 1
), added as (
    insert into scenario_version (scenario_id, version, source, products, kinds, currencies,
        catch_up_days, created_at, created_by, in_force_from)
    select n.scenario_id, coalesce(w.version, 0) + 1, $2::text, $3::text[], $4::text[], $5::text[],
        $6::bigint, $7::timestamptz, $8::text, case when $9::boolean then to_timestamp(0) end
    from named n
    left join newest w on true
    where w.source is distinct from $2::text or w.in_force_until <= $7::timestamptz
    returning scenario_id, version
), stepped as (
    insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,
        is_working_days, on_day_off, at_second, repeat_days, repeat_until, segments, products, kinds,
        currencies, amount_from_minor, amount_to_minor, channels, wait_seconds, unless, template,
        tone)
    select a.scenario_id, a.version, s.no - 1, s.name, s.anchor, s.offset_days, s.is_working_days,
        s.on_day_off, s.at_second, s.repeat_days, s.repeat_until,
        string_to_array(s.segments, E'\x1f'), string_to_array(s.products, E'\x1f'),
        string_to_array(s.kinds, E'\x1f'), string_to_array(s.currencies, E'\x1f'),
        s.amount_from_minor, s.amount_to_minor, string_to_array(s.channels, E'\x1f'),
        string_to_array(s.wait_seconds, E'\x1f')::integer[],
        -- '' is what all but the last place may have, and one place has it alone
        case when s.unless = '' then array[''] else string_to_array(s.unless, E'\x1f') end,
        s.template, s.tone
    from added a
    cross join unnest($10::text[], $11::text[], $12::bigint[], $13::boolean[], $14::text[],
        $15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::text[], $20::text[],
        $21::text[], $22::bigint[], $23::bigint[], $24::text[], $25::text[], $26::text[],
        $27::text[], $28::text[]) with ordinality as s (name, anchor, offset_days, is_working_days,
        on_day_off, at_second, repeat_days, repeat_until, segments, products, kinds, currencies,
        amount_from_minor, amount_to_minor, channels, wait_seconds, unless, template, tone, no)
)
select version, true as is_new,
    case when $9::boolean then pg_notify($29::text, '') is null end as has_woken
from added
union all
select n.version, false, null
from newest n
where not exists (select from added);

-- name: scenario_activate
-- Version $2 of $1 (null: the newest) takes over at $3: the one in force then ends then, one that was to
-- begin later still does, one that was to begin at that very time no longer does. $4 now: what was
-- in force by then stays as it is. $5 channel to wake
-- result, version, in_force_from, in_force_until
with asked as (
    select v.scenario_id, v.version, v.in_force_from, v.in_force_until
    from scenario s
    join scenario_version v using (scenario_id)
    where s.name = $1::text and ($2::bigint is null or v.version = $2::bigint)
    order by v.version desc
    limit 1
), judged as (
    select a.*,
        case when a.in_force_from <= $4::timestamptz then 'was in force'
            when $3::timestamptz < $4::timestamptz then 'in the past'
            else 'activated' end as result
    from asked a
), others as (
    -- as they stand once the version is taken out of the place that it may have had already
    select v.scenario_id, v.version, v.in_force_from,
        case when v.in_force_until = j.in_force_from then j.in_force_until
            else v.in_force_until end as in_force_until
    from judged j
    join scenario_version v on v.scenario_id = j.scenario_id and v.version <> j.version
        and v.in_force_from is not null
    where j.result = 'activated'
), moved as (
    update scenario_version v
    set in_force_from = case when o.in_force_from = $3::timestamptz then null
            else o.in_force_from end,
        in_force_until = case when o.in_force_from = $3::timestamptz then null
            when o.in_force_from < $3::timestamptz
                and (o.in_force_until is null or o.in_force_until > $3::timestamptz)
                then $3::timestamptz
            else o.in_force_until end
    from others o
    where v.scenario_id = o.scenario_id and v.version = o.version
), taken as (
    update scenario_version v
    set in_force_from = $3::timestamptz,
        in_force_until = (select min(o.in_force_from) from others o
            where o.in_force_from > $3::timestamptz)
    from judged j
    where v.scenario_id = j.scenario_id and v.version = j.version and j.result = 'activated'
    returning v.in_force_from, v.in_force_until
)
select j.result, j.version, coalesce(t.in_force_from, j.in_force_from) as in_force_from,
    case when t.in_force_from is null then j.in_force_until else t.in_force_until end
        as in_force_until,
    case when t.in_force_from is not null then pg_notify($5::text, '') is null end as has_woken
from judged j
left join taken t on true;

-- name: scenario_off
-- From $2, now, on no version is in force; those that were to begin are drafts again. $1 name,
-- $3 channel to wake
-- whether the scenario is there, how many versions that changed
with known as (
    select scenario_id from scenario where name = $1::text
), ended as (
    update scenario_version v
    set in_force_from = case when v.in_force_from < $2::timestamptz then v.in_force_from end,
        in_force_until = case when v.in_force_from < $2::timestamptz then $2::timestamptz end
    from known k
    where v.scenario_id = k.scenario_id and v.in_force_from is not null
        and (v.in_force_until is null or v.in_force_until > $2::timestamptz)
    returning 1
)
select exists (select from known) as is_known, (select count(*) from ended) as ended_count,
    case when exists (select from ended) then pg_notify($3::text, '') is null end as has_woken;

-- name: scenario_move
-- To place $2 among all, counted from 1; beyond the last is the last. $1 name, $3 channel to wake
-- whether the scenario is there
with placed as (
    select scenario_id, name = $1::text as is_asked,
        row_number() over (partition by name = $1::text order by position, scenario_id) as place
    from scenario
), ordered as (
    select scenario_id,
        row_number() over (order by case when is_asked then $2::bigint - 0.5 else place end)
            as position
    from placed
    where exists (select from placed where is_asked)
), moved as (
    update scenario s
    set position = o.position
    from ordered o
    where s.scenario_id = o.scenario_id and s.position <> o.position
    returning 1
)
select exists (select from ordered) as is_known,
    case when exists (select from moved) then pg_notify($3::text, '') is null end as has_woken;

-- name: scenario_list
-- $1 now. One row each, in the order in which debts are theirs
-- name, place, created_at, newest version, the one in force, since and until when, the next to be in
-- force and from when
select s.name, row_number() over (order by s.position, s.scenario_id) as place, s.created_at,
    (select max(version) from scenario_version v where v.scenario_id = s.scenario_id)
        as newest_version,
    f.version as in_force_version, f.in_force_from, f.in_force_until,
    n.version as next_version, n.in_force_from as next_from
from scenario s
left join lateral (
    select v.version, v.in_force_from, v.in_force_until
    from scenario_version v
    where v.scenario_id = s.scenario_id and v.in_force_from <= $1::timestamptz
        and (v.in_force_until is null or v.in_force_until > $1::timestamptz)) f on true
left join lateral (
    select v.version, v.in_force_from
    from scenario_version v
    where v.scenario_id = s.scenario_id and v.in_force_from > $1::timestamptz
    order by v.in_force_from
    limit 1) n on true
order by s.position, s.scenario_id;

-- name: scenario_versions
-- $1 name. Newest first
-- version, created_at, created_by, in_force_from, in_force_until
select v.version, v.created_at, v.created_by, v.in_force_from, v.in_force_until
from scenario s
join scenario_version v using (scenario_id)
where s.name = $1::text
order by v.version desc
limit 200;

-- name: scenario_show
-- $1 name, $2 version (null: the one in force at $3, or the newest), $3 now
-- version, source, created_at, created_by, in_force_from, in_force_until
select v.version, v.source, v.created_at, v.created_by, v.in_force_from, v.in_force_until
from scenario s
join scenario_version v using (scenario_id)
where s.name = $1::text and ($2::bigint is null or v.version = $2::bigint)
order by (v.in_force_from <= $3::timestamptz
    and (v.in_force_until is null or v.in_force_until > $3::timestamptz)) desc nulls last,
    v.version desc
limit 1;

-- name: scenario_load
-- All versions in force at some time of $1 up to, not including, $2, step by step; words with U+001F
-- between them.
select v.scenario_id, v.version, dense_rank() over (order by s.position, s.scenario_id) as place,
    s.name, v.in_force_from, v.in_force_until, array_to_string(v.products, E'\x1f') as for_products,
    array_to_string(v.kinds, E'\x1f') as for_kinds,
    array_to_string(v.currencies, E'\x1f') as for_currencies, v.catch_up_days, t.name as step_name,
    t.anchor, t.offset_days, t.is_working_days, t.on_day_off, t.at_second, t.repeat_days,
    t.repeat_until, array_to_string(t.segments, E'\x1f') as segments,
    array_to_string(t.products, E'\x1f') as products, array_to_string(t.kinds, E'\x1f') as kinds,
    array_to_string(t.currencies, E'\x1f') as currencies, t.amount_from_minor, t.amount_to_minor,
    array_to_string(t.channels, E'\x1f') as channels,
    array_to_string(t.wait_seconds, E'\x1f') as wait_seconds,
    array_to_string(t.unless, E'\x1f') as unless, t.template, t.tone
from scenario_version v
join scenario s using (scenario_id)
join scenario_step t using (scenario_id, version)
where v.in_force_from < $2::timestamptz
    and (v.in_force_until is null or v.in_force_until > $1::timestamptz)
order by s.position, s.scenario_id, v.in_force_from, t.step_no;

-- name: scenario_templates
-- The words that admins keep beside those shipped.
select distinct name, tone
from template
where withdrawn_at is null;
