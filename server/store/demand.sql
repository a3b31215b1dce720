-- Demands and their clocks, requests for restructuring, and the documents of both (migration 0085).

-- name: demand_read
-- What the sheet and whoever asks look at. $1 customer_id, $2 invoice_id. One row: the newest demand, the
-- newest request (nulls where there is none) with what was written and the reasons (null: nothing, or
-- erased), and the next request's number.
select d.demand_no, (d.sent_at at time zone k.time_zone)::date as sent_on, d.received_on, d.is_assumed,
    d.pay_by, d.request_by, d.due_minor, d.document_no,
    r.request_no, r.state, r.form_nonce, r.demand_no as of_demand,
    (r.requested_at at time zone k.time_zone)::date as requested_on, r.decide_by,
    (r.decided_at at time zone k.time_zone)::date as decided_on, w.data as written, a.data as reasons,
    r.document_no as request_document, r.decision_no as decision_document,
    coalesce(r.request_no, 0) + 1 as next_request_no
from customer k
left join lateral (
    select m.* from demand m
    where m.customer_id = k.customer_id and m.invoice_id = $2::bigint
    order by m.demand_no desc
    limit 1) d on true
left join lateral (
    select q.* from restructuring_request q
    where q.customer_id = k.customer_id and q.invoice_id = $2::bigint
    order by q.request_no desc
    limit 1) r on true
left join event_personal w on w.customer_id = k.customer_id and w.invoice_id = $2::bigint
    and w.event_no = r.asked_event
left join event_personal a on a.customer_id = k.customer_id and a.invoice_id = $2::bigint
    and a.event_no = r.decided_event
where k.customer_id = $1::bigint;

-- name: demand_note
-- Of reminders that were just recorded. $1 customer_id[], $2 invoice_id[], $3 step[], $4 received_on[],
-- $5 pay_by[], $6 request_by[], $7 now
select count(demand_note(w.customer_id, w.invoice_id, w.step, w.received_on, w.pay_by, w.request_by,
    $7::timestamptz))
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::date[], $5::date[], $6::date[])
    w (customer_id, invoice_id, step, received_on, pay_by, request_by);

-- name: demand_today
-- $1 customer_id, $2 now. The day where the customer is; no row for an unknown one.
select ($2::timestamptz at time zone k.time_zone)::date as today
from customer k where k.customer_id = $1::bigint;

-- name: demand_order
-- $1 customer_id, $2 invoice_id, $3 by whom, $4 the day it was sent (null: send it by a message now),
-- $5 received_on, $6 is that assumed, $7 pay_by, $8 request_by, $9 now
select o.verdict, o.made_no
from (select) one
left join customer k on k.customer_id = $1::bigint
cross join lateral demand_order($1::bigint, $2::bigint, $3::text,
    $4::date::timestamp at time zone k.time_zone, $5::date, $6::boolean, $7::date, $8::date,
    $9::timestamptz) o;

-- name: demand_ask
-- Behind the debt's guard. $1 customer_id, $2 invoice_id, $3 demand_no, $4 request_no, $5 form_nonce,
-- $6 language, $7 name of the page, $8 decide_by, $9 salt, $10 personal part, $11 now
select restructuring_ask($1::bigint, $2::bigint, $3::bigint::integer, $4::bigint::integer, $5::text,
    $6::text, page_version_named($7::text), $8::date, $9::bytea, $10::text, $11::timestamptz);

-- name: demand_decide
-- $1 customer_id, $2 invoice_id, $3 request_no, $4 'granted' or 'refused', $5 by whom, $6 salt,
-- $7 personal part, $8 now
select verdict, request_state
from restructuring_decide($1::bigint, $2::bigint, $3::bigint::integer, $4::text, $5::text, $6::bytea,
    $7::text, $8::timestamptz);

-- name: demand_list_requests
-- For the API. $1 state (null: any), $2 customer_id, $3 invoice_id and $4 request_no behind which to go on,
-- $5 how many, $6 now
select r.customer_id, r.invoice_id, r.request_no, r.state, r.demand_no, r.requested_at, r.decide_by,
    r.state = 'open' and r.decide_by < ($6::timestamptz at time zone k.time_zone)::date as is_overdue,
    r.decided_at, r.decided_by, w.data as written, a.data as reasons, r.document_no, r.decision_no,
    i.number, k.reference, i.currency, i.due_minor
from restructuring_request r
join invoice i using (customer_id, invoice_id)
join customer k using (customer_id)
left join event_personal w on w.customer_id = r.customer_id and w.invoice_id = r.invoice_id
    and w.event_no = r.asked_event
left join event_personal a on a.customer_id = r.customer_id and a.invoice_id = r.invoice_id
    and a.event_no = r.decided_event
where ($1::text is null or r.state = $1::text)
    and (r.customer_id, r.invoice_id, r.request_no) > ($2::bigint, $3::bigint, $4::bigint)
order by r.customer_id, r.invoice_id, r.request_no
limit $5::bigint;

-- name: demand_document
-- All documents of a debt, each with what it says. $1 customer_id, $2 invoice_id
-- document_no, kind, made_on; of a demand: due_minor, received_on, is_assumed, pay_by, request_by; of a
-- request: what was written (null: nothing, or erased), decide_by; of a decision: state, reasons
select o.document_no, o.kind, (o.made_at at time zone k.time_zone)::date as made_on,
    d.due_minor, d.received_on, d.is_assumed, d.pay_by, d.request_by, p.data as words, r.decide_by,
    r.state
from document o
join customer k using (customer_id)
left join demand d on o.kind = 'demand' and d.customer_id = o.customer_id
    and d.invoice_id = o.invoice_id and d.demand_no = o.of_no
left join restructuring_request r on o.kind <> 'demand' and r.customer_id = o.customer_id
    and r.invoice_id = o.invoice_id and r.request_no = o.of_no
left join event_personal p on p.customer_id = o.customer_id and p.invoice_id = o.invoice_id
    and p.event_no = case o.kind when 'request' then r.asked_event else r.decided_event end
where o.customer_id = $1::bigint and o.invoice_id = $2::bigint
order by o.document_no
limit 200;
