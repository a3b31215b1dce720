-- All that the pages of some links show, one row for each link there is. Every part is reached by a
-- key that begins with customer_id.
--
-- Most debts that somebody opens have only been imported and reminded of. Those are one look-up (the
-- payer's data stand on the invoice), and a statement that starts quickly; the columns of payments,
-- of what came in, of holds and of offers are not there. A debt with any of these, and a link that is not live,
-- gives no row here: it is read by page_read. Links come one or several at once, because starting a
-- statement over arrays costs the server as much as five links in it. `limit 1` keeps the planner from
-- joining the links in any other way than one by one, however small it believed the tables to be when
-- it planned.

-- name: page_read_fresh
-- $1 customer_id, $2 link_no, $3 now
select
    1::bigint as place,
    false as is_revoked,
    payer_language,
    payer_name,
    number,
    kind,
    product,
    currency,
    account,
    due_minor,
    due_date,
    due_date - ($3::timestamptz at time zone payer_time_zone)::date as days_left
from invoice
where customer_id = $1::bigint
    and link_no = $2::bigint
    and entry_count = 1
    and hold_count = 0
    and help_count = 0
    and not payer_has_payments;

-- name: page_read_several_fresh
-- $1 customer_id[], $2 link_no[], $3 now
select
    wanted.place,
    page.*
from unnest($1::bigint[], $2::bigint[]) with ordinality as wanted (customer_id, link_no, place)
cross join lateral (
    select
        false as is_revoked,
        invoice.payer_language,
        invoice.payer_name,
        invoice.number,
        invoice.kind,
        invoice.product,
        invoice.currency,
        invoice.account,
        invoice.due_minor,
        invoice.due_date,
        invoice.due_date - ($3::timestamptz at time zone invoice.payer_time_zone)::date as days_left
    from invoice
    where invoice.customer_id = wanted.customer_id
        and invoice.link_no = wanted.link_no
        and invoice.entry_count = 1
        and invoice.hold_count = 0
        and invoice.help_count = 0
        and not invoice.payer_has_payments
    limit 1
) page;

-- name: page_read
-- $1 customer_id[], $2 link_no[], $3 now
select
    wanted.place,
    page.*
from unnest($1::bigint[], $2::bigint[]) with ordinality as wanted (customer_id, link_no, place)
cross join lateral (
    select
        link.state = 'revoked' as is_revoked,
        customer.language,
        customer.name,
        invoice.number,
        invoice.kind,
        invoice.product,
        invoice.currency,
        invoice.account,
        invoice.due_minor,
        invoice.due_date,
        invoice.due_date - ($3::timestamptz at time zone customer.time_zone)::date as days_left,
        coalesce(case when invoice.entry_count > 1 then (
            select -sum(entry.amount_minor)
            from ledger_entry entry
            where entry.customer_id = invoice.customer_id
                and entry.invoice_id = invoice.invoice_id
                and entry.payment_no is not null
        ) end, 0)::bigint as paid_minor,
        (invoice.paid_at at time zone customer.time_zone)::date as paid_on,
        coalesce((
            select bit_or(case hold.kind
                when 'plan' then 1 when 'promise' then 2 when 'dispute' then 4 else 8 end)
            from hold
            where hold.customer_id = invoice.customer_id
                and hold.invoice_id = invoice.invoice_id
                and hold.released_at is null
                and (hold.until is null or hold.until > $3::timestamptz)
        ), 0)::bigint as holds,
        payment.state as payment_state,
        payment.method = 'blik' as is_blik,
        payment.reason,
        payment.provider_reference,
        payment.allocated_minor as payment_minor,
        payment.whole_minor,
        payment.created_at,
        payment.changed_at,
        payment.state = 'failed' and payment.ask_at is not null as is_asked_why,
        invoice.invoice_id,
        plan.state as plan_state,
        plan.answer_by,
        plan.part_count,
        plan.paid_count,
        plan.place,
        plan.part_due,
        plan.part_days_left,
        plan.part_minor,
        plan.late_minor,
        -- Told for two months.
        coalesce(case when invoice.help_count > 0 then (
            select dispute.answered_at > $3::timestamptz - interval '60 days'
            from dispute
            where dispute.customer_id = invoice.customer_id
                and dispute.invoice_id = invoice.invoice_id
            order by dispute.dispute_no desc
            limit 1
        ) end, false) as is_dispute_answered,
        case when invoice.offer_no is not null then (
            select o.valid_until
            from offer o
            where o.customer_id = invoice.customer_id
                and o.invoice_id = invoice.invoice_id
                and o.offer_no = invoice.offer_no
                and o.state = 'open'
                and o.over_at > $3::timestamptz
        ) end as offer_until,
        case when invoice.demand_no is not null then (
            select d.request_by
            from demand d
            where d.customer_id = invoice.customer_id
                and d.invoice_id = invoice.invoice_id
                and d.demand_no = invoice.demand_no
                and d.request_by >= ($3::timestamptz at time zone customer.time_zone)::date
                and not exists (
                    select from restructuring_request q
                    where q.customer_id = d.customer_id
                        and q.invoice_id = d.invoice_id
                        and q.demand_no = d.demand_no)
        ) end as demand_until
    from paylink link
    join customer on customer.customer_id = link.customer_id
    join invoice on invoice.customer_id = link.customer_id
        and invoice.invoice_id = link.invoice_id
    left join lateral (
        select p.state, p.method, p.reason, p.provider_reference,
            a.amount_minor as allocated_minor, p.amount_minor as whole_minor, p.created_at,
            p.changed_at, p.ask_at
        from payment_allocation a
        join payment p on p.customer_id = a.customer_id and p.payment_no = a.payment_no
        where customer.payment_count > 0
            and a.customer_id = invoice.customer_id
            and a.invoice_id = invoice.invoice_id
        order by p.state = 'pending' desc, p.payment_no desc
        limit 1
    ) payment on true
    -- No arguments, no rows: it is not called for a debt that never had a plan, nor part of this plan.
    left join lateral page_plan(case when invoice.help_count > 0 then invoice.customer_id end,
        invoice.invoice_id, $3::timestamptz) plan on true
    where link.customer_id = wanted.customer_id
        and link.link_no = wanted.link_no
    limit 1
) page;
