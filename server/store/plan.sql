-- The plan: which reminders there are to be. The rule stands in the function plan_judge (migration
-- 0032); here it is asked: by the planner, by the forecast, and by whoever wants to know why.
--
-- The parameters of the rule, in all statements: $1 scenario_id[], $2 version[], $3 step_no[],
-- $4 occurrence[], $5 anchor date[], $6 day[] of the hits; $7 customer_id[], $8 invoice_id[] of the
-- debts (null: all in the range); $9 behind this customer, $10 up to this one; $11 now; the hours and
-- days people may be written at: $12 from second, $13 before second, $14 days (bit 0: Monday);
-- $15 thousandths of the customers that are held out.

-- name: plan_session
-- Debts are looked up by keys and dates in large tables, whatever they were like when the statement
-- was planned. Once a connection, on those that plan.
select set_config('plan_cache_mode', 'force_generic_plan', false),
    set_config('enable_seqscan', 'off', false),
    set_config('jit', 'off', false);

-- name: plan_state
-- Where planning stands.
-- through, passing_to, customers_done, scenarios it was planned by, those there are, the last
-- customer, whether debts wait; through is null when nothing was ever planned
select p.through, p.passing_to, coalesce(p.customers_done, 0)::bigint as customers_done, p.scenarios,
    coalesce((
        select md5(string_agg(v.scenario_id || '.' || v.version || '@' || n.position || ':'
                || extract(epoch from v.in_force_from) || '-'
                || coalesce(extract(epoch from v.in_force_until)::text, ''), ' '
            order by v.scenario_id, v.version))
        from scenario_version v
        join scenario n using (scenario_id)
        where v.in_force_from is not null), '')
        as scenarios_now,
    coalesce((select max(customer_id) from customer), 0)::bigint as last_customer,
    exists (select from invoice where needs_plan) as has_debts
from (select) here
left join planned p on true;

-- name: plan_begin
-- Nothing was planned yet: all debts wait for being planned by themselves, days begin behind them.
-- $1 through, $2 scenarios, $3 now
insert into planned (through, scenarios, at)
values ($1::date, $2::text, $3::timestamptz)
on conflict do nothing;

-- name: plan_pass
-- The days behind $1 up to $2 are to be planned. $3 now
update planned
set passing_to = $2::date, customers_done = 0, at = $3::timestamptz
where through = $1::date and passing_to is null;

-- name: plan_take_over
-- Other versions are in force than those that some reminders were planned by, or a debt fits another
-- scenario now, which comes first: these go, and the days from $1 on are planned again. $1 through,
-- $2 the scenarios seen, $3 now, $4 at most. The customers are locked in order, as by whoever moves
-- reminders.
-- how many went
with old as materialized (
    select x.customer_id, x.invoice_id, x.step
    from reminder x
    join scenario_version v on v.scenario_id = x.scenario_id and v.version = x.version
    where x.state = 'scheduled' and greatest(x.due_at, x.try_at) > $3::timestamptz
        and (x.due_at >= v.in_force_until or exists (
            select
            from scenario n
            join scenario m on m.position < n.position
            join scenario_version e on e.scenario_id = m.scenario_id
            join invoice i on i.customer_id = x.customer_id and i.invoice_id = x.invoice_id
            where n.scenario_id = x.scenario_id
                and e.in_force_from <= x.due_at
                and (e.in_force_until is null or e.in_force_until > x.due_at)
                and (e.products = '{}'
                    or coalesce(i.product, '') like any (plan_likes(e.products)))
                and (e.kinds = '{}' or i.kind = any (e.kinds))
                and (e.currencies = '{}' or i.currency = any (e.currencies))))
    order by greatest(x.due_at, x.try_at), x.customer_id, x.invoice_id, x.step
    limit $4::bigint
), locked as materialized (
    select k.customer_id
    from customer k
    where k.customer_id = any (array(select o.customer_id from old o))
    order by k.customer_id
    for no key update
), gone as (
    update reminder r
    set state = 'cancelled', reason = 'planned anew', finished_at = $3::timestamptz
    from old w
    where (select count(*) from locked) > 0
        and r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and r.state = 'scheduled'
    returning 1
), moved as (
    update planned
    set through = least(through, $1::date), passing_to = null, customers_done = 0,
        scenarios = $2::text, at = $3::timestamptz
    where not exists (select from gone)
)
select count(*) from gone;

-- name: plan_lock
-- One transaction of the planner at a time, on all machines.
select through from planned for update;

-- name: plan_lock_pass
-- The same for a batch of a pass, which must stand where it was seen: DL001 otherwise.
-- $1 through, $2 passing_to, $3 customers_done
with locked as materialized (
    select 1
    from planned
    where through = $1::date and passing_to = $2::date and customers_done = $3::bigint
    for update
)
select case when not exists (select from locked) then money_moved() end;

