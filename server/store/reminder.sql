-- Reminders on their way out. Candidates are chosen without locks, window by window; one transaction then locks the
-- customers and their invoices in order (as whoever moves money does), and a single update repeats
-- every condition and claims. So a payment that committed before the claim is always seen by it.
--
-- What lets a reminder of the ladder go, in the candidates and again in the claim:
--   it is scheduled and due, and if it was given back the time of its next attempt (try_at) has come;
--   something is left to pay; the invoice has an active link; no payment is
--   on its way; nothing holds it; no newer step of the ladder is due as well.
-- A thank-you needs to be scheduled and due, and that nothing is left to pay and no other message of
-- its invoice is on its way: that one could arrive behind it, and what it shows would not be replaced.
-- (It ends, if only as one of the lost.) States 'claimed' are asked for with coalesce() where the
-- index of all that is claimed would not help.
--
-- The way of a reminder: the preferred one if it reaches the customer; else push, if there is a live
-- device of a configured app whose token still is its own; else sms; else e-mail. A thank-you replaces
-- what a push of its invoice has put on the screen. Apps are texts 'app|service|environment'. A push
-- goes to each such device that has not been told yet and whose service is not resting; those on
-- resting ones wait as long as nobody else could be told.
--
-- Each device of a reminder has one row in push, the same at each attempt. Of no further use are those
-- that are accepted, refused, expired, or of unknown fate five times. Once all of a reminder's pushes
-- are past their life, so is what other devices might still have been told. What one device accepted
-- was sent, whatever becomes of the others.

-- name: reminder_candidates
-- A window of what is due, the newest first, before the last one seen, each with whether it may go.
-- (After an outage the newest step of an invoice goes and takes the missed ones out of the way.) The
-- window is cut out first and the conditions are looked at for its rows alone: asked in one go, a
-- hundred thousand due at ten o'clock were joined and sorted for each batch (6 s; a window 2 ms). Its
-- size is no parameter so that the plan knows it. The conditions are scalar subqueries and the times
-- subtracted so that no plan, on tables nobody has analysed yet, hashes a whole table or walks all
-- that is due for each row (seen: 120 ms a window). $1 now, $2 payments started before this no
-- longer hold, $3 when to be tried, $4 customer_id, $5 invoice_id, $6 step of the last one seen, $7 apps[], $8
-- what else there is to reach people, 'sms', 'email'[]
-- customer_id, invoice_id, step, due_at, may_go, when the next step of the ladder is due, if it goes
-- by push to whom: a letter for each device not yet told, '@' + the index of its app; and when to be
-- tried
with due as materialized (
    select r.customer_id, r.invoice_id, r.step, r.due_at, greatest(r.due_at, r.try_at) as next_try_at
    from reminder r
    where r.state = 'scheduled'
        and greatest(r.due_at, r.try_at) <= $1::timestamptz
        and (greatest(r.due_at, r.try_at), r.customer_id, r.invoice_id, r.step)
            < ($3::timestamptz, $4::bigint, $5::bigint, $6::text)
    order by greatest(r.due_at, r.try_at) desc, r.customer_id desc, r.invoice_id desc, r.step desc
    limit 256
), stepped as materialized (
    select d.customer_id, d.invoice_id, d.step, d.due_at, d.next_try_at, d.step like 'thanks%' as is_thanks,
        case when d.step not like 'thanks%' then (
            select min(n.due_at) from reminder n
            where n.customer_id = d.customer_id and n.invoice_id = d.invoice_id
                and n.step not like 'thanks%' and n.state = 'scheduled'
                and n.due_at - d.due_at > interval '0') end as next_at
    from due d
), judged as materialized (
    select s.*,
        case when s.is_thanks then
            (select i.due_minor from invoice i
                where i.customer_id = s.customer_id and i.invoice_id = s.invoice_id) <= 0
            and (
                select 1 from reminder o
                where o.customer_id = s.customer_id and o.invoice_id = s.invoice_id
                    and coalesce(o.state, '') = 'claimed'
                limit 1) is null
        else
            (select i.due_minor from invoice i
                where i.customer_id = s.customer_id and i.invoice_id = s.invoice_id
                    and i.link_no is not null) > 0
            and (
                select 1 from hold h
                where h.customer_id = s.customer_id and h.invoice_id = s.invoice_id
                    and h.released_at is null and (h.until is null or h.until > $1::timestamptz)
                limit 1) is null
            and (
                select 1 from payment_allocation a
                join payment p using (customer_id, payment_no)
                where a.customer_id = s.customer_id and a.invoice_id = s.invoice_id
                    and (p.state = 'pending'
                        or (p.state in ('created', 'started') and p.changed_at > $2::timestamptz))
                limit 1) is null
            and (s.next_at is null or s.next_at > $1::timestamptz)
        end as may_go
    from stepped s
)
select j.customer_id, j.invoice_id, j.step, j.due_at, j.may_go, j.next_at,
    case when j.may_go and cardinality($7::text[]) > 0
        and ((j.is_thanks and (
                select 1 from push p
                where p.customer_id = j.customer_id and p.invoice_id = j.invoice_id
                    and p.state = 'accepted'
                limit 1) is not null)
            or (select case k.preferred_channel
                    when 'sms' then k.phone is null or 'sms' <> all ($8::text[])
                    when 'email' then k.email is null or 'email' <> all ($8::text[])
                    else true end
                from customer k where k.customer_id = j.customer_id))
        then (
            select string_agg(chr(64 + a.app_no), '')
            from (
                select array_position($7::text[],
                        d.app || '|' || d.service || '|' || d.environment) as app_no,
                    coalesce((
                        select (p.state <> 'waiting'
                                and (p.state <> 'unknown' or p.unknown_count >= 5))
                            or p.expires_at <= $1::timestamptz
                        from push p
                        where p.customer_id = j.customer_id and p.invoice_id = j.invoice_id
                            and p.step = j.step and p.installation = d.installation), (
                        select max(p.expires_at) <= $1::timestamptz
                        from push p
                        where p.customer_id = j.customer_id and p.invoice_id = j.invoice_id
                            and p.step = j.step)) as is_told
                from device d
                where d.customer_id = j.customer_id and d.state = 'live') a
            where a.app_no is not null and a.is_told is not true)
        end as devices, j.next_try_at
