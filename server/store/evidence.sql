-- All that is kept of one debt, for a court or an auditor: one statement, so one moment for all of it.

-- name: evidence_collect
-- $1 customer_id and $2 invoice_id, or both 0 and $3 number; $4 now. No row when there is no such
-- invoice. Each column is JSON and a part of the export under its own name, in this order: what is to
-- be in the export is a column here (and a section of the paper, flow of app/evidence_paper.c). Times
-- are UTC, but that of an event is in microseconds too, as it was hashed.
with named as (
    select i.customer_id, i.invoice_id
    from invoice i
    where i.customer_id = $1::bigint and i.invoice_id = $2::bigint
    union all
    select r.customer_id, r.invoice_id
    from invoice_registry r
    where $1::bigint = 0 and r.number = $3::text
), debt as materialized (
    select i.*, k.reference, k.name
    from named n
    join invoice i using (customer_id, invoice_id)
    join customer k using (customer_id)
), chain as materialized (
    select e.event_no, e.position, e.at, e.kind, e.facts, e.facts::json as facts_json, e.personal_hash,
        e.prev_hash, e.hash, p.salt, p.data
    from debt d
    join event e using (customer_id, invoice_id)
    left join event_personal p using (customer_id, invoice_id, event_no)
), anchored as (
    -- The newest event that an anchor covers, and that anchor.
    select c.event_no, c.position, a.anchor_no, a.at, a.last_position, a.event_count, a.prev_hash, a.hash,
        a.block_events, coalesce((
            select b.last_position from chain_anchor b where b.anchor_no = a.anchor_no - 1), 0)
            as first_position
    from chain c
    cross join lateral (
        select o.anchor_no, o.at, o.last_position, o.event_count, o.prev_hash, o.hash, o.block_events
        from chain_anchor o
        where o.last_position >= c.position
        order by o.anchor_no
        limit 1) a
    order by c.event_no desc
    limit 1
), covered as materialized (
    select e.position, e.hash, case when a.block_events = 0 then 0
        else (row_number() over (order by e.position) - 1) / a.block_events end as block_no
    from anchored a
    join event e on e.position > a.first_position and e.position <= a.last_position
)
select
    json_build_object('customer_id', d.customer_id, 'invoice_id', d.invoice_id, 'number', d.number,
        'kind', d.kind, 'product', d.product, 'currency', d.currency,
        'amount_minor', d.amount_minor, 'due_minor', d.due_minor, 'issue_date', d.issue_date,
        'due_date', d.due_date, 'account', d.account, 'paid_at', evidence_time(d.paid_at),
        'event_count', d.event_count, 'chain_head', encode(d.chain_head, 'hex'))::text as debt,
    json_build_object('reference', d.reference, 'name', d.name, 'language', d.payer_language,
        'time_zone', d.payer_time_zone)::text as customer,
    (select coalesce(json_agg(json_build_object(
            'no', e.entry_no, 'at', evidence_time(e.at), 'kind', e.kind,
            'amount_minor', e.amount_minor, 'balance_minor', e.balance_minor,
            'currency', e.currency, 'payment', e.payment_no,
            'reference', nullif(e.source_reference, ''), 'reason', e.reason)
            order by e.entry_no), '[]')
        from (
            select l.*, sum(l.amount_minor) over (order by l.entry_no)::bigint as balance_minor
            from ledger_entry l
            where l.customer_id = d.customer_id and l.invoice_id = d.invoice_id) e)::text as ledger,
    (select coalesce(json_agg(json_build_object(
            'no', p.payment_no, 'provider', p.provider, 'method', p.method, 'state', p.state,
            'reason', p.reason, 'amount_minor', a.amount_minor, 'currency', p.currency,
            'paid_minor', p.paid_minor, 'refunded_minor', p.refunded_minor,
            'charged_back_minor', p.charged_back_minor,
            'provider_reference', p.provider_reference,
            'created_at', evidence_time(p.created_at), 'changed_at', evidence_time(p.changed_at))
            order by p.payment_no), '[]')
        from payment_allocation a
        join payment p using (customer_id, payment_no)
        where a.customer_id = d.customer_id and a.invoice_id = d.invoice_id)::text as payments,
    (select coalesce(json_agg(json_build_object(
            'payment', r.payment_no, 'no', r.refund_no, 'amount_minor', r.amount_minor,
            'currency', r.currency, 'reason', r.reason, 'state', r.state,
            'state_reason', r.state_reason, 'created_at', evidence_time(r.created_at),
            'changed_at', evidence_time(r.changed_at))
            order by r.payment_no, r.refund_no), '[]')
        from refund r
        where r.customer_id = d.customer_id and r.invoice_id = d.invoice_id)::text as refunds,
    (select coalesce(json_agg(json_build_object(
            'step', r.step, 'state', r.state, 'reason', r.reason, 'channel', r.channel,
            'due_at', evidence_time(r.due_at), 'finished_at', evidence_time(r.finished_at),
            'delivery', r.delivery, 'delivered_at', evidence_time(r.delivered_at),
            'opened_at', evidence_time(r.opened_at), 'parts', r.parts, 'events', (
                select json_agg(c.event_no order by c.event_no)
                from chain c
                where c.personal_hash is not null and c.facts_json ->> 'step' = r.step))
            order by r.due_at, r.step), '[]')
        from reminder r
        where r.customer_id = d.customer_id and r.invoice_id = d.invoice_id)::text as reminders,
    (select coalesce(json_agg(json_build_object(
            'step', p.step, 'installation', p.installation, 'state', p.state, 'reason', p.reason,
            'attempts', p.attempts, 'claimed_at', evidence_time(p.claimed_at),
            'finished_at', evidence_time(p.finished_at), 'opened_at', evidence_time(p.opened_at))
            order by p.claimed_at, p.installation), '[]')
        from push p
        where p.customer_id = d.customer_id and p.invoice_id = d.invoice_id)::text as pushes,
    (select coalesce(json_agg(json_build_object(
            'no', h.hold_no, 'kind', h.kind, 'reason', h.reason, 'until', evidence_time(h.until),
            'created_at', evidence_time(h.created_at), 'released_at', evidence_time(h.released_at))
            order by h.hold_no), '[]')
        from hold h
        where h.customer_id = d.customer_id and h.invoice_id = d.invoice_id)::text as holds,
    (select coalesce(json_agg(json_build_object(
            'no', p.plan_no, 'state', p.state, 'policy', p.policy, 'offer', p.offer_no,
            'debt_minor', p.debt_minor, 'fee_minor', p.fee_minor,
            'interest_minor', p.interest_minor, 'forgiven_minor', p.forgiven_minor,
            'part_count', p.part_count, 'terms', p.terms_version, 'page', p.page,
            'asked_at', evidence_time(p.asked_at), 'decided_at', evidence_time(p.decided_at),
            'decided_by', p.decided_by, 'reason', p.reason, 'ended_at', evidence_time(p.ended_at))
            order by p.plan_no), '[]')
        from plan p
        where p.customer_id = d.customer_id and p.invoice_id = d.invoice_id)::text as plans,
    (select coalesce(json_agg(json_build_object(
            'no', n.part_no, 'plan', n.plan_no, 'due_date', n.due_date,
            'agreed_minor', n.agreed_minor, 'amount_minor', n.amount_minor,
            'paid_at', evidence_time(n.paid_at), 'missed_at', evidence_time(n.missed_at))
            order by n.part_no), '[]')
        from instalment n
        where n.customer_id = d.customer_id and n.invoice_id = d.invoice_id)::text as instalments,
    (select coalesce(json_agg(json_build_object(
            'no', o.offer_no, 'state', o.state, 'kind', o.kind, 'rule', o.rule, 'by', o.made_by,
            'made_at', evidence_time(o.made_at), 'opened_at', evidence_time(o.opened_at),
            'decided_by', o.decided_by, 'decided_at', evidence_time(o.decided_at),
            'valid_until', o.valid_until, 'debt_minor', o.debt_minor,
            'forgiven_minor', o.forgiven_minor, 'interest_minor', o.interest_minor,
            'interest_hundredths', o.interest_hundredths, 'total_minor', offer_sum(o.amounts),
            'parts', (
                select json_agg(json_build_object('due_date', p.due_date,
                    'amount_minor', p.amount_minor) order by p.n)
                from unnest(o.due_dates, o.amounts) with ordinality p (due_date, amount_minor, n)),
            'terms', o.terms_version, 'page', o.page,
            'answered_at', evidence_time(o.answered_at), 'decline_reason', o.decline_reason,
            'counter_minor', o.counter_minor, 'counter_from', o.counter_from, 'plan', o.plan_no,
            'ended_at', evidence_time(o.ended_at), 'reason', o.reason)
            order by o.offer_no), '[]')
        from offer o
        where o.customer_id = d.customer_id and o.invoice_id = d.invoice_id)::text as offers,
    (select coalesce(json_agg(json_build_object(
            'no', m.demand_no, 'step', m.step, 'by', m.by_whom, 'sent_at', evidence_time(m.sent_at),
            'received_on', m.received_on, 'is_assumed', m.is_assumed, 'pay_by', m.pay_by,
            'request_by', m.request_by, 'due_minor', m.due_minor, 'document', m.document_no)
            order by m.demand_no), '[]')
        from demand m
        where m.customer_id = d.customer_id and m.invoice_id = d.invoice_id)::text as demands,
    (select coalesce(json_agg(json_build_object(
            'no', q.request_no, 'state', q.state, 'demand', q.demand_no,
            'requested_at', evidence_time(q.requested_at), 'asked_event', q.asked_event, 'text', (
                select c.data::json ->> 'text' from chain c where c.event_no = q.asked_event),
            'page', q.page, 'document', q.document_no, 'decide_by', q.decide_by,
            'decided_at', evidence_time(q.decided_at), 'decided_by', q.decided_by,
            'decided_event', q.decided_event, 'reasons', (
                select c.data::json ->> 'text' from chain c where c.event_no = q.decided_event),
            'decision_document', q.decision_no)
            order by q.request_no), '[]')
        from restructuring_request q
        where q.customer_id = d.customer_id and q.invoice_id = d.invoice_id)::text
        as restructuring_requests,
    (select coalesce(json_agg(json_build_object(
            'no', p.promise_no, 'state', p.state, 'by', p.given_by,
            'given_at', evidence_time(p.given_at), 'promised_on', p.promised_on,
            'until', evidence_time(p.until), 'amount_minor', p.amount_minor,
            'decided_at', evidence_time(p.decided_at))
            order by p.promise_no), '[]')
        from promise p
        where p.customer_id = d.customer_id and p.invoice_id = d.invoice_id)::text as promises,
    (select coalesce(json_agg(json_build_object(
            'no', s.dispute_no, 'state', s.state, 'reason', s.reason,
            'opened_at', evidence_time(s.opened_at), 'opened_event', s.opened_event, 'text', (
                select c.data::json ->> 'text' from chain c where c.event_no = s.opened_event),
            'answer_by', s.answer_by, 'answered_at', evidence_time(s.answered_at),
            'answered_by', s.answered_by, 'answered_event', s.answered_event, 'answer', (
                select c.data::json ->> 'text' from chain c where c.event_no = s.answered_event),
            'ended_at', evidence_time(s.ended_at), 'proofs', (
                select coalesce(json_agg(json_build_object('no', f.proof_no, 'kind', f.kind,
                    'bytes', f.bytes, 'sha256', encode(f.sha256, 'hex'),
                    'uploaded_at', evidence_time(f.uploaded_at)) order by f.proof_no), '[]')
                from proof f
                where f.customer_id = s.customer_id and f.invoice_id = s.invoice_id
                    and f.dispute_no = s.dispute_no))
            order by s.dispute_no), '[]')
        from dispute s
        where s.customer_id = d.customer_id and s.invoice_id = d.invoice_id)::text as disputes,
    (select coalesce(json_agg(json_build_object(
            'stars', r.stars, 'at', evidence_time(r.at), 'word', (
                select c.data::json ->> 'word' from chain c where c.kind = 'rating.given'
                order by c.event_no desc limit 1))), '[]')
        from rating r
        where r.customer_id = d.customer_id and r.invoice_id = d.invoice_id)::text as ratings,
    (select coalesce(json_agg(json_build_object(
            'version', t.version, 'language', t.language, 'text', t.text,
            'first_used_at', evidence_time(t.first_used_at))
            order by t.first_used_at, t.version), '[]')
        from terms t
        where t.version in (
            select c.facts_json ->> 'terms' from chain c
            union
            select p.terms_version
            from plan p
            where p.customer_id = d.customer_id and p.invoice_id = d.invoice_id
            union
            select o.terms_version
            from offer o
            where o.customer_id = d.customer_id and o.invoice_id = d.invoice_id))::text as terms,
    (select coalesce(json_agg(json_build_object(
            'version', v.version, 'language', v.language, 'text', v.text,
            'first_seen_at', evidence_time(v.first_seen_at))
            order by v.first_seen_at, v.version), '[]')
        from page_version v
        where v.version in (select c.facts_json ->> 'page' from chain c))::text as pages,
    (select coalesce(json_agg(json_build_object(
            'no', c.event_no, 'at', evidence_time(c.at),
            'at_us', (extract(epoch from c.at) * 1000000)::bigint, 'kind', c.kind,
            'facts', c.facts, 'personal', c.data, 'salt', encode(c.salt, 'hex'),
            'personal_hash', encode(c.personal_hash, 'hex'),
            'prev_hash', encode(c.prev_hash, 'hex'), 'hash', encode(c.hash, 'hex'))
            order by c.event_no), '[]')
        from chain c)::text as events,
    coalesce((select json_build_object(
            'event_no', a.event_no, 'anchor_no', a.anchor_no, 'at', evidence_time(a.at),
            'last_position', a.last_position, 'event_count', a.event_count,
            'prev_hash', encode(a.prev_hash, 'hex'), 'hash', encode(a.hash, 'hex'),
            'block_events', a.block_events, 'block_no', o.block_no,
            'block', (
                select json_agg(encode(v.hash, 'hex') order by v.position)
                from covered v
                where v.block_no = o.block_no),
            'blocks', case when a.block_events > 0 then (
                select json_agg(encode(b.digest, 'hex') order by b.block_no)
                from (
                    select v.block_no, sha256(string_agg(v.hash, '\x'::bytea order by v.position))
                        as digest
                    from covered v
                    group by v.block_no) b) end)
        from anchored a
        join covered o on o.position = a.position), 'null')::text as anchor,
    to_json(evidence_time($4::timestamptz))::text as made_at
from debt d;
