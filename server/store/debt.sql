-- One debt as its customer's page and the rules need it, and the guard under which they change it.

-- name: debt_read
-- $1 customer_id, $2 link_no, $3 now, $4 payments started before this are no longer on their way
-- One row, none for a link that was never issued.
select
    l.state = 'revoked' as is_revoked,
    l.invoice_id,
    c.money_version,
    c.language,
    c.name,
    c.time_zone,
    coalesce(c.segment, 'on_time') as segment,
    i.number,
    i.kind,
    i.product,
    i.currency,
    i.account,
    i.amount_minor,
    i.due_minor,
    coalesce((
        select -sum(e.amount_minor)
        from ledger_entry e
        where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id
            and e.payment_no is not null), 0)::bigint as paid_minor,
    i.due_date,
    ($3::timestamptz at time zone c.time_zone)::date as today,
    i.entry_count,
    i.hold_count,
    i.help_count,
    coalesce(i.plan_no, 0) as plan_no,
    coalesce((
        select bit_or(case h.kind
            when 'plan' then 1 when 'promise' then 2 when 'dispute' then 4 else 8 end)
        from hold h
        where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id
            and h.released_at is null
            and (h.until is null or h.until > $3::timestamptz)), 0)::bigint as holds,
    exists (
        select from payment_allocation a
        join payment p using (customer_id, payment_no)
        where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id
            and (p.state = 'pending'
                or (p.state in ('created', 'started') and p.changed_at > $4::timestamptz))
    ) as is_in_flight
from paylink l
join customer c on c.customer_id = l.customer_id
join invoice i on i.customer_id = l.customer_id and i.invoice_id = l.invoice_id
where l.customer_id = $1::bigint and l.link_no = $2::bigint;

-- name: debt_guard
-- $1 customer_id, $2 money_version. Locks the customer and moves them on; DL001 when somebody else has
-- since they were read.
select money_guard(array[$1::bigint], array[$2::bigint]);