from judged j
order by j.next_try_at desc, j.customer_id desc, j.invoice_id desc, j.step desc;

-- name: reminder_lost
-- Claimed long ago by a process that did not live to say what became of it.
-- $1 claimed before, $2 at most
-- customer_id, invoice_id, step, channel, claimed_at; at most one an invoice
select distinct on (customer_id, invoice_id) customer_id, invoice_id, step, channel, claimed_at
from reminder
where state = 'claimed' and claimed_at < $1::timestamptz
order by customer_id, invoice_id
limit $2::bigint;

-- name: reminder_clock
-- What the server's clock says: first and last in the claim, to tell how long it took before its commit.
select clock_timestamp();

-- name: reminder_lock_customers
-- $1 customer_id[]
select customer_id
from customer
where customer_id = any ($1::bigint[])
order by customer_id
for no key update;

-- name: reminder_lock_invoices
-- $1 customer_id[], $2 invoice_id[]
select i.customer_id, i.invoice_id
from invoice i
join unnest($1::bigint[], $2::bigint[]) w (customer_id, invoice_id) using (customer_id, invoice_id)
order by i.customer_id, i.invoice_id
for no key update of i;

-- name: reminder_skip_missed
-- After an outage only the newest missed step goes out. $1 customer_id[], $2 invoice_id[], $3 now
with missed as (
    update reminder r
    set state = 'skipped', reason = 'missed', finished_at = $3::timestamptz
    from unnest($1::bigint[], $2::bigint[]) w (customer_id, invoice_id)
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id
        and r.state = 'scheduled' and r.due_at <= $3::timestamptz
        and r.step not like 'thanks%'
        and exists (
            select from reminder n
            where n.customer_id = r.customer_id and n.invoice_id = r.invoice_id
                and n.step not like 'thanks%'
                and n.due_at > r.due_at and n.due_at <= $3::timestamptz
                and n.state in ('scheduled', 'claimed', 'sent', 'uncertain'))
    returning r.customer_id, r.invoice_id, r.step, r.due_at
), told as (
    select m.customer_id, m.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_build_object('steps', json_agg(m.step order by m.due_at), 'reason', 'missed')::text
            as facts
    from missed m
    join invoice i using (customer_id, invoice_id)
    group by m.customer_id, m.invoice_id, i.event_count, i.chain_head
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $3::timestamptz, 'reminder.skipped', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_no, $3::timestamptz, 'reminder.skipped', facts, prev_hash,
    chain_head
from headed;

-- name: reminder_expire_pushes
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 now
insert into push as p (customer_id, invoice_id, step, installation, state, reason, expires_at,
    claimed_at)
select q.customer_id, q.invoice_id, q.step, q.installation, 'expired', 'expired', q.expires_at,
    q.claimed_at
from unnest($1::bigint[], $2::bigint[], $3::text[]) w (customer_id, invoice_id, step)
cross join lateral (
    select o.customer_id, o.invoice_id, o.step, o.installation, o.expires_at, o.claimed_at
    from push o
    where o.customer_id = w.customer_id and o.invoice_id = w.invoice_id and o.step = w.step
        and o.state in ('waiting', 'unknown') and o.expires_at <= $4::timestamptz
    offset 0) q
on conflict (customer_id, invoice_id, step, installation) do update
set state = 'expired', reason = 'expired', finished_at = $4::timestamptz
where p.state in ('waiting', 'unknown');

-- name: reminder_claim
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 now, $5 payments started before this no longer
-- hold, $6 the ways beside push to devices: 'push' (to a telephone number, by a sandbox), 'sms',
-- 'email', $7 apps[], $8 those of them whose service is not resting[], $9 when a push made now is
-- of no use any more[]
-- All that a message needs: a row each device for pushes, a row for the others; and, with state, those
-- that came to their end here.
with wanted as materialized (
    select w.customer_id, w.invoice_id, w.step, w.expires_at, w.live_count > 0 as has_device,
        w.left_count, w.up_count, w.state_of_pushes,
        case
            when w.live_count > 0 and (coalesce(k.preferred_channel, 'push') = 'push'
                or (w.step like 'thanks%' and (
                    select 1 from push p
                    where p.customer_id = w.customer_id and p.invoice_id = w.invoice_id
                        and p.state = 'accepted'
                    limit 1) is not null)) then 'push'
            when k.preferred_channel = any ($6::text[])
                and case k.preferred_channel when 'email' then k.email else k.phone end is not null
                then k.preferred_channel
            when w.live_count > 0 then 'push'
            when 'sms' = any ($6::text[]) and k.phone is not null then 'sms'
            when 'email' = any ($6::text[]) and k.email is not null then 'email'
        end as channel
    from (
        select u.customer_id, u.invoice_id, u.step, u.expires_at, v.live_count, v.left_count,
            v.up_count, (
                select case
                    when bool_or(p.state = 'accepted') then 'accepted'
                    when bool_or(p.state = 'unknown') then 'unknown'
                    when bool_or(p.state = 'expired') then 'expired'
                    else min(p.reason) end
                from push p
                where p.customer_id = u.customer_id and p.invoice_id = u.invoice_id
                    and p.step = u.step) as state_of_pushes
        from unnest($1::bigint[], $2::bigint[], $3::text[], $9::timestamptz[])
            u (customer_id, invoice_id, step, expires_at)
        cross join lateral (
            select count(*) as live_count,
                count(*) filter (where l.is_told is not true) as left_count,
                count(*) filter (where l.is_told is not true and l.app = any ($8::text[]))
                    as up_count
            from (
                select d.app || '|' || d.service || '|' || d.environment as app,
                    coalesce((
                        select p.state <> 'waiting'
                            and (p.state <> 'unknown' or p.unknown_count >= 5)
                        from push p
                        where p.customer_id = u.customer_id and p.invoice_id = u.invoice_id
                            and p.step = u.step and p.installation = d.installation), (
                        select max(p.expires_at) <= $4::timestamptz
                        from push p
                        where p.customer_id = u.customer_id and p.invoice_id = u.invoice_id
                            and p.step = u.step)) as is_told
                from device d
                where d.customer_id = u.customer_id and d.state = 'live'
                    and (
                        select 1 from device_token t
                        where t.token = d.token and t.app = d.app and t.service = d.service
                            and t.customer_id = d.customer_id
                            and t.installation = d.installation) is not null) l
            where l.app = any ($7::text[])) v) w
    join customer k using (customer_id)
), decided as materialized (
    select w.customer_id, w.invoice_id, w.step, w.expires_at,
        case when w.is_shown then 'push' else w.channel end as channel,
        case
            when w.is_shown then 'sent'
            when w.channel is null and w.state_of_pushes is null then 'skipped'
            when w.channel is null then 'failed'
            when w.channel <> 'push' or not w.has_device then 'claimed'
            when w.up_count > 0 then 'claimed'
            when w.left_count > 0 then null
            when w.state_of_pushes = 'unknown' then 'uncertain'
            else 'failed'
        end as state,
        case
            when w.is_shown then 'accepted'
            when w.channel is null and w.state_of_pushes is null then 'no address'
            when w.channel is null then 'no address left'
            when w.channel <> 'push' or not w.has_device or w.up_count > 0 then 'due'
            else w.state_of_pushes
        end as reason,
        w.channel = 'push' and w.has_device as is_to_devices,
        coalesce(w.state_of_pushes = 'accepted', false) as is_accepted
    from (
        select *, coalesce(state_of_pushes = 'accepted' and left_count = 0, false) as is_shown
        from wanted) w
), claimed as (
    update reminder r
    set state = w.state,
        reason = w.reason,
        channel = w.channel,
        claimed_at = $4::timestamptz,
        finished_at = case when w.state <> 'claimed' then $4::timestamptz end
    from decided w
    join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and w.state is not null
        and r.state = 'scheduled'
        and greatest(r.due_at, r.try_at) <= $4::timestamptz
        and case when r.step like 'thanks%' then
            i.due_minor <= 0
            and (
                select 1 from reminder o
                where o.customer_id = r.customer_id and o.invoice_id = r.invoice_id
                    and coalesce(o.state, '') = 'claimed'
                limit 1) is null
        else
            i.due_minor > 0
            and i.link_no is not null
            and (
                select 1 from hold h
                where h.customer_id = r.customer_id and h.invoice_id = r.invoice_id
                    and h.released_at is null and (h.until is null or h.until > $4::timestamptz)
                limit 1) is null
            and (
                select 1 from payment_allocation a
                join payment p using (customer_id, payment_no)
                where a.customer_id = r.customer_id and a.invoice_id = r.invoice_id
                    and (p.state = 'pending'
                        or (p.state in ('created', 'started') and p.changed_at > $5::timestamptz))
                limit 1) is null
            and (
                select 1 from reminder n
                where n.customer_id = r.customer_id and n.invoice_id = r.invoice_id
                    and n.step not like 'thanks%' and n.state = 'scheduled'
                    and n.due_at - r.due_at > interval '0'
                    and n.due_at - $4::timestamptz <= interval '0'
                limit 1) is null
        end
    returning r.customer_id, r.invoice_id, r.step, r.state, r.reason, r.channel, r.due_at,
        w.expires_at, w.is_to_devices, w.is_accepted
), told as (
    select c.customer_id, c.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        'reminder.' || c.state as kind,
        case c.state
            when 'skipped' then json_build_object('steps', json_build_array(c.step),
                'reason', c.reason)
            when 'claimed' then json_build_object('step', c.step, 'channel', c.channel,
                'due_minor', i.due_minor, 'due_at', c.due_at)
            else json_build_object('step', c.step, 'channel', c.channel, 'reason', c.reason)
        end::text as facts
    from claimed c
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $4::timestamptz, t.kind, t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.kind, t.facts, t.prev_hash, i.chain_head
), logged as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $4::timestamptz, kind, facts, prev_hash, chain_head
    from headed
), deliveries as materialized (
    select c.customer_id, c.invoice_id, c.step, c.state, c.channel, c.is_accepted, d.installation, d.app,
        d.service, d.environment, d.target_kind, d.token, d.language, d.registered_at,
        d.has_changed_environment, coalesce(d.push_id, d.new_id) as push_id,
        coalesce(d.attempts, 0) + 1 as attempts, coalesce(d.expires_at, c.expires_at) as expires_at
    from claimed c
    left join lateral (
        select l.*, p.push_id, p.attempts, p.expires_at, gen_random_uuid() as new_id
        from device l
        left join lateral (
            select p.push_id, p.attempts, p.expires_at,
                p.state <> 'waiting' and (p.state <> 'unknown' or p.unknown_count >= 5) as is_told
            from push p
            where p.customer_id = c.customer_id and p.invoice_id = c.invoice_id
                and p.step = c.step and p.installation = l.installation) p on true
        where c.is_to_devices and c.state = 'claimed'
            and l.customer_id = c.customer_id and l.state = 'live'
            and l.app || '|' || l.service || '|' || l.environment = any ($8::text[])
            and p.is_told is not true
            and (
                select 1 from device_token t
                where t.token = l.token and t.app = l.app and t.service = l.service
                    and t.customer_id = l.customer_id
                    and t.installation = l.installation) is not null) d on true
), pushed as (
    insert into push (customer_id, invoice_id, step, installation, push_id, state, reason, attempts,
        expires_at, claimed_at)
    select customer_id, invoice_id, step, installation, push_id, 'claimed', 'due', attempts,
        expires_at, $4::timestamptz
    from deliveries
    where push_id is not null
    on conflict (customer_id, invoice_id, step, installation) do update
    set state = 'claimed', reason = 'due', attempts = excluded.attempts,
        claimed_at = excluded.claimed_at, finished_at = null
)
select c.customer_id, c.invoice_id, c.step, c.channel,
    case c.channel when 'email' then k.email else k.phone end as address,
    k.language, i.number, i.product, i.currency, i.due_minor, i.due_date, i.link_no,
    c.state = 'claimed' as is_claimed, c.installation, c.app, c.service, c.environment,
    c.target_kind, c.token, c.language as device_language, c.registered_at,
    c.has_changed_environment, c.push_id::text as push_id, c.attempts, c.expires_at, c.is_accepted
