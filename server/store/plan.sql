-- The plan: which reminders there are to be. The rule stands in the function plan_judge (migration
-- 0043); here it is asked: by the planner, by the forecast, and by whoever wants to know why.
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
-- Other versions are in force than those that some reminders were planned by: these go, and the days
-- from $1 on are planned again. $1 through, $2 the scenarios seen, $3 now, $4 at most
-- how many went
with gone as (
    update reminder r
    set state = 'cancelled', reason = 'planned anew', finished_at = $3::timestamptz
    from (
        select x.customer_id, x.invoice_id, x.step
        from reminder x
        join scenario_version v on v.scenario_id = x.scenario_id and v.version = x.version
        where x.state = 'scheduled' and greatest(x.due_at, x.try_at) > $3::timestamptz
            and x.due_at >= v.in_force_until
        order by greatest(x.due_at, x.try_at), x.customer_id, x.invoice_id, x.step
        limit $4::bigint) w
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
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

-- name: plan_waited
-- $1 customer_id[], $2 invoice_id[]
update invoice i
set needs_plan = false
from unnest($1::bigint[], $2::bigint[]) as w (customer_id, invoice_id)
where i.customer_id = w.customer_id and i.invoice_id = w.invoice_id and i.needs_plan;

-- name: plan_reminders
-- How many there are that were not there before.
with judged as materialized (
    select *
    from plan_judge($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::date[],
        $7::bigint[], $8::bigint[], $9::bigint, $10::bigint, $11::timestamptz, $12::bigint,
        $13::bigint, $14::bigint, $15::bigint)
    where why_not is null and not is_held_out
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
-- never go, as the claim looks; here they end with their reason. $1 now, $2 at most
update reminder r
set state = 'cancelled', reason = 'paid', finished_at = $1::timestamptz
from (
    select x.customer_id, x.invoice_id, x.step
    from (
        select o.customer_id, o.invoice_id, o.step
        from reminder o
        where o.state = 'scheduled' and greatest(o.due_at, o.try_at) <= $1::timestamptz
        order by greatest(o.due_at, o.try_at), o.customer_id, o.invoice_id, o.step
        limit $2::bigint) x
    where x.step not like 'thanks%' and x.step not like 'paid\_%' and (
        select i.due_minor from invoice i
        where i.customer_id = x.customer_id and i.invoice_id = x.invoice_id) <= 0) w
where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
    and r.state = 'scheduled';

-- name: plan_notify
-- Reminders that may be due at once.
select pg_notify('dunlin_reminder', '');

-- name: plan_wake
-- There are debts to plan.
select pg_notify('dunlin_plan', '');
