-- How a person may be reached, as they or the creditor say; and that they were seen on their page.
-- Customers and invoices are locked as by all who move them, in the order of these statements.

-- name: contact_lock_customer
-- $1 customer_id, or 0, $2 then the creditor's reference
select k.customer_id
from customer k
where k.customer_id = case when $1::bigint > 0 then $1::bigint else (
    select r.customer_id from customer_registry r where r.reference = $2::text) end
for no key update;

-- name: contact_lock_invoices
-- Of whose chains are told of it: the link's own and those that share a message with it, or without a
-- link the open ones.
-- $1 customer_id, or 0, $2 reference, $3 link_no, or 0
select i.customer_id, i.invoice_id
from invoice i
where i.customer_id = case when $1::bigint > 0 then $1::bigint else (
        select r.customer_id from customer_registry r where r.reference = $2::text) end
    and case when $3::bigint > 0 then i.invoice_id in (
        select l.invoice_id from paylink l
        where l.customer_id = i.customer_id and l.link_no = $3::bigint
        union all
        select r.invoice_id
        from paylink l
        join reminder o on o.customer_id = l.customer_id and o.invoice_id = l.invoice_id
        join reminder r on r.customer_id = o.customer_id and r.message_no = o.message_no
        where l.customer_id = i.customer_id and l.link_no = $3::bigint
            and o.message_no is not null) else i.due_minor > 0 end
order by i.customer_id, i.invoice_id
limit 100
for no key update of i;

-- name: contact_change
-- The claim reads what stands here, so the next one honours it. An import that has read what stood
-- here before decides again, as with money. What is said here no file takes back.
-- $1 customer_id, or 0, $2 reference, $3 link_no, or 0, $4 channels opted out of, $5 opted in to,
-- $6 consented to, $7 wanted for notices only from now on (an opt-out stands), $8 whether $9 is
-- said, $9 preferred channel or null, $10 who says so, $11 now, $12 name of the page
-- whether there is such a customer and link, whether anything is new, the customer's language
with k as (
    select c.customer_id, c.language, c.opted_out, c.notices_only, c.consented, c.preferred_channel,
        c.opted_out_by_file,
        array(select unnest(c.opted_out) except select unnest($5::text[] || $6::text[])
            union select unnest($4::text[]) order by 1) as out_now,
        array(select unnest(c.notices_only)
                except select unnest($4::text[] || $5::text[] || $6::text[])
            union select unnest($7::text[]) order by 1) as notices_now,
        array(select unnest(c.consented) except select unnest($4::text[])
            union select unnest($6::text[]) order by 1) as consented_now,
        array(select unnest(c.opted_out_by_file)
            except select unnest($4::text[] || $5::text[] || $6::text[]) order by 1) as by_file_now,
        case when $8::boolean then $9::text else c.preferred_channel end as preferred_now
    from customer c
    where c.customer_id = case when $1::bigint > 0 then $1::bigint else (
            select r.customer_id from customer_registry r where r.reference = $2::text) end
        and ($3::bigint = 0 or exists (
            select from paylink l where l.customer_id = c.customer_id and l.link_no = $3::bigint))
), changed as (
    update customer c
    set opted_out = k.out_now, notices_only = k.notices_now, consented = k.consented_now,
        preferred_channel = k.preferred_now, opted_out_by_file = k.by_file_now,
        money_version = c.money_version + 1
    from k
    where c.customer_id = k.customer_id
        and (array(select unnest(k.opted_out) order by 1),
            array(select unnest(k.notices_only) order by 1),
            array(select unnest(k.consented) order by 1), k.preferred_channel,
            array(select unnest(k.opted_out_by_file) order by 1))
            is distinct from (k.out_now, k.notices_now, k.consented_now, k.preferred_now,
                k.by_file_now)
    returning c.customer_id, c.opted_out, c.notices_only, c.consented, c.preferred_channel
), told as (
    select i.customer_id, i.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_strip_nulls(json_build_object('opted_out', c.opted_out,
            'notices_only', c.notices_only, 'consented', c.consented,
            'preferred', c.preferred_channel, 'by', $10::text, 'page',
            page_version_named($12::text)))::text as facts
    from changed c
    join invoice i using (customer_id)
    where i.invoice_id in (
        select o.invoice_id from invoice o
        where o.customer_id = c.customer_id
            and case when $3::bigint > 0 then o.invoice_id in (
                select l.invoice_id from paylink l
                where l.customer_id = o.customer_id and l.link_no = $3::bigint)
                else o.due_minor > 0 end
        order by o.invoice_id
        limit 100)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $11::timestamptz, 'customer.channels', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
), saved as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $11::timestamptz, 'customer.channels', facts, prev_hash,
        chain_head
    from headed
)
select exists (select from k), exists (select from changed), coalesce((select language from k), '');

