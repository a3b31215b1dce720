-- Reminders on their way out. Candidates are chosen without locks, window by window; one transaction then locks the
-- customers and their invoices in order (as whoever moves money does), puts off what may not go yet,
-- and a single update repeats every condition and claims. So a payment that committed before the
-- claim is always seen by it.
--
-- What lets a reminder of the ladder go, in the candidates and again in the claim:
--   nobody has stopped all sending;
--   it is scheduled and due, and if it was given back the time of its next attempt (try_at) has come;
--   something is left to pay, of the instalment too if it is of one; the invoice has an active link;
--   no payment is on its way; nothing holds it (what counts from a promise goes in spite of that
--   promise, unless it was released, and what counts from an instalment in spite of the plan, as does
--   the word that one was agreed); no newer step of the ladder is due as well, nor, before a word about
--   a plan, is still to be planned; and while the clock of a demand runs
--   it is not given to people who call or collect.
-- A thank-you, or a step that counts from the payment, needs to be scheduled and due, and that nothing
-- is left to pay and no other message of
-- its invoice is on its way: that one could arrive behind it, and what it shows would not be replaced.
-- (It ends, if only as one of the lost.) States 'claimed' are asked for with coalesce() where the
-- index of all that is claimed would not help.
--
-- What would go but for manners is put off: outside the send window (but not what is only put on a
-- list for people), over the person's contact budget, or past the due date while the payment feed is old. It gets the time when that may have changed
-- (try_at) and so does not come up in each window until then; one event says why. Within a claim no
-- more messages of a customer are claimed than their budget has left.
--
-- What perhaps went out (perhaps_sent_at) and can be asked about no more, because an hour has passed or
-- its channel does not reach the customer any more, ends uncertain instead of being claimed.
--
-- The way of a reminder: the first place of its cascade that reaches the customer (reminder_way): push,
-- if there is a live
-- device of a configured app whose token still is its own; others if there is an address that is not
-- dead; none that the customer opted out of, nor one that they want for notices only where this may be
-- refused. A thank-you replaces
-- what a push of its invoice has put on the screen, unless they opted out of push since. The place behind it is a reminder of its own
-- ('due+1'), put in by the statement that ends this one: at once where it failed, or for the time
-- when it is to have been delivered or opened; if it is by then, the later one is skipped. On the
-- ladder it stands where its step does (ladder_at).
--
-- Reminders of one customer that are claimed together and go the same way share a message, where the
-- settings want that. The first of them (is_lead) stands for all: its devices get the push, and what
-- becomes of it becomes of the others.
--
-- Apps are texts 'app|service|environment'. A push
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
-- what else there is to reach people, 'sms', 'email'[], $9 channels that need consent[], $10 how old
-- the payment feed may be, in seconds, or 0, $11 and $12 the send window in seconds of the day, $13 its
-- weekdays as bits, $14 days off[]
-- customer_id, invoice_id, step, due_at, may_go, when the next step of the ladder is due, if it goes
-- by push to whom: a letter for each device not yet told, '@' + the index of its app; when to be
-- tried; whether it is to be put off; if not, which way it would go
with due as materialized (
    select r.customer_id, r.invoice_id, r.step, r.due_at, greatest(r.due_at, r.try_at) as next_try_at,
        r.scenario_id, r.version, r.step_no, r.campaign_id, r.anchor_no, r.channel_no,
        coalesce(r.ladder_at, r.due_at) as ladder_at
    from reminder r
    where r.state = 'scheduled'
        and greatest(r.due_at, r.try_at) <= $1::timestamptz
        and (greatest(r.due_at, r.try_at), r.customer_id, r.invoice_id, r.step)
            < ($3::timestamptz, $4::bigint, $5::bigint, $6::text)
        and (select s.stopped_at from sending s) is null
    order by greatest(r.due_at, r.try_at) desc, r.customer_id desc, r.invoice_id desc, r.step desc
    limit 256
), stepped as materialized (
    select d.*, i.due_minor, i.link_no, i.demand_no, i.due_date, i.needs_plan, i.payer_time_zone as zone,
        reminder_is_thanks(d.step) as is_thanks,
        d.scenario_id is null and starts_with(d.step, 'plan_') as is_of_plan,
        case when d.scenario_id is not null then (
            select a.anchor from scenario_step a
            where a.scenario_id = d.scenario_id and a.version = d.version
                and a.step_no = d.step_no)
            when starts_with(d.step, 'plan_agreed') then 'instalment'
            when starts_with(d.step, 'answered_') then 'answer' end as anchor,
        case when not reminder_is_thanks(d.step) then (
            select min(n.due_at) from reminder n
            where n.customer_id = d.customer_id and n.invoice_id = d.invoice_id
                and not reminder_is_thanks(n.step) and n.state = 'scheduled'
                and coalesce(n.ladder_at, n.due_at) - d.ladder_at > interval '0') end as next_at
    from due d
    cross join lateral (
        select i.due_minor, i.link_no, i.demand_no, i.due_date, i.needs_plan, i.payer_time_zone
        from invoice i
        where i.customer_id = d.customer_id and i.invoice_id = d.invoice_id
        offset 0) i
), opened as materialized (
    select z.zone, send_opening($1::timestamptz, z.zone, $11::bigint, $12::bigint, $13::bigint,
        $14::date[]) as opening
    from (select distinct zone from stepped) z
), judged as materialized (
    select s.*,
        case when s.is_thanks then
            s.due_minor <= 0
            and (
                select 1 from reminder o
                where o.customer_id = s.customer_id and o.invoice_id = s.invoice_id
                    and coalesce(o.state, '') = 'claimed'
                limit 1) is null
        else
            s.due_minor > 0 and s.link_no is not null
            and (
                select 1 from hold h
                where h.customer_id = s.customer_id and h.invoice_id = s.invoice_id
                    and case when s.anchor = 'promise' and h.hold_no = s.anchor_no
                        then h.released_at is not null
                        else h.released_at is null
                            and (h.until is null or h.until > $1::timestamptz)
                            and h.kind <> case s.anchor when 'promise' then 'promise'
                                when 'instalment' then 'plan' when 'answer' then 'dispute' else '' end end
                limit 1) is null
            and (s.anchor is distinct from 'instalment' or (
                select 1 from instalment n
                where n.customer_id = s.customer_id and n.invoice_id = s.invoice_id
                    and n.part_no = s.anchor_no and not n.is_open
                limit 1) is null)
            and (
                select 1 from payment_allocation a
                join payment p using (customer_id, payment_no)
                where a.customer_id = s.customer_id and a.invoice_id = s.invoice_id
                    and (p.state = 'pending'
                        or (p.state in ('created', 'started') and p.changed_at > $2::timestamptz))
                limit 1) is null
            and (s.next_at is null or s.next_at > $1::timestamptz)
            and not (s.needs_plan and s.is_of_plan)
            -- Behind an outage the planner comes first: a newer step may have been missed.
            and ((s.scenario_id is null and not s.is_of_plan)
                or coalesce((select p.through from planned p), 'infinity')
                >= (($1::timestamptz + interval '14 hours') at time zone 'UTC')::date)
        end as may_go,
        ((select o.opening from opened o where o.zone = s.zone) > $1::timestamptz
            and not coalesce((
                select reminder_is_for_staff(p.places, s.channel_no)
                from reminder_places(s.scenario_id, s.version, s.step_no, s.campaign_id) p), false))
        or (not s.is_thanks and $10::bigint > 0
            and ($1::timestamptz at time zone s.zone)::date > s.due_date
            and coalesce((select f.feed_at from sending f), '-infinity')
                < $1::timestamptz - make_interval(secs => $10::bigint)) as is_put_off
    from stepped s
)
select j.customer_id, j.invoice_id, j.step, j.due_at,
    j.may_go and (j.demand_no is null or coalesce(w.channel, '') not in ('call', 'handover') or (
        select 1 from demand m
        where m.customer_id = j.customer_id and m.invoice_id = j.invoice_id
            and m.over_at > $1::timestamptz
        limit 1) is null) as may_go, j.next_at,
    case when w.channel = 'push' or (v.has_device and j.is_thanks and (
            select 1 from push p
            join customer k using (customer_id)
            where p.customer_id = j.customer_id and p.invoice_id = j.invoice_id
                and p.state = 'accepted' and 'push' <> all (k.opted_out || k.notices_only)
                and ('push' <> all ($9::text[]) or 'push' = any (k.consented))
            limit 1) is not null)
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
        end as devices, j.next_try_at, j.is_put_off, w.channel
