-- Links: issued, shown, revoked, replaced. The code itself is never stored.

-- name: paylink_find_by_number
-- $1 invoice number. active_no is 0 when no link of the invoice is active, newest_no when it never
-- had one.
select
    i.customer_id,
    i.invoice_id,
    c.money_version,
    i.number,
    coalesce(i.link_no, 0)::bigint as active_no,
    coalesce((
        select max(l.link_no)
        from paylink l
        where l.customer_id = i.customer_id
            and l.invoice_id = i.invoice_id
    ), 0)::bigint as newest_no
from invoice_registry r
join customer c on c.customer_id = r.customer_id
join invoice i on i.customer_id = r.customer_id
    and i.invoice_id = r.invoice_id
where r.number = $1::text;

-- name: paylink_find_number
-- $1 customer_id, $2 link_no: the invoice behind a link.
select i.number
from paylink l
join invoice i on i.customer_id = l.customer_id
    and i.invoice_id = l.invoice_id
where l.customer_id = $1::bigint
    and l.link_no = $2::bigint;

-- name: paylink_guard
-- $1 customer_id, $2 money_version: an import may be giving this customer links at the same time.
select money_guard(array[$1::bigint], array[$2::bigint]);

-- name: paylink_revoke
-- $1 customer_id, $2 link_no, $3 now, $4 whether the next link of the customer takes its place.
with unlinked as (
    update invoice
    set link_no = null
    where customer_id = $1::bigint
        and link_no = $2::bigint
)
update paylink l
set state = 'revoked',
    revoked_at = $3::timestamptz,
    replaced_by = case when $4::boolean then (
        select c.link_count + 1
        from customer c
        where c.customer_id = l.customer_id
    ) end
where l.customer_id = $1::bigint
    and l.link_no = $2::bigint
    and l.state = 'active';

-- name: paylink_issue
-- $1 customer_id, $2 invoice_id, $3 now. Answers with the new link's number. Nobody is reminded of a
-- debt without a link, so the planner looks at it again.
with counted as (
    update customer
    set link_count = link_count + 1,
        changed_at = $3::timestamptz
    where customer_id = $1::bigint
    returning customer_id, link_count
), linked as (
    update invoice i
    set link_no = c.link_count,
        needs_plan = true
    from counted c
    where i.customer_id = $1::bigint
        and i.invoice_id = $2::bigint
)
insert into paylink (customer_id, link_no, invoice_id, state, created_at)
select customer_id, link_count, $2::bigint, 'active', $3::timestamptz
from counted
returning link_no, pg_notify('dunlin_plan', '') is null as is_planner_woken;