-- name: plan_without_flush
-- This transaction is done before it is on disk, within a second. For a batch that is not its pass's
-- last: if a crash takes it, its reminders go together with the note that they were planned, and are
-- planned again; and any claim of them is written behind them, so it is never there without them. The
-- last batch waits for the disk, and with it for all of its pass.
select set_config('synchronous_commit', 'off', true);

-- name: plan_pass_on
-- $1 customers_done, $2 whether they were the last, $3 now
update planned
set through = case when $2::boolean then passing_to else through end,
    passing_to = case when $2::boolean then null else passing_to end,
    customers_done = case when $2::boolean then 0 else $1::bigint end,
    at = $3::timestamptz;

-- name: plan_waiting
-- Debts that wait to be planned. $1 at most
select customer_id, invoice_id
from invoice
where needs_plan
order by customer_id, invoice_id
limit $1::bigint;

-- name: plan_lock_customers
-- As whoever moves money does: what a payment cancels, it finds planned. $1 customer_id[]
select customer_id
from customer
where customer_id = any ($1::bigint[])
order by customer_id
for no key update;

-- name: plan_clear_moved
-- A day that was being planned while an import moved a date has the old one's reminders: the import
-- could not see them, and they would keep the new one's away. What a hit put in whose date is not the
-- debt's any more goes. $1 to $6 the hits, $7 and $8 the debts, $9 now
insert into reminder as r (customer_id, invoice_id, step, due_at, state, reason)
select q.customer_id, q.invoice_id, q.step, q.due_at, 'cancelled', 'planned anew'
from unnest($7::bigint[], $8::bigint[]) as k (customer_id, invoice_id)
join invoice i on i.customer_id = k.customer_id and i.invoice_id = k.invoice_id
cross join lateral (
    select o.customer_id, o.invoice_id, o.step, o.due_at, (
        select bool_or(h.anchor_date
            = case s.anchor when 'due' then i.due_date else i.issue_date end)
        from scenario_step s
        join unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::date[])
            as h (scenario_id, version, step_no, occurrence, anchor_date, day)
            on h.scenario_id = s.scenario_id and h.version = s.version and h.step_no = s.step_no
                and h.occurrence = o.occurrence and h.day = o.step_date
        where s.scenario_id = o.scenario_id and s.version = o.version and s.step_no = o.step_no
            and s.anchor in ('due', 'issue')) as is_of_this_date
    from reminder o
    where o.customer_id = k.customer_id and o.invoice_id = k.invoice_id
        and coalesce(o.state, '') = 'scheduled' and o.scenario_id is not null and o.channel_no = 0
    offset 0) q
where q.is_of_this_date is false
on conflict (customer_id, invoice_id, step) do update
set state = 'cancelled', reason = 'planned anew', finished_at = $9::timestamptz
where r.state = 'scheduled';

-- name: plan_waited
-- $1 customer_id[], $2 invoice_id[]
update invoice i
set needs_plan = false
from unnest($1::bigint[], $2::bigint[]) as w (customer_id, invoice_id)
where i.customer_id = w.customer_id and i.invoice_id = w.invoice_id and i.needs_plan;

-- name: plan_reminders
-- How many there are that were not there before.
with judged as materialized (
    -- No more than is read again; old_state first, by which a row is passed over.
    select j.old_state, j.customer_id, j.invoice_id, j.step, j.due_at, j.is_missed, j.scenario_id,
        j.version, j.step_no, j.occurrence, j.step_date, j.anchor_no
    from plan_judge($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::date[],
        $7::bigint[], $8::bigint[], $9::bigint, $10::bigint, $11::timestamptz, $12::bigint,
        $13::bigint, $14::bigint, $15::bigint) j
    where j.why_not is null and not j.is_held_out
), revived as (
    -- What a payment or an older plan took out comes back; what is on its way has its new time in
    -- case it is given back. (An update from a join could be driven by all reminders there are.)
    insert into reminder as r (customer_id, invoice_id, step, due_at, state, reason, scenario_id,
        version, step_no, occurrence, step_date, anchor_no)
    select j.customer_id, j.invoice_id, j.step, j.due_at, 'scheduled',
        case when j.is_missed then 'newest missed step' else 'scenario' end, j.scenario_id,
        j.version, j.step_no, j.occurrence, j.step_date, j.anchor_no
    from judged j
    where j.old_state is not null
    on conflict (customer_id, invoice_id, step) do update
    set state = case r.state when 'cancelled' then 'scheduled' else r.state end,
        due_at = excluded.due_at,
        try_at = null,
        reason = excluded.reason,
        channel = case r.state when 'cancelled' then null else r.channel end,
        claimed_at = case r.state when 'cancelled' then null else r.claimed_at end,
        finished_at = null,
        scenario_id = excluded.scenario_id, version = excluded.version,
        step_no = excluded.step_no, occurrence = excluded.occurrence,
        step_date = excluded.step_date, anchor_no = excluded.anchor_no
    where (r.state = 'cancelled' and r.reason in ('paid', 'planned anew'))
        or (r.state = 'claimed' and r.reason = 'planned anew')
), fresh as (
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id, version,
        step_no, occurrence, step_date, anchor_no)
    select j.customer_id, j.invoice_id, j.step, j.due_at, 'scheduled',
        case when j.is_missed then 'newest missed step' else 'scenario' end, j.scenario_id,
        j.version, j.step_no, j.occurrence, j.step_date, j.anchor_no
    from judged j
    where j.old_state is null
)
select count(*) from judged;