from judged j
left join lateral (
    select (
        select 1 from device d
        where d.customer_id = j.customer_id and d.state = 'live'
            and d.app || '|' || d.service || '|' || d.environment = any ($7::text[])
        limit 1) is not null as has_device
    where j.may_go and not j.is_put_off
    offset 0) v on true
left join lateral (
    select y.channel
    from reminder_places(j.scenario_id, j.version, j.step_no, j.campaign_id) p
    cross join lateral reminder_way(j.customer_id, p.places, j.channel_no, v.has_device,
        $8::text[], $9::text[],
        reminder_is_refusable(j.step, j.scenario_id, j.version, j.step_no)) y
    where j.may_go and not j.is_put_off
    offset 0) w on true
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
        and not reminder_is_thanks(r.step)
        and exists (
            select from reminder n
            where n.customer_id = r.customer_id and n.invoice_id = r.invoice_id
                and not reminder_is_thanks(n.step)
                -- Missed ones that were planned at one moment are due then; their days tell.
                and (coalesce(n.ladder_at, n.due_at), coalesce(n.step_date, '-infinity'))
                    > (coalesce(r.ladder_at, r.due_at), coalesce(r.step_date, '-infinity'))
                and n.due_at <= $3::timestamptz
                and n.state in ('scheduled', 'claimed', 'sent', 'uncertain', 'failed'))
    returning r.customer_id, r.invoice_id, r.step, r.due_at, r.state
), told as (
    select m.customer_id, m.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_strip_nulls(json_build_object('steps', json_agg(m.step order by m.due_at), 'reason',
            'missed', 'perhaps_sent', json_agg(m.step order by m.due_at)
                filter (where m.state = 'uncertain')))::text as facts
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

-- name: reminder_put_off
-- What may not go yet by the manners of the installation. The time it is put off to is when the last
-- of its reasons may be over; the reason that is said is the first of them.
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 now, $5 how old the payment feed may be, in seconds,
-- or 0, $6 and $7 the send window in seconds of the day, $8 its weekdays as bits, $9 days off[],
-- $10 messages a person in a day, $11 in a week, $12 in 30 days, each 0: no limit
with opened as materialized ( -- once a zone: it takes longer than all the rest
    select z.zone, send_opening($4::timestamptz, z.zone, $6::bigint, $7::bigint, $8::bigint,
        $9::date[]) as opening
    from (
        select distinct i.payer_time_zone as zone
        from unnest($1::bigint[], $2::bigint[]) w (customer_id, invoice_id)
        join invoice i using (customer_id, invoice_id)) z
), looked as materialized (
    select r.customer_id, r.invoice_id, r.step, r.reason as said, i.due_date, f.feed_at,
        case when not reminder_is_for_staff(p.places, r.channel_no) then (
            select o.opening from opened o where o.zone = i.payer_time_zone) end as opening,
        not reminder_is_thanks(r.step) and $5::bigint > 0
            and ($4::timestamptz at time zone i.payer_time_zone)::date > i.due_date
            and coalesce(f.feed_at, '-infinity')
                < $4::timestamptz - make_interval(secs => $5::bigint) as is_stale,
        b.left_count <= 0 as is_over, b.free_at, b.counted,
        to_char($4::timestamptz at time zone i.payer_time_zone, 'YYYY-MM-DD HH24:MI') as local_time
    from unnest($1::bigint[], $2::bigint[], $3::text[]) w (customer_id, invoice_id, step)
    join reminder r using (customer_id, invoice_id, step)
    join invoice i using (customer_id, invoice_id)
    cross join (select feed_at from sending) f
    cross join lateral reminder_places(r.scenario_id, r.version, r.step_no, r.campaign_id) p
    left join lateral (
        select c.left_count, c.free_at, c.counted
        from contact_budget(r.customer_id, $4::timestamptz, $10::bigint, $11::bigint,
            $12::bigint) c
        where not reminder_is_thanks(r.step) and $10::bigint + $11::bigint + $12::bigint > 0
            -- a hand-over is no message to the person
            and not exists (
                select from scenario_step s
                where s.scenario_id = r.scenario_id and s.version = r.version
                    and s.step_no = r.step_no and s.channels[r.channel_no + 1] = 'handover')
        offset 0) b on true
    where r.state = 'scheduled' and greatest(r.due_at, r.try_at) <= $4::timestamptz
        and (i.due_minor > 0) <> reminder_is_thanks(r.step)
), put_off as (
    update reminder r
    set try_at = w.try_at, reason = w.reason
    from (
        select l.*,
            case when l.is_stale then 'payment feed too old'
                when l.is_over then 'contact budget' else 'quiet hours' end as reason,
            greatest(case when l.is_stale then $4::timestamptz + interval '10 minutes' end,
                case when l.is_over then l.free_at end, l.opening) as try_at
        from looked l
        where l.is_stale or l.is_over or l.opening > $4::timestamptz) w
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and r.state = 'scheduled'
    returning r.customer_id, r.invoice_id, r.step, r.try_at, r.reason, w.said, w.feed_at, w.due_date,
        w.counted, w.local_time
), told as (
    select p.customer_id, p.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_strip_nulls(json_build_object('step', p.step, 'reason', p.reason, 'until', p.try_at,
            'feed_at', case p.reason when 'payment feed too old' then p.feed_at end,
            'due_date', case p.reason when 'payment feed too old' then p.due_date end,
            'messages', case p.reason when 'contact budget' then p.counted end,
            'local_time', case p.reason when 'quiet hours' then p.local_time end))::text as facts
    from put_off p
    join invoice i using (customer_id, invoice_id)
    where p.reason <> p.said or p.reason <> 'payment feed too old'
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $4::timestamptz, 'reminder.put_off', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
), logged as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $4::timestamptz, 'reminder.put_off', facts, prev_hash,
        chain_head
    from headed
)
select count(*) as put_off_count from put_off;

