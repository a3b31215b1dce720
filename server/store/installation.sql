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
-- Lets some of the fictional customers prefer e-mail, so that each channel is seen: others have the
-- app (sandbox_push_give_phones), the rest get SMS.
update customer
set preferred_channel = 'email'
where preferred_channel is null and email is not null and customer_id % 5 = 2;

-- name: demo_links
-- Links of debts that can be paid now, those due next first. $1 today, $2 at most
select i.customer_id, i.link_no
from invoice i
where i.due_minor = i.amount_minor and i.link_no is not null
order by i.due_date < $1::date, i.due_date, i.invoice_id
limit $2::bigint;