from deliveries c
join customer k using (customer_id)
join invoice i on i.customer_id = c.customer_id and i.invoice_id = c.invoice_id
order by c.customer_id, c.invoice_id;

-- name: reminder_finish_pushes
-- What became of claimed pushes. $1 customer_id[], $2 invoice_id[], $3 step[], $4 installation[],
-- $5 state[], $6 reason[], $7 claimed_at[] of the reminder, $8 now
insert into push as p (customer_id, invoice_id, step, installation, state, reason, expires_at,
    claimed_at)
select w.customer_id, w.invoice_id, w.step, w.installation, w.state, w.reason, w.claimed_at,
    w.claimed_at
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::timestamptz[])
    w (customer_id, invoice_id, step, installation, state, reason, claimed_at)
where (
    select o.state = 'claimed' and o.claimed_at = w.claimed_at
    from push o
    where o.customer_id = w.customer_id and o.invoice_id = w.invoice_id and o.step = w.step
        and o.installation = w.installation)
on conflict (customer_id, invoice_id, step, installation) do update
set state = excluded.state,
    reason = excluded.reason,
    unknown_count = p.unknown_count + (excluded.state = 'unknown')::integer,
    finished_at = case when excluded.state in ('accepted', 'refused') then $8::timestamptz end
where p.state = 'claimed' and p.claimed_at = excluded.claimed_at;

