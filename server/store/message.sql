-- News of messages that were handed to their channels: reports, bounces, openings. A transaction of
-- the statements below in this order; customers and invoices are locked as by all who move them.

-- name: message_lock_customer
-- By its number, or where $1 is 0 by the gateway's id. $1 customer_id, $2 channel, $3 gateway's id
select k.customer_id
from customer k
where k.customer_id = case when $1::bigint > 0 then $1::bigint else (
    select g.customer_id from gateway_message g
    where g.channel = $2::text and g.gateway_id = $3::text) end
for no key update;

-- name: message_lock_invoices
-- $1 customer_id, $2 channel, $3 gateway's id, $4 message_no
select i.customer_id, i.invoice_id
from (
    select $1::bigint as customer_id, $4::bigint as message_no
    where $1::bigint > 0
    union all
    select g.customer_id, g.message_no from gateway_message g
    where $1::bigint = 0 and g.channel = $2::text and g.gateway_id = $3::text) n
join reminder r on r.customer_id = n.customer_id and r.message_no = n.message_no
join invoice i on i.customer_id = r.customer_id and i.invoice_id = r.invoice_id
order by i.customer_id, i.invoice_id
for no key update of i;

-- name: message_note_early
-- Of a report that names its message by the gateway's id alone: whether that message may be one whose
-- sending is not recorded yet, so that it is to be told again. That is so while the id is unknown and
-- something is claimed by its channel since less than a minute, and for a minute from the first time
-- that it was asked for again. Looked at before the news are taken: what is recorded in between
-- is found by those. $1 channel, $2 gateway's id, $3 now
-- a row: it may be
with forgotten as (
    delete from early_report o
    using (
        select channel, gateway_id from early_report
        where first_at < $3::timestamptz - interval '1 hour'
        limit 100
        for update skip locked) f
    where o.channel = f.channel and o.gateway_id = f.gateway_id
), early as (
    select 1
    where not exists (
            select from gateway_message g
            where g.channel = $1::text and g.gateway_id = $2::text)
        and exists (
            select from reminder r
            where r.state = 'claimed' and r.channel = $1::text
                and r.claimed_at > $3::timestamptz - interval '1 minute')
)
insert into early_report as e (channel, gateway_id, first_at)
select $1::text, $2::text, $3::timestamptz
from early
on conflict (channel, gateway_id) do update
set first_at = e.first_at
where e.first_at > $3::timestamptz - interval '1 minute'
returning 1;

