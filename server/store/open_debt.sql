-- All that one customer owes, as their pages show it.

-- name: open_debt_list
-- $1 customer_id, $2 now, $3 at most
-- What is late first. One without a live link has no page, and is not shown on this one either.
select
    i.invoice_id,
    i.number,
    i.kind,
    i.product,
    i.currency,
    i.due_minor,
    i.due_date,
    i.due_date - ($2::timestamptz at time zone i.payer_time_zone)::date as days_left,
    coalesce((
        select bit_or(case h.kind
            when 'plan' then 1 when 'promise' then 2 when 'dispute' then 4 else 8 end)
        from hold h
        where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id
            and h.released_at is null
            and (h.until is null or h.until > $2::timestamptz)), 0)::bigint as holds,
    exists (
        select from payment_allocation a
        join payment p using (customer_id, payment_no)
        where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id
            and p.state = 'pending'
    ) as is_in_hand
from invoice i
where i.customer_id = $1::bigint and i.link_no is not null and i.due_minor > 0
order by i.due_date, i.invoice_id
limit $3::bigint;