-- name: reminder_lose_pushes
-- Their process died: nobody knows what became of them. $1 customer_id[], $2 invoice_id[],
-- $3 step[], $4 claimed_at[] of the reminder
insert into push as p (customer_id, invoice_id, step, installation, state, reason, expires_at,
    claimed_at)
select q.customer_id, q.invoice_id, q.step, q.installation, 'unknown', 'process died',
    q.expires_at, q.claimed_at
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[])
    w (customer_id, invoice_id, step, claimed_at)
cross join lateral (
    select o.customer_id, o.invoice_id, o.step, o.installation, o.expires_at, o.claimed_at
    from push o
    where o.customer_id = w.customer_id and o.invoice_id = w.invoice_id and o.step = w.step
        and o.state = 'claimed' and o.claimed_at = w.claimed_at
    offset 0) q
on conflict (customer_id, invoice_id, step, installation) do update
set state = 'unknown', reason = 'process died', unknown_count = p.unknown_count + 1
where p.state = 'claimed';

-- name: reminder_end_devices
-- The service says that they are gone. A token registered since is another one, and stays.
-- $1 customer_id[], $2 installation[], $3 registered_at[] of the token, $4 reason[], $5 now
with ended as (
    update device d
    set state = 'dead', reason = w.reason, ended_at = $5::timestamptz
    from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[])
        w (customer_id, installation, registered_at, reason)
    where d.customer_id = w.customer_id and d.installation = w.installation
        and d.state = 'live' and d.registered_at = w.registered_at
    returning d.customer_id, d.installation, d.token, d.app, d.service
)
delete from device_token t
using ended e
where t.token = e.token and t.app = e.app and t.service = e.service
    and t.customer_id = e.customer_id and t.installation = e.installation;

