-- Reminders that somebody should look at: of unknown outcome, or refused for good.

-- name: trouble_list
-- The newest first, behind the one named. $1 state, $2 customer_id, $3 invoice_id, $4 step of the last
-- one seen (0, 0, '': none), $5 at most
-- items as JSON, how many, id of the last one
with last_seen as (
    select r.finished_at, r.customer_id, r.invoice_id, r.step
    from reminder r
    where r.customer_id = $2::bigint and r.invoice_id = $3::bigint and r.step = $4::text
), page as (
    select r.customer_id, r.invoice_id, r.step, r.channel, r.reason, r.claimed_at, r.finished_at
    from reminder r
    where r.state = $1::text and r.state in ('uncertain', 'failed') and r.finished_at is not null
        and ($2::bigint = 0 or (r.finished_at, r.customer_id, r.invoice_id, r.step)
            < (select l.finished_at, l.customer_id, l.invoice_id, l.step from last_seen l))
    order by r.finished_at desc, r.customer_id desc, r.invoice_id desc, r.step desc
    limit $5::bigint
)
select coalesce(json_agg(json_build_object(
        'invoice', p.customer_id || '-' || p.invoice_id, 'number', i.number,
        'customer', k.reference, 'step', p.step, 'channel', p.channel, 'reason', p.reason,
        'due_minor', i.due_minor, 'currency', i.currency,
        'claimed_at', to_char(p.claimed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'finished_at', to_char(p.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        order by p.finished_at desc, p.customer_id desc, p.invoice_id desc, p.step desc),
        '[]')::text as items,
    count(*) as item_count,
    (array_agg(p.customer_id || '-' || p.invoice_id || '-' || p.step
        order by p.finished_at, p.customer_id, p.invoice_id, p.step))[1] as last_id
from page p
join invoice i on i.customer_id = p.customer_id and i.invoice_id = p.invoice_id
join customer k on k.customer_id = p.customer_id;