-- name: reminder_claim
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 now, $5 payments started before this no longer
-- hold, $6 the ways beside push to devices: 'push' (to a telephone number, by a sandbox), 'sms',
-- 'email', …, $7 apps[], $8 those of them whose service is not resting[], $9 when a push made now is
-- of no use any more[], $10 channels that need consent[], $11 whether reminders are merged,
-- $12 messages a person in a day, $13 in a week, $14 in 30 days, each 0: no limit
-- All that a message needs (of an instalment: what is left of it, its date, and its plan), those of one message together, the one that stands for all first: a row
-- each device for pushes, a row for the others; and, with state, those
-- that came to their end here.
with wanted as materialized (
    select w.*, w.live_count > 0 as has_device, y.passed,
        case when w.is_shown_before then 'push' else y.channel end as channel,
        case when w.is_shown_before then coalesce(array_position(w.places, 'push') - 1, y.place_no)
            else y.place_no end as place_no
    from (
        select u.customer_id, u.invoice_id, u.step, u.expires_at, r.scenario_id, r.version,
            r.step_no, r.occurrence, r.step_date, r.anchor_no, r.campaign_id, r.channel_no,
            r.message_no, r.due_at, r.perhaps_sent_at, r.channel as channel_before,
            r.place_no as place_before, coalesce(r.ladder_at, r.due_at) as ladder_at, v.live_count, v.left_count, v.up_count,
            reminder_is_thanks(u.step) as is_thanks,
            (select p.places
                from reminder_places(r.scenario_id, r.version, r.step_no, r.campaign_id) p) as places,
            -- A thank-you takes the place of what a push has put on the screen.
            coalesce(reminder_is_thanks(u.step) and v.live_count > 0 and (
                select 1 from push p
                join customer k using (customer_id)
                where p.customer_id = u.customer_id and p.invoice_id = u.invoice_id
                    and p.state = 'accepted' and 'push' <> all (k.opted_out || k.notices_only)
                    and ('push' <> all ($10::text[]) or 'push' = any (k.consented))
                limit 1) is not null, false) as is_shown_before, (
                select case
                    when bool_or(p.state = 'accepted') then 'accepted'
                    when bool_or(p.state = 'unknown') then 'unknown'
                    when bool_or(p.state = 'expired') then 'expired'
                    else min(p.reason) end
                from push p
                where p.customer_id = u.customer_id and p.invoice_id = u.invoice_id
                    and p.step = u.step) as state_of_pushes,
            -- Of a later place: what the one before it has come to.
            case when r.channel_no > 0 then (
                select case s.unless[r.channel_no]
                    when 'opened' then case when o.opened_at is not null then 'opened' end
                    when 'delivered' then case when o.delivery = 'delivered'
                        or o.opened_at is not null then 'delivered' end end
                from reminder o
                join scenario_step s on s.scenario_id = r.scenario_id and s.version = r.version
                    and s.step_no = r.step_no
                where o.customer_id = u.customer_id and o.invoice_id = u.invoice_id
                    and o.place_no = r.channel_no - 1
                    and split_part(o.step, '+', 1) = split_part(u.step, '+', 1)
                    and coalesce(o.state, '') in ('sent', 'uncertain')
                    and o.delivery is distinct from 'undelivered'
                limit 1) end as answered
        from unnest($1::bigint[], $2::bigint[], $3::text[], $9::timestamptz[])
            u (customer_id, invoice_id, step, expires_at)
        join reminder r using (customer_id, invoice_id, step)
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
                            and t.installation = d.installation) is not null
                offset 0) l -- or each device would be looked at once for each of the counts
            where l.app = any ($7::text[])) v
        offset 0) w -- the places are looked up once
    left join lateral reminder_way(w.customer_id, w.places, w.channel_no, w.live_count > 0,
        $6::text[], $10::text[],
        reminder_is_refusable(w.step, w.scenario_id, w.version, w.step_no)) y on true
), decided as materialized (
    select w.*,
        case when w.is_lost then w.channel_before when w.is_shown then 'push' else w.way end
            as channel,
        case when w.is_lost then w.place_before else w.place_of_way end as place_no,
        case
            when w.is_lost then 'uncertain'
            when w.answered is not null then 'skipped'
            when w.is_shown then 'sent'
            when w.way is null and w.state_of_pushes is null then 'skipped'
            when w.way is null then 'failed'
            when w.way <> 'push' or not w.has_device then 'claimed'
            when w.up_count > 0 then 'claimed'
            when w.left_count > 0 then null
            when w.state_of_pushes = 'unknown' then 'uncertain'
            else 'failed'
        end as state,
        case
            when w.is_lost then 'nobody knows'
            when w.answered is not null then w.answered
            when w.is_shown then 'accepted'
            when w.way is null and w.state_of_pushes is null then 'no address'
            when w.way is null then 'no address left'
            when w.way <> 'push' or not w.has_device or w.up_count > 0 then 'due'
            else w.state_of_pushes
        end as reason,
        w.way = 'push' and w.has_device as is_to_devices,
        coalesce(w.state_of_pushes = 'accepted', false) as is_accepted
    from (
        select w.customer_id, w.invoice_id, w.step, w.expires_at, w.scenario_id, w.version,
            w.step_no, w.occurrence, w.step_date, w.anchor_no, w.campaign_id,
            -- A number names one message: whose fellows went out meanwhile gets another, and whose
            -- fellow's pushes, which are tried again under their own ids, lead to it. What perhaps
            -- went out is asked about under its own.
            case when w.state_of_pushes is not null or w.perhaps_sent_at is not null or (
                select 1 from reminder o
                where o.customer_id = w.customer_id and o.message_no = w.message_no
                    and (coalesce(o.state, '') in ('claimed', 'sent', 'uncertain')
                        or ((
                            select 1 from push p
                            where p.customer_id = o.customer_id and p.invoice_id = o.invoice_id
                                and p.step = o.step
                            limit 1) is not null
                            and not exists (
                                select from wanted v
                                where v.customer_id = o.customer_id
                                    and v.invoice_id = o.invoice_id and v.step = o.step)))
                limit 1) is null then w.message_no end as message_no,
            w.due_at, w.ladder_at, w.is_thanks,
            w.scenario_id is null and starts_with(w.step, 'plan_') as is_of_plan, w.places, w.has_device, w.left_count, w.up_count,
            w.state_of_pushes, w.answered, w.passed, w.place_no as place_of_way, w.channel as way,
            w.perhaps_sent_at, w.channel_before, w.place_before,
            -- Perhaps it went out: it is asked about again the same way and under its own code, as
            -- long as any gateway remembers that; it never goes another way as well.
            w.perhaps_sent_at is not null and (w.channel is distinct from w.channel_before
                or w.perhaps_sent_at < $4::timestamptz - interval '1 hour') as is_lost,
            coalesce(w.state_of_pushes = 'accepted' and w.left_count = 0, false) as is_shown
        from wanted w) w
), allowed as materialized (
    select d.*, i.due_date,
        case
            when d.state <> 'claimed' then null
            when d.message_no is not null then 'again ' || d.message_no
            when $11::boolean and not d.is_thanks and d.campaign_id is null
                -- What is told of a plan is told by itself.
                and not d.is_of_plan
                -- What is told of an offer, a demand or an answer is told by itself.
                and case when d.scenario_id is null then d.step !~ '^(offer|demand|answered)_' else (
                    select t.template <> 'demand' and d.step !~ '^demand([+]|$)' from scenario_step t
                    where t.scenario_id = d.scenario_id and t.version = d.version
                        and t.step_no = d.step_no) end
                and d.channel in ('push', 'sms', 'email', 'voice') then 'by ' || d.channel
            else d.invoice_id || ' ' || d.step
        end as message_key
    from decided d
    join invoice i using (customer_id, invoice_id)
    where d.state is not null
        and (select s.stopped_at from sending s) is null
        and case when d.is_thanks then
            i.due_minor <= 0
            and (
                select 1 from reminder o
                where o.customer_id = d.customer_id and o.invoice_id = d.invoice_id
                    and coalesce(o.state, '') = 'claimed'
                limit 1) is null
        else
            i.due_minor > 0
            and i.link_no is not null
            and not (i.needs_plan and d.is_of_plan)
            and ((d.scenario_id is null and not d.is_of_plan)
                or coalesce((select p.through from planned p), 'infinity')
                >= (($4::timestamptz + interval '14 hours') at time zone 'UTC')::date)
            and (
                select 1
                from (
                    select case when d.scenario_id is not null then (
                        select a.anchor from scenario_step a
                        where a.scenario_id = d.scenario_id and a.version = d.version
                            and a.step_no = d.step_no)
                        when starts_with(d.step, 'plan_agreed') then 'instalment'
                        when starts_with(d.step, 'answered_') then 'answer' end as anchor
                    offset 0) s
                where (
                        select 1 from hold h
                        where h.customer_id = d.customer_id and h.invoice_id = d.invoice_id
                            and case when s.anchor = 'promise' and h.hold_no = d.anchor_no
                                then h.released_at is not null
                                else h.released_at is null
                                    and (h.until is null or h.until > $4::timestamptz)
                                    and h.kind <> case s.anchor when 'promise' then 'promise'
                                        when 'instalment' then 'plan' when 'answer' then 'dispute' else '' end end
                        limit 1) is null
                    and (s.anchor is distinct from 'instalment' or (
                        select 1 from instalment n
                        where n.customer_id = d.customer_id and n.invoice_id = d.invoice_id
                            and n.part_no = d.anchor_no and not n.is_open
                        limit 1) is null)) is not null
            and (
                select 1 from payment_allocation a
                join payment p using (customer_id, payment_no)
                where a.customer_id = d.customer_id and a.invoice_id = d.invoice_id
                    and (p.state = 'pending'
                        or (p.state in ('created', 'started') and p.changed_at > $5::timestamptz))
                limit 1) is null
            and (d.channel not in ('call', 'handover') or i.demand_no is null or (
                select 1 from demand m
                where m.customer_id = d.customer_id and m.invoice_id = d.invoice_id
                    and m.over_at > $4::timestamptz
                limit 1) is null)
            and (
                select 1 from reminder n
                where n.customer_id = d.customer_id and n.invoice_id = d.invoice_id
                    and not reminder_is_thanks(n.step) and n.state = 'scheduled'
                    and coalesce(n.ladder_at, n.due_at) - d.ladder_at > interval '0'
                    and n.due_at - $4::timestamptz <= interval '0'
                limit 1) is null
        end
), numbered as materialized (
    select a.*,
        coalesce(a.message_no, c.last_no + (dense_rank() over (
            partition by a.customer_id, a.message_key is null or a.message_no is not null
            order by a.message_key))::integer) as new_no,
        case when a.message_key is null or a.is_thanks or a.channel = 'handover'
            or c.left_count is null then true
        else dense_rank() over (
            partition by a.customer_id,
                a.message_key is null or a.is_thanks or a.channel = 'handover'
            order by a.message_key) <= c.left_count end as is_within_budget
    from allowed a
    -- For each reminder, not each customer: joined with the customers they would be looked up anew for
    -- each pair (seen: five times as long).
    cross join lateral (
        select b.left_count, coalesce((
            select max(m.message_no) from reminder m
            where m.customer_id = a.customer_id and m.message_no is not null), 0) as last_no
        from (select 1) one
        left join lateral (
            select c.left_count
            from contact_budget(a.customer_id, $4::timestamptz, $12::bigint, $13::bigint,
                $14::bigint) c
            where $12::bigint + $13::bigint + $14::bigint > 0
            offset 0) b on true
        offset 0) c
), claimed as (
    update reminder r
    set state = w.state,
        reason = w.reason,
        channel = w.channel,
        place_no = w.place_no,
        message_no = case when w.state = 'claimed' then w.new_no else r.message_no end,
        address_hash = case when w.state = 'claimed' and not w.is_to_devices
            then hashtextextended(case w.channel when 'email' then k.email else k.phone end, 0) end,
        claimed_at = case when w.is_lost then w.perhaps_sent_at else $4::timestamptz end,
        finished_at = case when w.state <> 'claimed' then $4::timestamptz end
    from numbered w
    join customer k using (customer_id)
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and w.is_within_budget
        and r.state = 'scheduled'
        and greatest(r.due_at, r.try_at) <= $4::timestamptz
    returning r.customer_id, r.invoice_id, r.step, r.state, r.reason, r.channel, r.due_at,
        r.message_no, r.place_no, w.expires_at, w.is_to_devices, w.is_accepted, w.passed, w.is_thanks,
        w.places, w.scenario_id, w.version, w.step_no, w.occurrence, w.step_date, w.anchor_no,
        w.campaign_id, w.due_date, w.ladder_at
), next_place as (
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id, version,
        step_no, occurrence, step_date, anchor_no, campaign_id, channel_no, ladder_at)
    select c.customer_id, c.invoice_id, split_part(c.step, '+', 1) || '+' || c.place_no + 1,
        case c.state when 'failed' then $4::timestamptz else $4::timestamptz
            + make_interval(secs => s.wait_seconds[c.place_no + 1]) end,
        'scheduled', c.state, c.scenario_id, c.version, c.step_no, c.occurrence, c.step_date,
        c.anchor_no, c.campaign_id, c.place_no + 1, c.ladder_at
    from claimed c
    left join scenario_step s on s.scenario_id = c.scenario_id and s.version = c.version
        and s.step_no = c.step_no
    where c.place_no + 1 < cardinality(c.places)
        and (c.state = 'failed'
            or (c.state in ('sent', 'uncertain') and s.unless[c.place_no + 1] <> ''))
    on conflict (customer_id, invoice_id, step) do nothing
), told as materialized ( -- its facts are read twice
    select c.customer_id, c.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        'reminder.' || c.state as kind,
        json_strip_nulls(case c.state
            when 'skipped' then json_build_object('steps', json_build_array(c.step),
                'reason', c.reason, 'passed_over', c.passed)
            when 'claimed' then json_build_object('step', c.step, 'channel', c.channel,
                'scenario', (select n.name from scenario n where n.scenario_id = c.scenario_id),
                'version', c.version, 'due_minor', i.due_minor, 'due_at', c.due_at,
                'message', c.message_no, 'passed_over', c.passed)
            else json_build_object('step', c.step, 'channel', c.channel, 'reason', c.reason,
                'passed_over', c.passed)
        end)::text as facts
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
), led as materialized (
    select c.*, c.state = 'claimed' and row_number() over (
        partition by c.customer_id, c.state = 'claimed', c.message_no
        order by c.due_date, c.invoice_id) = 1 as is_lead
    from claimed c
), deliveries as materialized (
    select c.customer_id, c.invoice_id, c.step, c.state, c.channel, c.is_accepted, c.message_no,
        c.is_lead, c.due_date, c.scenario_id, c.version, c.step_no, c.campaign_id, c.anchor_no,
        d.installation, d.app,
        d.service, d.environment, d.target_kind, d.token, d.language, d.registered_at,
        d.has_changed_environment, coalesce(d.push_id, d.new_id) as push_id,
        coalesce(d.attempts, 0) + 1 as attempts, coalesce(d.expires_at, c.expires_at) as expires_at
    from led c
    left join lateral (
        select l.*, p.push_id, p.attempts, p.expires_at, gen_random_uuid() as new_id
        from device l
        left join lateral (
            select p.push_id, p.attempts, p.expires_at,
                p.state <> 'waiting' and (p.state <> 'unknown' or p.unknown_count >= 5) as is_told
            from push p
            where p.customer_id = c.customer_id and p.invoice_id = c.invoice_id
                and p.step = c.step and p.installation = l.installation) p on true
        where c.is_to_devices and c.is_lead
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
    case c.channel when 'email' then k.email when 'handover' then '' else k.phone end as address,
    k.language, i.number, i.product, i.currency,
    -- Looked for only where there is one: as a join each of the others would be asked for its parts.
    coalesce(case when s.anchor = 'instalment' then (
        select p.left_minor from plan_parts(c.customer_id, c.invoice_id) p
        where p.part_no = c.anchor_no) end, i.due_minor) as due_minor,
    coalesce(case when s.anchor = 'instalment' then (
        select p.due_date from plan_parts(c.customer_id, c.invoice_id) p
        where p.part_no = c.anchor_no) end, i.due_date) as due_date, i.link_no,
    c.state = 'claimed' as is_claimed, c.installation, c.app, c.service, c.environment,
    c.target_kind, c.token, c.language as device_language, c.registered_at,
    c.has_changed_environment, c.push_id::text as push_id, c.attempts, c.expires_at, c.is_accepted,
    coalesce(c.message_no, 0) as message_no, c.is_lead, i.account, k.name, s.template as text_name,
    s.tone, k.time_zone, ($4::timestamptz at time zone k.time_zone)::date as today,
    coalesce(c.campaign_id, 0) as campaign_id, w.fields as campaign_fields,
    case when i.plan_no is not null and i.due_minor > 0 then (
        select json_build_object('part_no', case when s.anchor = 'instalment' then
                min(p.place) filter (where p.part_no = c.anchor_no) end,
            'part_count', min(p.part_count),
            'left_minor', sum(p.left_minor), 'parts', json_agg(json_build_object('date',
                p.due_date - date '1970-01-01', 'left_minor', p.left_minor) order by p.part_no)
                filter (where p.left_minor > 0))::text
        from plan_parts(c.customer_id, c.invoice_id) p) end as plan,
    o.valid_until as offer_until, o.amounts[1] as offer_first, o.due_dates[1] as offer_first_date,
    offer_sum(o.amounts) as offer_total
from deliveries c
join customer k using (customer_id)
join invoice i on i.customer_id = c.customer_id and i.invoice_id = c.invoice_id
left join scenario_step s on s.scenario_id = c.scenario_id and s.version = c.version
    and s.step_no = c.step_no
left join campaign_row w on w.customer_id = c.customer_id and w.campaign_id = c.campaign_id
    and w.invoice_id = c.invoice_id
left join offer o on o.customer_id = i.customer_id and o.invoice_id = i.invoice_id
    and o.offer_no = i.offer_no and o.state = 'open'
order by c.customer_id, c.message_no, c.state = 'claimed' desc, c.is_lead desc, c.due_date, c.invoice_id;

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
-- Where it ends the next place of its cascade is put in: now for what failed or is already reported
-- as not delivered, unless a newer step has
-- come due, and after its wait for what is to have been delivered or opened by then; an unknown
-- outcome counts as sent.
-- $1 customer_id[], $2 invoice_id[], $3 step[], $4 state[], $5 reason[], $6 now, $7 claimed_at[], so
-- that an outcome said twice does not end a later claim, $8 when those scheduled again are tried[],
-- $9 when it was sent[], long ago for what was not, $10 whether it stands for its message[], $11 parts
-- of an SMS or 0[], $12 price[], $13 the gateway's id or ''[], $14 which text it was or ''[],
-- $15 whether it may have gone out though it is scheduled again[]: then it ends uncertain instead of
-- cancelled (a trigger sees to it), $16 the words that went out, as JSON[], and $17 their salts[]: the
-- personal part of the event; null: none
-- how many crossed their payment, and by how many milliseconds together
with finished as (
    update reminder r
    set state = case when w.why_not is not null then 'cancelled' else w.state end,
        reason = coalesce(w.why_not, w.reason),
        try_at = case when w.state = 'scheduled' then w.again_at end,
        claimed_at = case when w.state = 'scheduled' then null else r.claimed_at end,
        perhaps_sent_at = case when w.is_perhaps_sent
            then coalesce(r.perhaps_sent_at, w.claimed_at) else r.perhaps_sent_at end,
        finished_at = case when w.state = 'scheduled' and w.why_not is null then null
            else $6::timestamptz end,
        parts = coalesce(nullif(w.parts, 0)::integer, r.parts),
        price_micro = coalesce(r.price_micro + nullif(w.price_micro, 0), nullif(w.price_micro, 0),
            r.price_micro)
    from (
        select u.*, i.due_minor,
            case
                when u.state <> 'scheduled' then null
                when reminder_is_thanks(u.step) and i.due_minor > 0 then 'owed again'
                else coalesce((
                        select c.reason from reminder c
                        where c.customer_id = u.customer_id and c.invoice_id = u.invoice_id
                            and c.step = u.step
                            and c.reason in ('planned anew', 'campaign stopped')),
                    case when not reminder_is_thanks(u.step) and i.due_minor <= 0 then 'paid' end)
            end as why_not,
            case when not reminder_is_thanks(u.step) and i.due_minor <= 0
                    and u.sent_at > i.paid_at
                then extract(epoch from u.sent_at - i.paid_at) * 1000 end::bigint as crossed_ms
        from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[],
                $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::boolean[],
                $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::boolean[], $16::text[],
                $17::bytea[])
            u (customer_id, invoice_id, step, state, reason, claimed_at, again_at, sent_at, is_lead,
                parts, price_micro, gateway_id, text, is_perhaps_sent, kept, salt)
        join invoice i using (customer_id, invoice_id)) w
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and coalesce(r.state, '') = 'claimed' and r.claimed_at = w.claimed_at
    returning r.customer_id, r.invoice_id, r.step, r.state, r.reason, r.channel,
        coalesce(r.ladder_at, r.due_at) as ladder_at, r.message_no, r.place_no, r.scenario_id, r.version, r.step_no, r.occurrence, r.step_date,
        r.anchor_no, r.campaign_id, w.crossed_ms, w.due_minor, w.is_lead, w.gateway_id, w.text,
        w.kept, w.salt,
        -- The report may have been quicker than this record.
        w.state = 'failed' or (w.state in ('sent', 'uncertain')
            and coalesce(r.delivery, '') = 'undelivered') as has_failed,
        w.price_micro, w.sent_at > w.claimed_at - interval '1 day' as is_sent,
        case when w.sent_at > w.claimed_at - interval '1 day' then w.sent_at
            else $6::timestamptz end as sent_at
), next_place as (
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id, version,
        step_no, occurrence, step_date, anchor_no, campaign_id, channel_no, ladder_at)
    select f.customer_id, f.invoice_id, split_part(f.step, '+', 1) || '+' || f.place_no + 1,
        case when f.has_failed then $6::timestamptz
            else f.sent_at + make_interval(secs => s.wait_seconds[f.place_no + 1]) end,
        'scheduled', case when f.has_failed and f.state <> 'failed' then 'undelivered'
            else f.state end, f.scenario_id, f.version, f.step_no, f.occurrence, f.step_date,
        f.anchor_no, f.campaign_id, f.place_no + 1, f.ladder_at
    from finished f
    left join scenario_step s on s.scenario_id = f.scenario_id and s.version = f.version
        and s.step_no = f.step_no
    where f.state in ('failed', 'sent', 'uncertain')
        and (f.has_failed or s.unless[f.place_no + 1] <> '')
        and f.place_no + 1 < (select cardinality(p.places)
            from reminder_places(f.scenario_id, f.version, f.step_no, f.campaign_id) p)
        and (f.due_minor > 0) <> reminder_is_thanks(f.step)
        and (
            select 1 from reminder n
            where n.customer_id = f.customer_id and n.invoice_id = f.invoice_id
                and not reminder_is_thanks(n.step)
                and coalesce(n.ladder_at, n.due_at) > f.ladder_at and n.due_at <= $6::timestamptz
                and n.state in ('scheduled', 'claimed', 'sent', 'uncertain')
            limit 1) is null
    on conflict (customer_id, invoice_id, step) do nothing
    returning customer_id, invoice_id, step
), named as (
    insert into gateway_message (channel, gateway_id, customer_id, message_no)
    select f.channel, f.gateway_id, f.customer_id, f.message_no
    from finished f
    where f.is_lead and f.gateway_id <> '' and f.message_no is not null
    on conflict (channel, gateway_id) do nothing
), counted as (
    insert into sending_day as d (day, channel, message_count, price_micro)
    select ($6::timestamptz at time zone 'UTC')::date, f.channel,
        count(*) filter (where f.state in ('sent', 'uncertain') or f.is_sent), sum(f.price_micro)
    from finished f
    where f.is_lead and (f.state in ('sent', 'uncertain') or f.is_sent or f.price_micro <> 0)
        -- work for people is no message
        and f.channel not in ('call', 'handover')
    group by f.channel
    order by f.channel
    on conflict (day, channel) do update
    set message_count = d.message_count + excluded.message_count,
        price_micro = d.price_micro + excluded.price_micro
), told as materialized ( -- its facts are read twice
    select f.customer_id, f.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        'reminder.' || case f.state when 'scheduled' then 'given_back' else f.state end as kind,
        json_strip_nulls(json_build_object('step', f.step, 'channel', f.channel,
            'reason', f.reason, 'text', nullif(f.text, ''), 'crossed_ms', f.crossed_ms, 'next', (
                select n.step from next_place n
                where n.customer_id = f.customer_id and n.invoice_id = f.invoice_id)))::text as facts,
        f.kept, f.salt, sha256(f.salt || convert_to(f.kept, 'UTF8')) as kept_hash
    from finished f
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $6::timestamptz, t.kind, t.facts, t.kept_hash)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.kind, t.facts, t.kept_hash, t.prev_hash,
        i.chain_head
), logged as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, personal_hash, prev_hash,
        hash)
    select customer_id, invoice_id, event_no, $6::timestamptz, kind, facts, kept_hash, prev_hash,
        chain_head
    from headed
), kept as (
    insert into event_personal (customer_id, invoice_id, event_no, salt, data)
    select customer_id, invoice_id, event_no, salt, kept
    from told
    where kept is not null
)
select count(crossed_ms) as crossed_count, coalesce(sum(crossed_ms), 0)::bigint as crossed_ms,
    (select count(*) from next_place) as next_count
from finished;