-- name: plan_lock_held_out
-- The customers whose steps are about to be skipped for being held out.
select c.customer_id
from customer c
where c.customer_id in (
    select j.customer_id
    from plan_judge($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::date[],
        $7::bigint[], $8::bigint[], $9::bigint, $10::bigint, $11::timestamptz, $12::bigint,
        $13::bigint, $14::bigint, $15::bigint) j
    where j.why_not is null and j.is_held_out)
order by c.customer_id
for no key update of c;

-- name: plan_held_out
-- Their steps are kept as skipped, each with an event: what would have gone is half of the comparison.
-- The steps of a debt come one by one in its chain.
with judged as materialized (
    select *
    from plan_judge($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::date[],
        $7::bigint[], $8::bigint[], $9::bigint, $10::bigint, $11::timestamptz, $12::bigint,
        $13::bigint, $14::bigint, $15::bigint)
    where why_not is null and is_held_out
), locked as materialized (
    select i.customer_id, i.invoice_id, i.event_count, i.chain_head
    from invoice i
    where (i.customer_id, i.invoice_id) in (select j.customer_id, j.invoice_id from judged j)
    order by i.customer_id, i.invoice_id
    for no key update of i
), skipped as (
    insert into reminder as r (customer_id, invoice_id, step, due_at, state, reason, finished_at,
        scenario_id, version, step_no, occurrence, step_date, anchor_no)
    select j.customer_id, j.invoice_id, j.step, j.due_at, 'skipped', 'hold-out', $11::timestamptz,
        j.scenario_id, j.version, j.step_no, j.occurrence, j.step_date, j.anchor_no
    from judged j
    on conflict (customer_id, invoice_id, step) do update
    set state = 'skipped', reason = 'hold-out', due_at = excluded.due_at,
        finished_at = excluded.finished_at, scenario_id = excluded.scenario_id,
        version = excluded.version, step_no = excluded.step_no, occurrence = excluded.occurrence,
        step_date = excluded.step_date, anchor_no = excluded.anchor_no
    where r.state = 'cancelled' and r.reason in ('paid', 'planned anew')
    returning customer_id, invoice_id, step, due_at
), told as (
    select s.customer_id, s.invoice_id, l.event_count + 1 as event_no, l.chain_head as prev_hash,
        json_build_object('steps', json_agg(s.step order by s.due_at), 'reason', 'hold-out',
            'place', holdout_place(s.customer_id), 'permille', $15::bigint)::text as facts
    from skipped s
    join locked l using (customer_id, invoice_id)
    group by s.customer_id, s.invoice_id, l.event_count, l.chain_head
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $11::timestamptz, 'reminder.skipped', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_no, $11::timestamptz, 'reminder.skipped', facts, prev_hash,
    chain_head
from headed;

-- name: plan_settle
-- A payment that was being booked while a day was planned could not see its reminders. They would
-- never go, as the claim looks; here they end with their reason, their customers locked in order.
-- $1 now, $2 at most
with due as materialized (
    select o.customer_id, o.invoice_id, o.step
    from reminder o
    where o.state = 'scheduled' and greatest(o.due_at, o.try_at) <= $1::timestamptz
    order by greatest(o.due_at, o.try_at), o.customer_id, o.invoice_id, o.step
    limit $2::bigint
), paid as materialized (
    select d.customer_id, d.invoice_id, d.step
    from due d
    where d.step not like 'thanks%' and d.step not like 'paid\_%' and (
        select i.due_minor from invoice i
        where i.customer_id = d.customer_id and i.invoice_id = d.invoice_id) <= 0
), locked as materialized (
    select k.customer_id
    from customer k
    where k.customer_id = any (array(select p.customer_id from paid p))
    order by k.customer_id
    for no key update
)
update reminder r
set state = 'cancelled', reason = 'paid', finished_at = $1::timestamptz
from paid p
where (select count(*) from locked) > 0
    and r.customer_id = p.customer_id and r.invoice_id = p.invoice_id and r.step = p.step
    and r.state = 'scheduled';

-- name: plan_notify
-- Reminders that may be due at once.
select pg_notify('dunlin_reminder', '');

-- name: plan_wake
-- There are debts to plan.
select pg_notify('dunlin_plan', '');

-- name: plan_forecast
-- What goes on the day $16: what is planned for it, and what the rule would plan that is not yet.
-- $17 days off[], $18 the ways there are beside push to devices[], $19 channels that need consent[],
-- $20 apps whose devices can be reached[]
-- As JSON: counts by scenario, version, step, segment, channel (that it went by, or the first that can
-- reach the customer) and state ('to come': not planned yet; 'held': as far as one can tell now
-- something holds the debt then; 'no address': no channel of the step reaches the customer; 'put off':
-- the day is off, it goes later), and a few samples.
with day as materialized (
    select r.customer_id, r.invoice_id, r.step, r.scenario_id, r.version, r.step_no, r.due_at,
        r.anchor_no, r.channel,
        case when r.reason = 'hold-out' then 'hold-out' else r.state end as state
    from reminder r
    where r.step_date = $16::date and r.scenario_id is not null
        and not (r.state = 'cancelled' and r.reason = 'planned anew')
    union all
    select j.customer_id, j.invoice_id, j.step, j.scenario_id, j.version, j.step_no, j.due_at,
        j.anchor_no, null, case when j.is_held_out then 'hold-out' else 'to come' end
    from plan_judge($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::date[],
        $7::bigint[], $8::bigint[], $9::bigint, $10::bigint, $11::timestamptz, $12::bigint,
        $13::bigint, $14::bigint, $15::bigint) j
    where j.why_not is null
), dead as materialized (
    select f.customer_id, string_agg(f.channel, ' ' order by f.channel) as channels
    from contact_fault f
    join customer c using (customer_id)
    where f.is_dead and f.address = case f.channel when 'email' then c.email else c.phone end
    group by f.customer_id
), equipped as materialized (
    select distinct x.customer_id
    from device x
    where x.state = 'live' and x.app = any ($20::text[])
), named as materialized (
    -- What the way of a customer depends on beside the step stands in the columns behind `channels`.
    select d.customer_id, d.invoice_id, d.step, n.name as scenario, d.version, d.channel,
        coalesce(c.segment, 'on_time') as segment, d.due_at, c.time_zone, d.state, s.channels,
        coalesce(c.preferred_channel, '') as preferred, c.opted_out, c.notices_only, c.consented,
        reminder_is_refusable(d.step, d.scenario_id, d.version, d.step_no) as is_refusable,
        c.phone is not null as has_phone, c.email is not null as has_email,
        coalesce(x.channels, '') as dead, e.customer_id is not null as has_device,
        d.state in ('scheduled', 'to come') as is_ahead,
        -- as the claim has it (reminder.sql)
        d.state in ('scheduled', 'to come') and (
            select 1 from hold h
            where h.customer_id = d.customer_id and h.invoice_id = d.invoice_id
                and case when s.anchor = 'promise' and h.hold_no = d.anchor_no
                    then h.released_at is not null
                    else h.released_at is null
                        and (h.until is null or h.until > greatest(d.due_at, $11::timestamptz))
                        and h.kind <> case s.anchor when 'promise' then 'promise'
                            when 'instalment' then 'plan' else '' end end
            limit 1) is not null as is_held
    from day d
    join scenario n using (scenario_id)
    join scenario_step s using (scenario_id, version, step_no)
    join customer c using (customer_id)
    left join dead x using (customer_id)
    left join equipped e using (customer_id)
), way as materialized (
    -- Those of whom all that matters is the same are reached the same way: one of them is asked about.
    select p.*, y.channel as way
    from (
        select n.channels, n.preferred, n.opted_out, n.consented, n.has_phone, n.has_email, n.dead,
            n.has_device, n.notices_only, n.is_refusable, min(n.customer_id) as customer_id
        from named n
        where n.is_ahead
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10) p
    left join lateral reminder_way(p.customer_id, p.channels, 0, p.has_device, $18::text[],
        $19::text[], p.is_refusable) y on true
), opening as materialized (
    select n.due_at, n.time_zone, send_opening(greatest(n.due_at, $11::timestamptz), n.time_zone,
        $12::bigint, $13::bigint, $14::bigint, $17::date[]) as goes_at
    from (select distinct due_at, time_zone from named where is_ahead) n
), told as materialized (
    select n.customer_id, n.invoice_id, n.step, n.scenario, n.version, n.segment,
        coalesce(n.channel, w.way, n.channels[1]) as channel, coalesce(o.goes_at, n.due_at) as due_at,
        case
            when n.is_held then 'held'
            when n.is_ahead and w.way is null then 'no address'
            when n.is_ahead and (o.goes_at at time zone n.time_zone)::date
                > greatest($16::date, ($11::timestamptz at time zone n.time_zone)::date)
                then 'put off'
            else n.state
        end as state
    from named n
    left join opening o on n.is_ahead and o.due_at = n.due_at and o.time_zone = n.time_zone
    left join way w on n.is_ahead and w.channels = n.channels and w.preferred = n.preferred
        and w.opted_out = n.opted_out and w.consented = n.consented and w.has_phone = n.has_phone
        and w.has_email = n.has_email and w.dead = n.dead and w.has_device = n.has_device
        and w.notices_only = n.notices_only and w.is_refusable = n.is_refusable
)
select (select coalesce(json_agg(json_build_object('scenario', g.scenario, 'version', g.version,
            'step', g.step, 'segment', g.segment, 'channel', g.channel, 'state', g.state,
            'count', g.count) order by g.scenario, g.version, g.step, g.segment, g.channel, g.state),
            '[]')::text
        from (
            select scenario, version, step, segment, channel, state, count(*) as count
            from told
            group by scenario, version, step, segment, channel, state
            order by count(*) desc
            limit 500) g) as counts,
    (select coalesce(json_agg(json_build_object('id', x.customer_id || '-' || x.invoice_id,
            'number', i.number, 'scenario', x.scenario, 'step', x.step, 'state', x.state,
            'channel', x.channel,
            'due_at', to_char(x.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            order by x.due_at, x.customer_id), '[]')::text
        from (select * from told order by due_at, customer_id, invoice_id limit 5) x
        join invoice i on i.customer_id = x.customer_id and i.invoice_id = x.invoice_id) as samples,
    (select count(*) from told) as total;

-- name: plan_anchors
-- The dates of a debt that steps may count from. $1 number or null, $2 customer_id, $3 invoice_id
-- customer_id, invoice_id, anchor, date
select i.customer_id, i.invoice_id, a.anchor, a.date
from invoice i
cross join lateral (
    select 'issue' as anchor, i.issue_date as date
    union
    select 'due', i.due_date
    union
    select 'paid', (i.paid_at at time zone i.payer_time_zone)::date
    where i.paid_at is not null
    union
    select 'promise', coalesce(p.promised_on, (p.until at time zone 'UTC')::date)
    from hold p
    where p.customer_id = i.customer_id and p.invoice_id = i.invoice_id and p.kind = 'promise'
        and p.released_at is null and p.until is not null
    union
    select 'instalment', p.due_date
    from instalment p
    where p.customer_id = i.customer_id and p.invoice_id = i.invoice_id and p.is_open
) a
where (i.customer_id, i.invoice_id) in (
    select r.customer_id, r.invoice_id from invoice_registry r where r.number = $1::text
    union all
    select $2::bigint, $3::bigint where $1::text is null);

-- name: plan_explain
-- One debt, as JSON: what it is, what was (reminders), what will be or will not and why (the rule's
-- verdict on each step, and what holds it when its time has come), and what holds it at a moment: now,
-- or when a day to come begins. All as far as one can tell today: nobody knows which payment fails,
-- which hold without an end is released, and what else is sent until then.
-- $16 payments started before this no longer hold now, $17 seconds the payment feed may be old (0: not
-- asked), $18 to $20 messages a day, week, 30 days (0: no limit), $21 days off[], $22 the ways there
-- are beside push to devices[], $23 channels that need consent[], $24 apps whose devices can be
-- reached[], $25 a day, or null. Of a day only what was or falls on it, or goes then, is told; of one
-- to come what holds the debt as it begins; of today and of days that are over the events as well.
with debt as materialized (
    select i.customer_id, i.invoice_id, i.number, i.kind, i.product, i.currency, i.due_minor,
        i.issue_date, i.due_date, i.paid_at, i.link_no, i.campaign_id, i.needs_plan,
        i.payer_time_zone, c.segment, c.segment_facts, c.opted_out, c.notices_only, c.phone, c.email,
        c.consented, a.at, (a.at at time zone i.payer_time_zone) as local_at,
        $25::date < a.today as is_over, a.at = $11::timestamptz as is_now, (
            select 1 from device x
            where x.customer_id = i.customer_id and x.state = 'live' and x.app = any ($24::text[])
            limit 1) is not null as has_device
    from invoice i
    join customer c using (customer_id)
    cross join lateral (
        select t.today, case when $25::date > t.today
            then ($25::date + make_interval(secs => $12::bigint)) at time zone i.payer_time_zone
            else $11::timestamptz end as at
        from (select ($11::timestamptz at time zone i.payer_time_zone)::date as today) t
        offset 0) a
    where i.customer_id = ($7::bigint[])[1] and i.invoice_id = ($8::bigint[])[1]
), judged as materialized (
    select j.*, s.anchor, s.offset_days, s.is_working_days, s.on_day_off, s.repeat_days, s.channels,
        s.template, s.tone, s.segments, s.products, s.kinds, s.currencies, s.amount_from_minor,
        s.amount_to_minor, n.name as scenario, n.position, v.catch_up_days,
        case s.anchor when 'due' then d.due_date when 'issue' then d.issue_date
            when 'paid' then (d.paid_at at time zone d.payer_time_zone)::date
            when 'promise' then (select coalesce(p.promised_on, (p.until at time zone 'UTC')::date) from hold p
                where p.customer_id = j.customer_id and p.invoice_id = j.invoice_id
                    and p.hold_no = j.anchor_no)
            else (select p.due_date from instalment p
                where p.customer_id = j.customer_id and p.invoice_id = j.invoice_id
                    and p.part_no = j.anchor_no) end as anchor_date
    from plan_judge($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::date[],
        $7::bigint[], $8::bigint[], $9::bigint, $10::bigint, $11::timestamptz, $12::bigint,
        $13::bigint, $14::bigint, $15::bigint) j
    join scenario n using (scenario_id)
    join scenario_version v using (scenario_id, version)
    join scenario_step s using (scenario_id, version, step_no)
    cross join debt d
), ahead as materialized (
    -- What may still go, each with the moment when its time has come.
    select w.*, case when w.is_for_staff then greatest(w.due_at, $11::timestamptz)
            else send_opening(greatest(w.due_at, $11::timestamptz), d.payer_time_zone, $12::bigint,
                $13::bigint, $14::bigint, $21::date[]) end as opens_at
    from (
        select j.step, j.due_at, j.anchor, j.anchor_no, j.channels as places, 0 as place_from,
            reminder_is_refusable(j.step, j.scenario_id, j.version, j.step_no) as is_refusable,
            reminder_is_for_staff(j.channels, 0) as is_for_staff
        from judged j
        where j.why_not is null and not j.is_held_out
        union all
        select r.step, greatest(r.due_at, r.try_at), s.anchor, r.anchor_no, p.places, r.channel_no,
            reminder_is_refusable(r.step, r.scenario_id, r.version, r.step_no),
            reminder_is_for_staff(p.places, r.channel_no)
        from debt d
        join reminder r on r.customer_id = d.customer_id and r.invoice_id = d.invoice_id
        cross join lateral reminder_places(r.scenario_id, r.version, r.step_no, r.campaign_id) p
        left join scenario_step s on s.scenario_id = r.scenario_id and s.version = r.version
            and s.step_no = r.step_no
        where r.state = 'scheduled') w
    cross join debt d
), held as materialized (
    -- What keeps it when its time has come, as the claim has it (reminder.sql).
    select a.step, h.rule, h.data, h.until
    from ahead a
    cross join debt d
    cross join lateral (
        select h.kind as rule, json_build_object('hold', h.hold_no, 'until', to_char(
                h.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) as data, h.until
        from hold h
        where h.customer_id = d.customer_id and h.invoice_id = d.invoice_id
            and not reminder_is_thanks(a.step)
            and case when a.anchor = 'promise' and h.hold_no = a.anchor_no
                then h.released_at is not null
                else h.released_at is null and (h.until is null or h.until > a.opens_at)
                    and h.kind <> case a.anchor when 'promise' then 'promise'
                        when 'instalment' then 'plan' else '' end end
        union all
        select 'in flight', json_build_object('payment', p.payment_no, 'state', p.state),
            case when p.state <> 'pending'
                then p.changed_at + ($11::timestamptz - $16::timestamptz) end
        from payment_allocation l
        join payment p using (customer_id, payment_no)
        where l.customer_id = d.customer_id and l.invoice_id = d.invoice_id
            and not reminder_is_thanks(a.step)
            and (p.state = 'pending' or (p.state in ('created', 'started')
                and p.changed_at + ($11::timestamptz - $16::timestamptz) > a.opens_at))
        union all
        select 'budget', json_build_object('counted', b.counted, 'until', to_char(
            b.free_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), b.free_at
        from contact_budget(d.customer_id, a.opens_at, $18::bigint, $19::bigint, $20::bigint) b
        where b.left_count <= 0 and not reminder_is_thanks(a.step)
            and a.places[a.place_from + 1] <> 'handover') h
), outlook as materialized (
    -- goes_at: when it goes, or, while something with an end holds it, would go behind that; null when
    -- nobody can tell. A newer step that is due by then takes its place (is_overtaken).
    select a.step, y.channel, y.passed, g.goes_at, h.rules, h.first_rule,
        not reminder_is_thanks(a.step) and exists (
            select from ahead n
            where not reminder_is_thanks(n.step) and n.due_at > a.due_at
                and n.due_at <= g.goes_at and split_part(n.step, '+', 1) <> split_part(a.step, '+', 1)
        ) as is_overtaken
    from ahead a
    cross join debt d
    cross join lateral (
        select json_agg(json_strip_nulls(json_build_object('rule', x.rule, 'data', x.data)))
                as rules, min(x.rule) as first_rule, bool_or(x.until is null) as is_open,
            max(x.until) as until
        from held x
        where x.step = a.step) h
    cross join lateral (
        select case when h.is_open then null when h.until is null then a.opens_at
            when a.is_for_staff then greatest(h.until, a.opens_at)
            else send_opening(greatest(h.until, a.opens_at), d.payer_time_zone, $12::bigint,
                $13::bigint, $14::bigint, $21::date[]) end as goes_at
        offset 0) g
    left join lateral reminder_way(d.customer_id, a.places, a.place_from, d.has_device,
        $22::text[], $23::text[], a.is_refusable) y on true
), said as materialized (
    select o.step, o.first_rule is null and not o.is_overtaken and o.channel is not null as goes,
        case when o.first_rule is not null then o.first_rule
            when o.is_overtaken then 'a newer step is due by then'
            when o.channel is null then 'no address' end as why_not,
        to_char(o.goes_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as goes_at,
        (o.goes_at at time zone d.payer_time_zone)::date as goes_on, o.rules, o.channel, o.passed,
        nullif(o.is_overtaken, false) as is_overtaken
    from outlook o
    cross join debt d
)
select json_build_object(
    'id', d.customer_id || '-' || d.invoice_id, 'number', d.number, 'kind', d.kind,
    'product', d.product, 'currency', d.currency, 'due_minor', d.due_minor,
    'issue_date', d.issue_date, 'due_date', d.due_date, 'time_zone', d.payer_time_zone,
    'segment', coalesce(d.segment, 'on_time'), 'segment_facts', d.segment_facts::json,
    'waits_for_planner', d.needs_plan,
    'at', case when not coalesce(d.is_over, false)
        then to_char(d.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end,
    'held_by', (
        select coalesce(json_agg(json_strip_nulls(json_build_object('rule', h.rule, 'data', h.data)))
            filter (where d.is_over is not true), '[]')
        from (
            select 'paid' as rule, json_build_object('due_minor', d.due_minor) as data
            where d.due_minor <= 0
            union all
            select 'campaign', json_build_object('campaign', d.campaign_id)
            where d.campaign_id is not null
            union all
            select 'no link', null
            where d.link_no is null
            union all
            select 'in flight', json_build_object('payment', p.payment_no, 'state', p.state)
            from payment_allocation a
            join payment p using (customer_id, payment_no)
            where a.customer_id = d.customer_id and a.invoice_id = d.invoice_id
                and (p.state = 'pending'
                    or (p.state in ('created', 'started') and p.changed_at
                        + ($11::timestamptz - $16::timestamptz) > d.at))
            union all
            select h.kind, json_build_object('hold', h.hold_no, 'until',
                to_char(h.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            from hold h
            where h.customer_id = d.customer_id and h.invoice_id = d.invoice_id
                and h.released_at is null and (h.until is null or h.until > d.at)
            union all
            select 'red switch', json_build_object('by', s.stopped_by, 'reason', s.stop_reason)
            from sending s
            where s.stopped_at is not null
            union all
            select 'stale feed', json_build_object('feed_at',
                to_char(s.feed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'seconds_max', $17::bigint)
            from sending s
            where d.is_now and $17::bigint > 0 and d.due_date < d.local_at::date
                and (s.feed_at is null
                    or s.feed_at < $11::timestamptz - make_interval(secs => $17::bigint))
            union all
            select case when d.local_at::date = any ($21::date[]) then 'day off'
                    else 'quiet hours' end,
                json_build_object('until', to_char(
                    q.opening at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            from (
                select send_opening(d.at, d.payer_time_zone, $12::bigint, $13::bigint, $14::bigint,
                    $21::date[]) as opening) q
            where q.opening > d.at
            union all
            select 'budget', json_build_object('counted', b.counted, 'until', to_char(
                b.free_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            from contact_budget(d.customer_id, d.at, $18::bigint, $19::bigint, $20::bigint) b
            where b.left_count <= 0
            union all
            select 'opted out', json_build_object('channels', d.opted_out)
            where d.opted_out <> '{}'
            union all
            select 'no consent', json_build_object('channels', x.channels)
            from (
                select array(select unnest($23::text[]) except select unnest(d.consented)
                    order by 1) as channels) x
            where x.channels <> '{}'
            union all
            select 'dead address', json_build_object('channels', x.channels)
            from (
                select json_agg(f.channel order by f.channel) as channels
                from contact_fault f
                where f.customer_id = d.customer_id and f.is_dead
                    and f.address = case f.channel when 'email' then d.email else d.phone end) x
            where x.channels is not null
            union all
            select 'notices only', json_build_object('channels', d.notices_only)
            where d.notices_only <> '{}'
            union all
            select 'no address', null
            where d.phone is null and d.email is null and not d.has_device
            union all
            select 'hold-out', json_build_object('place', holdout_place(d.customer_id),
                'permille', $15::bigint)
            where $15::bigint > 0 and holdout_place(d.customer_id) < $15::bigint
        ) h),
    'was', (
        select coalesce(json_agg(json_strip_nulls(json_build_object('step', r.step, 'state', r.state,
            'reason', r.reason, 'scenario', n.name, 'version', r.version, 'date', r.step_date,
            'channel', coalesce(r.channel, o.channel), 'delivery', r.delivery,
            'goes', o.goes, 'why_not', o.why_not, 'goes_at', o.goes_at, 'goes_on', o.goes_on,
            'held_by', o.rules, 'passed', o.passed,
            'is_overtaken', o.is_overtaken,
            'due_at', to_char(r.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'finished_at',
            to_char(r.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
            order by r.due_at, r.step), '[]')
        from reminder r
        left join scenario n on n.scenario_id = r.scenario_id
        left join said o on o.step = r.step and r.state = 'scheduled'
        where r.customer_id = d.customer_id and r.invoice_id = d.invoice_id
            and ($25::date is null or o.goes_on = $25::date
                or coalesce(r.step_date, (r.due_at at time zone d.payer_time_zone)::date) = $25::date
                or (r.finished_at at time zone d.payer_time_zone)::date = $25::date)),
    'steps', (
        select coalesce(json_agg(json_strip_nulls(json_build_object('step', j.step, 'goes',
                j.why_not is null and not j.is_held_out and coalesce(o.goes, false), 'why_not',
                coalesce(j.why_not, case when j.is_held_out then 'hold-out' else o.why_not end),
            'goes_at', o.goes_at, 'goes_on', o.goes_on, 'held_by', o.rules, 'channel', o.channel,
            'passed', o.passed,
            'is_overtaken', o.is_overtaken,
            'scenario', j.scenario, 'version', j.version, 'date', j.step_date,
            'due_at', to_char(j.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'is_missed', j.is_missed, 'anchor', j.anchor, 'anchor_date', j.anchor_date,
            'offset_days', j.offset_days + j.occurrence * j.repeat_days,
            'is_working_days', j.is_working_days,
            'moved_from', case when not j.is_working_days then nullif(j.anchor_date + j.offset_days
                + j.occurrence * j.repeat_days, j.step_date) end,
            'on_day_off', j.on_day_off, 'channels', j.channels, 'template', j.template,
            'tone', j.tone, 'catch_up_days', j.catch_up_days,
            'asks', json_strip_nulls(json_build_object(
                'segments', nullif(j.segments, '{}'), 'products', nullif(j.products, '{}'),
                'kinds', nullif(j.kinds, '{}'), 'currencies', nullif(j.currencies, '{}'),
                'amount_from_minor', j.amount_from_minor,
                'amount_to_minor', j.amount_to_minor))))
            order by j.step_date, j.position, j.step_no), '[]')
        from judged j
        left join said o on o.step = j.step and j.why_not is null and not j.is_held_out
        where $25::date is null or j.step_date = $25::date or o.goes_on = $25::date),
    'events', case when $25::date is not null and d.is_over is not null and (
            d.is_over or d.is_now) then (
        select coalesce(json_agg(json_build_object('at', to_char(
                v.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'kind', v.kind,
                'facts', v.facts::json) order by v.event_no), '[]')
        from (
            select x.event_no, x.at, x.kind, x.facts
            from event x
            where x.customer_id = d.customer_id and x.invoice_id = d.invoice_id
                and (x.at at time zone d.payer_time_zone)::date = $25::date
            order by x.event_no
            limit 200) v) end
)::text as explained
from debt d;