-- name: reminder_move_devices
-- To the other environment, once. $1 customer_id[], $2 installation[], $3 registered_at[]
update device d
set environment = case d.environment when 'production' then 'sandbox' else 'production' end,
    has_changed_environment = true
from unnest($1::bigint[], $2::text[], $3::timestamptz[]) w (customer_id, installation, registered_at)
where d.customer_id = w.customer_id and d.installation = w.installation
    and d.state = 'live' and d.registered_at = w.registered_at and not d.has_changed_environment;

-- name: reminder_finish
-- What became of claimed reminders: 'sent', 'failed', 'uncertain', or 'scheduled' again. At most one
-- an invoice. What was not sent and has been paid meanwhile is cancelled: the payment could not, as it
-- was claimed then; likewise a thank-you for what is owed again, and what an import took out of the
-- plan. What was sent after the payment crossed it, also where another device is still to be told.
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 state[], $5 reason[], $6 now, $7 claimed_at[], so
-- that an outcome said twice does not end a later claim, $8 when those scheduled again are tried[],
-- $9 when it was sent[], long ago for what was not
-- how many crossed their payment, and by how many milliseconds together
with finished as (
    update reminder r
    set state = case when w.why_not is not null then 'cancelled' else w.state end,
        reason = coalesce(w.why_not, w.reason),
        try_at = case when w.state = 'scheduled' then w.again_at end,
        claimed_at = case when w.state = 'scheduled' then null else r.claimed_at end,
        finished_at = case when w.state = 'scheduled' and w.why_not is null then null
            else $6::timestamptz end
    from (
        select u.*,
            case
                when u.state <> 'scheduled' then null
                when u.step like 'thanks%' and i.due_minor > 0 then 'owed again'
                when (
                    select c.reason from reminder c
                    where c.customer_id = u.customer_id and c.invoice_id = u.invoice_id
                        and c.step = u.step) = 'planned anew' then 'planned anew'
                when u.step not like 'thanks%' and i.due_minor <= 0 then 'paid'
            end as why_not,
            case when u.step not like 'thanks%' and i.due_minor <= 0
                    and u.sent_at > i.paid_at
                then extract(epoch from u.sent_at - i.paid_at) * 1000 end::bigint as crossed_ms
        from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[],
                $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
            u (customer_id, invoice_id, step, state, reason, claimed_at, again_at, sent_at)
        join invoice i using (customer_id, invoice_id)) w
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and coalesce(r.state, '') = 'claimed' and r.claimed_at = w.claimed_at
    returning r.customer_id, r.invoice_id, r.step, r.state, r.reason, r.channel, w.crossed_ms
), told as (
    select f.customer_id, f.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        'reminder.' || case f.state when 'scheduled' then 'given_back' else f.state end as kind,
        json_strip_nulls(json_build_object('step', f.step, 'channel', f.channel,
            'reason', f.reason, 'crossed_ms', f.crossed_ms))::text as facts
    from finished f
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $6::timestamptz, t.kind, t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.kind, t.facts, t.prev_hash, i.chain_head
), logged as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $6::timestamptz, kind, facts, prev_hash, chain_head
    from headed
)
select count(crossed_ms) as crossed_count, coalesce(sum(crossed_ms), 0)::bigint as crossed_ms
from finished;