-- name: contact_read
-- $1 the creditor's reference
select c.preferred_channel, to_json(c.opted_out)::text, to_json(c.notices_only)::text,
    to_json(c.consented)::text,
    coalesce((
        select json_object_agg(f.channel, json_build_object('is_dead', f.is_dead, 'reason', f.reason,
            'at', f.at) order by f.channel)
        from contact_fault f
        where f.customer_id = c.customer_id), '{}')::text as faults
from customer_registry r
join customer c using (customer_id)
where r.reference = $1::text;

-- name: contact_seen
-- A person uses the page: the messages of the last week that led there were opened, and with them
-- whatever else they were about. Once an hour.
-- $1 customer_id, $2 '', $3 link_no, $4 now, $5 name of the page
-- how many reminders that answered
with debt as (
    select l.customer_id, l.invoice_id
    from paylink l
    where l.customer_id = $1::bigint and l.link_no = $3::bigint and $2::text = ''
        and not exists (
            select from reminder r
            where r.customer_id = l.customer_id and r.invoice_id = l.invoice_id
                and r.opened_at > $4::timestamptz - interval '1 hour')
), seen as (
    update reminder r
    set opened_at = $4::timestamptz
    from debt d
    where r.customer_id = d.customer_id
        and (r.invoice_id = d.invoice_id or r.message_no in (
            select o.message_no from reminder o
            where o.customer_id = d.customer_id and o.invoice_id = d.invoice_id
                and o.message_no is not null))
        and r.opened_at is null
        and r.state in ('sent', 'uncertain') and r.finished_at <= $4::timestamptz
        and r.finished_at > $4::timestamptz - interval '7 days'
    returning r.customer_id, r.invoice_id, r.step
), told as (
    select i.customer_id, i.invoice_id, i.event_count + 1 as event_no, i.chain_head as prev_hash,
        json_strip_nulls(json_build_object('steps', s.steps, 'by', 'page', 'page',
            page_version_named($5::text)))::text as facts
    from (
        select customer_id, invoice_id, json_agg(step order by step) as steps
        from seen group by 1, 2) s
    join invoice i using (customer_id, invoice_id)
), headed as (
    update invoice i
    set event_count = t.event_no,
        chain_head = event_hash(t.prev_hash, t.customer_id, t.invoice_id, t.event_no,
            $4::timestamptz, 'reminder.opened', t.facts, null)
    from told t
    where i.customer_id = t.customer_id and i.invoice_id = t.invoice_id
    returning i.customer_id, i.invoice_id, t.event_no, t.facts, t.prev_hash, i.chain_head
), saved as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select customer_id, invoice_id, event_no, $4::timestamptz, 'reminder.opened', facts, prev_hash,
        chain_head
    from headed
)
select count(*) from seen;

-- name: contact_look
-- What the sheet of wishes shows. $1 customer_id, $2 invoice_id, $3 now
select
    extract(epoch from ($3::timestamptz at time zone c.time_zone)::time)::bigint as second_of_day,
    coalesce(c.preferred_channel, ''),
    array_to_string(c.opted_out, ' '),
    array_to_string(c.notices_only, ' '),
    coalesce(c.phone, '') <> '' as has_phone,
    coalesce((
        select w.text
        from work_item w
        where w.customer_id = c.customer_id and w.invoice_id = $2::bigint
            and w.list = 'call' and w.reason = 'asked by customer' and w.state in ('open', 'taken')
        limit 1), '')
from customer c
where c.customer_id = $1::bigint;

-- name: contact_keep_language
-- The customer's own choice; later files do not change it. $1 customer_id, $2 invoice_id, $3 language,
-- $4 now, $5 name of the page
with changed as (
    update customer
    set language = $3::text, language_is_own = true
    where customer_id = $1::bigint
        and (language, language_is_own) is distinct from ($3::text, true)
    returning customer_id
)
select event_add(customer_id, $2::bigint, $4::timestamptz, 'contact.changed',
    json_build_object('language', $3::text, 'by', 'link', 'page', page_version_named($5::text)))
from changed;

-- name: contact_ask_call
-- Once while one is open. $1 customer_id, $2 invoice_id, $3 when, for whoever calls, $4 now,
-- $5 name of the page
with added as (
    insert into work_item (customer_id, invoice_id, step, list, queue, state, reason, text,
        created_at, changed_at)
    select c.customer_id, $2::bigint, 'asked_' || (
            select count(*) + 1
            from work_item w
            where w.customer_id = c.customer_id and w.invoice_id = $2::bigint
                and w.reason = 'asked by customer'),
        'call', coalesce(c.segment, 'on_time'), 'open', 'asked by customer', $3::text,
        $4::timestamptz, $4::timestamptz
    from customer c
    where c.customer_id = $1::bigint and not exists (
        select from work_item w
        where w.customer_id = c.customer_id and w.invoice_id = $2::bigint
            and w.list = 'call' and w.reason = 'asked by customer' and w.state in ('open', 'taken'))
    returning customer_id, invoice_id, step
)
select event_add(customer_id, invoice_id, $4::timestamptz, 'call.asked',
    json_build_object('step', step, 'when', $3::text, 'by', 'link', 'page',
        page_version_named($5::text)))
from added;