-- name: message_take
-- A weaker state never undoes a stronger one: sent, unknown, undelivered, delivered. What did not
-- arrive takes the next place of its cascade now, unless a newer step has come due since, or the
-- matter is settled. The address is marked when it is still the one that was written to; five soft
-- faults with nothing delivered between them are a dead one.
-- $1 customer_id, $2 channel, $3 gateway's id, $4 message_no, $5 'sent', 'unknown', 'undelivered',
-- 'delivered', $6 whether a person opened it, $7 reason or '', $8 'kept', 'soft', 'dead',
-- $9 when, $10 now
-- how many reminders the message has, how many took something new
with named as (
    select $1::bigint as customer_id, $4::bigint as message_no
    where $1::bigint > 0
    union all
    select g.customer_id, g.message_no from gateway_message g
    where $1::bigint = 0 and g.channel = $2::text and g.gateway_id = $3::text
), known as materialized (
    select r.customer_id, r.invoice_id, r.step, r.channel, r.address_hash,
        coalesce(array_position(array['sent', 'unknown', 'undelivered', 'delivered'], r.delivery), 0)
            < array_position(array['sent', 'unknown', 'undelivered', 'delivered'], $5::text)
            as is_stronger
    from named n
    join reminder r on r.customer_id = n.customer_id and r.message_no = n.message_no
), news as (
    update reminder r
    set delivery = case when k.is_stronger then $5::text else r.delivery end,
        delivered_at = case when k.is_stronger and $5::text = 'delivered' then $9::timestamptz
            else r.delivered_at end,
        opened_at = case when $6::boolean then coalesce(r.opened_at, $9::timestamptz)
            else r.opened_at end
    from known k
    where r.customer_id = k.customer_id and r.invoice_id = k.invoice_id and r.step = k.step
        and (k.is_stronger or ($6::boolean and r.opened_at is null))
    returning r.customer_id, r.invoice_id, r.step, r.state, r.channel,
        coalesce(r.ladder_at, r.due_at) as ladder_at, r.address_hash,
        r.place_no, r.scenario_id, r.version, r.step_no, r.occurrence, r.step_date, r.anchor_no,
        r.campaign_id
), next_place as (
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id, version,
        step_no, occurrence, step_date, anchor_no, campaign_id, channel_no, ladder_at)
    select n.customer_id, n.invoice_id, split_part(n.step, '+', 1) || '+' || n.place_no + 1,
        $10::timestamptz, 'scheduled', 'undelivered', n.scenario_id, n.version, n.step_no,
        n.occurrence, n.step_date, n.anchor_no, n.campaign_id, n.place_no + 1, n.ladder_at
    from news n
    join invoice i using (customer_id, invoice_id)
    where $5::text = 'undelivered' and n.state in ('sent', 'uncertain')
        and n.place_no + 1 < (select cardinality(p.places)
            from reminder_places(n.scenario_id, n.version, n.step_no, n.campaign_id) p)
        and (i.due_minor > 0) <> reminder_is_thanks(n.step)
        and not exists (
            select from reminder l
            where l.customer_id = n.customer_id and l.invoice_id = n.invoice_id
                and not reminder_is_thanks(l.step)
                and coalesce(l.ladder_at, l.due_at) > n.ladder_at and l.due_at <= $10::timestamptz
                and l.state in ('scheduled', 'claimed', 'sent', 'uncertain'))
    on conflict (customer_id, invoice_id, step) do update
    set due_at = excluded.due_at, try_at = null, reason = excluded.reason
    where reminder.state = 'scheduled' and reminder.due_at > excluded.due_at
    returning invoice_id
), woken as (
    select pg_notify('dunlin_reminder', '') from (select from next_place limit 1) n
), written_to as (
    select distinct k.customer_id, n.channel,
        case n.channel when 'email' then k.email else k.phone end as address
    from news n
    join customer k using (customer_id)
    where n.address_hash
        = hashtextextended(case n.channel when 'email' then k.email else k.phone end, 0)
), faulty as (
    insert into contact_fault as f (customer_id, channel, address, is_dead, soft_count, reason, at)
    select w.customer_id, w.channel, w.address, $8::text = 'dead', ($8::text = 'soft')::integer,
        $7::text, $10::timestamptz
    from written_to w
    where $8::text in ('soft', 'dead')
    on conflict (customer_id, channel) do update
    set address = excluded.address,
        is_dead = excluded.is_dead or (f.address = excluded.address
            and (f.is_dead or f.soft_count + excluded.soft_count >= 5)),
        soft_count = case when f.address = excluded.address then f.soft_count else 0 end
            + excluded.soft_count,
        reason = excluded.reason,
        at = excluded.at
), well as (
    delete from contact_fault f
    using written_to w
    where $5::text = 'delivered' and f.customer_id = w.customer_id and f.channel = w.channel
        and f.address = w.address
), told as (
    select n.customer_id, n.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_strip_nulls(json_build_object('step', min(n.step), 'channel', min(n.channel), 'reason',
            nullif($7::text, ''), 'at', $9::timestamptz, 'address', nullif($8::text, 'kept')))::text
            as facts
    from news n
    join invoice i using (customer_id, invoice_id)
    group by n.customer_id, n.invoice_id, i.event_count, i.chain_head
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $10::timestamptz, case when $6::boolean then 'reminder.opened' else case $5::text
                when 'sent' then 'reminder.sent_on' when 'unknown' then 'reminder.delivery_unknown'
                else 'reminder.' || $5::text end end, t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
), saved as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $10::timestamptz,
        case when $6::boolean then 'reminder.opened' else case $5::text
            when 'sent' then 'reminder.sent_on' when 'unknown' then 'reminder.delivery_unknown'
            else 'reminder.' || $5::text end end, facts, prev_hash, chain_head
    from headed
)
select (select count(*) from known) as known_count, (select count(*) from news) as new_count,
    (select count(*) from woken) as woken_count;
