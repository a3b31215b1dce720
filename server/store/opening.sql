-- The app was opened from a push: the customer has answered.

-- name: opening_mark
-- After device_lock_customer. The first opening of a push and of the reminders of its message is kept,
-- and told in each invoice's chain; several devices may be shown the same reminder.
-- $1 the customer's reference, $2 push_id, $3 now
-- whether the customer has such a push, whether its reminder is opened by it
with p as (
    select p.customer_id, p.invoice_id, p.step, p.installation, p.opened_at
    from customer_registry r
    join push p using (customer_id)
    where r.reference = $1::text and p.push_id = $2::text::uuid
), seen as (
    update push
    set opened_at = $3::timestamptz
    from p
    where push.customer_id = p.customer_id and push.invoice_id = p.invoice_id
        and push.step = p.step and push.installation = p.installation and p.opened_at is null
), answered as (
    update reminder m
    set opened_at = $3::timestamptz,
        delivery = 'delivered',
        delivered_at = coalesce(m.delivered_at, $3::timestamptz)
    from (
        select p.customer_id, p.invoice_id, p.step, r.message_no
        from p
        join reminder r using (customer_id, invoice_id, step)) o
    where m.customer_id = o.customer_id
        and ((m.invoice_id = o.invoice_id and m.step = o.step) or m.message_no = o.message_no)
        and m.opened_at is null
    returning m.customer_id, m.invoice_id, m.step
), told as (
    select a.customer_id, a.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_build_object('step', min(a.step), 'channel', 'push')::text as facts
    from answered a
    join invoice i using (customer_id, invoice_id)
    group by a.customer_id, a.invoice_id, i.event_count, i.chain_head
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $3::timestamptz, 'reminder.opened', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
), saved as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $3::timestamptz, 'reminder.opened', facts, prev_hash,
        chain_head
    from headed
)
select exists (select from p), exists (select from answered);
