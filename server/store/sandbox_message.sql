-- The sandbox channel: what a phone and a mail inbox would have received.

-- name: sandbox_message_add
-- The same step of the same invoice again changes nothing. $1 customer_id, $2 invoice_id, $3 step,
-- $4 channel, $5 address, $6 title, $7 body, $8 at
insert into sandbox_message (customer_id, invoice_id, step, channel, address, title, body, at)
values ($1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::text, $8::timestamptz)
on conflict (customer_id, invoice_id, step) where service is null do nothing;

-- name: sandbox_message_newest
-- $1 customer_id or 0 for all, $2 channels, $3 at most, $4 only those with a smaller id, or 0
-- message_id, customer_id, invoice_id, step, channel, address, title, body, at, name, number, link_no,
-- service, collapse_id, link, replaced_at, opened_at
select m.message_id, m.customer_id, m.invoice_id, m.step, m.channel, m.address, m.title, m.body,
    m.at, k.name, i.number,
    i.link_no, m.service, m.collapse_id, m.link, m.replaced_at, m.opened_at
from sandbox_message m
join customer k using (customer_id)
left join invoice i on i.customer_id = m.customer_id and i.invoice_id = m.invoice_id
where ($1::bigint = 0 or m.customer_id = $1::bigint)
    and m.channel = any ($2::text[])
    and ($4::bigint = 0 or m.message_id < $4::bigint)
order by m.message_id desc
limit $3::bigint;
