-- What the creditor's systems ask about a customer.

-- name: customer_show
-- $1 reference
-- reference, name, language, time_zone, has_phone, has_email, preferred_channel, segment (null: not
-- computed yet), segment_facts, segment_at, and as JSON texts: opted_out, notices_only, consented,
-- faults of addresses, open debts (the next due first, 200 at most)
select k.reference, k.name, k.language, k.time_zone, k.phone is not null, k.email is not null,
    k.preferred_channel, k.segment, k.segment_facts, k.segment_at,
    to_json(k.opted_out)::text as opted_out,
    to_json(k.notices_only)::text as notices_only, to_json(k.consented)::text as consented,
    (select coalesce(json_agg(json_build_object(
            'channel', f.channel, 'dead', f.is_dead, 'reason', f.reason,
            'at', to_char(f.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            order by f.channel), '[]')::text
        from contact_fault f
        where f.customer_id = k.customer_id) as faults,
    (select coalesce(json_agg(json_build_object(
            'id', d.customer_id || '-' || d.invoice_id, 'number', d.number, 'kind', d.kind,
            'product', d.product, 'currency', d.currency, 'due_minor', d.due_minor,
            'due_date', d.due_date)
            order by d.due_date, d.invoice_id), '[]')::text
        from (select i.customer_id, i.invoice_id, i.number, i.kind, i.product, i.currency,
                i.due_minor, i.due_date
            from invoice i
            where i.customer_id = k.customer_id and i.due_minor > 0
            order by i.due_date, i.invoice_id
            limit 200) d) as debts
from customer_registry g
join customer k using (customer_id)
where g.reference = $1::text;
