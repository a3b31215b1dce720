-- What kind of installation a database belongs to. The demo refuses a live one, and the reverse.

-- name: installation_look
-- kind (null: not said yet), and whether there is any customer
select (select kind from installation), exists (select from customer) as has_customers;

-- name: installation_mark
-- The first to say so wins. $1 kind
insert into installation (kind)
values ($1::text)
on conflict do nothing;

-- name: demo_spread_channels
-- Lets some of the fictional customers prefer push or e-mail, so that each channel is seen.
update customer
set preferred_channel = case customer_id % 5
    when 0 then 'push'
    when 1 then 'push'
    when 2 then case when email is not null then 'email' end end
where preferred_channel is null
    and customer_id % 5 < 3;

-- name: demo_links
-- Links of debts that can be paid now, those due next first. $1 today, $2 at most
select i.customer_id, i.link_no
from invoice i
where i.due_minor = i.amount_minor and i.link_no is not null
order by i.due_date < $1::date, i.due_date, i.invoice_id
limit $2::bigint;
