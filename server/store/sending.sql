-- What stops all sending, or some of it: the red switch, the payment feed, the day's volume.

-- name: sending_volume
-- A row for each channel of today (UTC), one at least. $1 now
-- messages of today, the most of any of the 14 days before, what is allowed for today or 0, whether
-- all is stopped, a channel or null, what it has spent today
select v.message_count, v.usual_max, v.allowance, v.is_stopped, c.channel, c.price_micro
from (
    select coalesce((
            select sum(d.message_count) from sending_day d
            where d.day = ($1::timestamptz at time zone 'UTC')::date), 0)::bigint as message_count,
        coalesce((
            select max(s.count)
            from (
                select sum(d.message_count) as count
                from sending_day d
                where d.day < ($1::timestamptz at time zone 'UTC')::date
                    and d.day >= ($1::timestamptz at time zone 'UTC')::date - 14
                group by d.day) s), 0)::bigint as usual_max,
        coalesce((
            select a.message_count from sending_allowance a
            where a.day = ($1::timestamptz at time zone 'UTC')::date), 0)::bigint as allowance,
        (select s.stopped_at is not null from sending s) as is_stopped) v
left join sending_day c on c.day = ($1::timestamptz at time zone 'UTC')::date;

-- name: sending_show
-- $1 now
-- stopped_at, stopped_by, stop_reason, feed_at, and as in sending_volume: today's messages, the most
-- of the 14 days before, today's allowance; how many of the last 7 days are uncertain
select s.stopped_at, s.stopped_by, s.stop_reason, s.feed_at, coalesce((
        select sum(d.message_count) from sending_day d
        where d.day = ($1::timestamptz at time zone 'UTC')::date), 0)::bigint as message_count,
    coalesce((
        select max(t.count)
        from (
            select sum(d.message_count) as count
            from sending_day d
            where d.day < ($1::timestamptz at time zone 'UTC')::date
                and d.day >= ($1::timestamptz at time zone 'UTC')::date - 14
            group by d.day) t), 0)::bigint as usual_max,
    coalesce((
        select a.message_count from sending_allowance a
        where a.day = ($1::timestamptz at time zone 'UTC')::date), 0)::bigint as allowance, (
        select count(*) from reminder r
        where r.state = 'uncertain' and r.finished_at > $1::timestamptz - interval '7 days')
        as uncertain_count
from sending s;

-- name: sending_stop
-- The first who stops is kept. $1 now, $2 who, $3 why
update sending
set stopped_at = $1::timestamptz, stopped_by = $2::text, stop_reason = $3::text
where stopped_at is null;

-- name: sending_go
-- $1 now
update sending
set went_at = case when stopped_at is null then went_at else $1::timestamptz end,
    stopped_at = null, stopped_by = null, stop_reason = null;

-- name: sending_allow
-- $1 now, $2 messages of today in all, $3 who
insert into sending_allowance (day, message_count, allowed_by, allowed_at)
values (($1::timestamptz at time zone 'UTC')::date, $2::bigint, $3::text, $1::timestamptz)
on conflict (day) do update
set message_count = excluded.message_count, allowed_by = excluded.allowed_by,
    allowed_at = excluded.allowed_at;

-- name: sending_feed
-- An older time does not take the place of a newer one. $1 payments up to here are known
update sending
set feed_at = $1::timestamptz
where feed_at is null or feed_at < $1::timestamptz;

-- name: sending_release
-- What waited for the feed that was told is looked at again: so many at a time, their customers
-- locked in order as by whoever moves reminders. $1 now, $2 as told to sending_feed, $3 at most
-- how many there were
with waiting as materialized (
    select r.customer_id, r.invoice_id, r.step
    from reminder r
    where r.state = 'scheduled' and r.reason = 'payment feed too old'
        and greatest(r.due_at, r.try_at) > $1::timestamptz
        and greatest(r.due_at, r.try_at) <= $1::timestamptz + interval '10 minutes'
        and r.due_at <= $1::timestamptz
        and (select s.feed_at from sending s) = $2::timestamptz
    order by greatest(r.due_at, r.try_at), r.customer_id, r.invoice_id, r.step
    limit $3::bigint
), locked as materialized (
    select k.customer_id
    from customer k
    where k.customer_id = any (array(select w.customer_id from waiting w))
    order by k.customer_id
    for no key update
), released as (
    update reminder r
    set try_at = $1::timestamptz
    from waiting w
    where (select count(*) from locked) > 0
        and r.customer_id = w.customer_id and r.invoice_id = w.invoice_id and r.step = w.step
        and r.state = 'scheduled'
)
select count(*) from waiting;

-- name: sending_wake
select pg_notify('dunlin_reminder', '');
