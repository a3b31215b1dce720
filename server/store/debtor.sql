-- What the demo's overview shows of each debt, and its wake-up call.

-- name: debtor_list
-- $1 words to look for in name, number or reference ('' any), $2 state ('' any), $3 now,
-- $4 payments started before this are no longer under way, $5 at most
-- customer_id, invoice_id, name, reference, number, product, currency, amount_minor, due_minor,
-- due_date, language, link_no, state, last_step, last_at, next_step, next_at, segment, segment_facts.
-- What was over before it came here is left out.
select d.customer_id, d.invoice_id, d.name, d.reference, d.number, d.product, d.currency,
    d.amount_minor, d.due_minor, d.due_date, d.language, d.link_no, d.state,
    last.step as last_step, last.at as last_at, next.step as next_step, next.due_at as next_at,
    d.segment, d.segment_facts
from (
    select i.customer_id, i.invoice_id, k.name, k.reference, i.number, i.product, i.currency,
        i.amount_minor, i.due_minor, i.due_date, k.language, i.changed_at,
        i.link_no, k.segment, k.segment_facts,
        case
            when i.due_minor < 0 then 'overpaid'
            when i.due_minor = 0 then 'paid'
            when exists (
                select from payment_allocation a
                join payment p using (customer_id, payment_no)
                where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id
                    and (p.state = 'pending'
                        or (p.state in ('created', 'started') and p.changed_at > $4::timestamptz)))
                then 'processing'
            when exists (
                select from hold h
                where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id
                    and h.released_at is null and (h.until is null or h.until > $3::timestamptz))
                then 'held'
            when i.due_minor < i.amount_minor then 'part_paid'
            when i.due_date < ($3::timestamptz at time zone k.time_zone)::date then 'overdue'
            else 'due'
        end as state
    from invoice i
    join customer k using (customer_id)
    where (i.link_no is not null or i.due_minor > 0)
        and ($1::text = '' or k.name ilike '%' || $1::text || '%'
            or i.number ilike '%' || $1::text || '%' or k.reference ilike '%' || $1::text || '%')
) d
left join lateral (
    select m.step, m.at from sandbox_message m
    where m.customer_id = d.customer_id and m.invoice_id = d.invoice_id
    order by m.message_id desc limit 1) last on true
left join lateral (
    select r.step, r.due_at from reminder r
    where r.customer_id = d.customer_id and r.invoice_id = d.invoice_id and r.state = 'scheduled'
    order by r.due_at limit 1) next on true
where $2::text = '' or d.state = $2::text
order by d.changed_at desc, abs(d.due_date - ($3::timestamptz at time zone 'UTC')::date), d.invoice_id
limit $5::bigint;

-- name: debtor_summary
-- $1 now. Customer and invoice counts, paid invoices, what is left, messages, when the next reminder
-- is due that is not held back; since when all is stopped, and by whom; customers who pay on time,
-- sometimes late, chronically late; open calls, cases handed over, reminders put off, reminders
-- that are due and have not gone. What was over
-- before it came here is left out.
select
    (select count(*) from customer) as customer_count,
    count(*) as invoice_count,
    count(*) filter (where i.due_minor <= 0) as paid_count,
    coalesce(sum(i.due_minor) filter (where i.due_minor > 0), 0)::bigint as due_minor,
    (select coalesce(max(message_id), 0) from sandbox_message)::bigint as message_count,
    (select min(greatest(due_at, try_at)) from reminder
        where state = 'scheduled' and greatest(due_at, try_at) > $1::timestamptz) as next_at,
    (select stopped_at from sending) as stopped_at,
    (select stopped_by from sending) as stopped_by,
    (select count(*) from customer where coalesce(segment, 'on_time') = 'on_time') as on_time_count,
    (select count(*) from customer where segment = 'sometimes_late') as sometimes_count,
    (select count(*) from customer where segment = 'chronically_late') as chronically_count,
    (select count(*) from work_item w join invoice o using (customer_id, invoice_id)
        where w.list = 'call' and w.state in ('open', 'taken') and o.due_minor > 0) as call_count,
    (select count(*) from work_item w join invoice o using (customer_id, invoice_id)
        where w.list = 'handover' and w.state in ('open', 'taken') and o.due_minor > 0)
        as handover_count,
    (select count(*) from reminder
        where state = 'scheduled' and try_at > $1::timestamptz
            and reason in ('quiet hours', 'contact budget', 'payment feed too old')) as put_off_count,
    (select count(*) from reminder r join invoice o using (customer_id, invoice_id)
        where r.state = 'scheduled' and greatest(r.due_at, r.try_at) <= $1::timestamptz
            and (o.due_minor > 0) <> reminder_is_thanks(r.step)) as waiting_count
from invoice i
where i.link_no is not null or i.due_minor > 0;

-- name: debtor_ladder
-- The steps of one debt and its messages, for "what happens next". $1 customer_id, $2 invoice_id
-- step, due_at, state, reason, channel, finished_at; when it is tried again, when it was opened, what
-- its channel heard of it, how many other debts its message was about, which place of the cascade it
-- went by or is to begin at, the cascade as JSON, tone
select r.step, r.due_at, r.state, r.reason, coalesce(r.channel, '') as channel, r.finished_at,
    r.try_at, r.opened_at, r.delivery,
    (
        select count(*) from reminder o
        where o.customer_id = r.customer_id and o.message_no = r.message_no
            and o.invoice_id <> r.invoice_id) as other_count,
    coalesce(r.place_no, r.channel_no) as place_no,
    (
        select json_agg(json_strip_nulls(json_build_object('channel', p.channel,
            'after_seconds', case when p.n > 1 then nullif(s.wait_seconds[p.n - 1], 0) end,
            'unless', case when p.n > 1 then nullif(s.unless[p.n - 1], '') end)) order by p.n)
        from unnest(s.channels) with ordinality p (channel, n))::text as cascade,
    s.tone
from reminder r
left join scenario_step s on s.scenario_id = r.scenario_id and s.version = r.version
    and s.step_no = r.step_no
where r.customer_id = $1::bigint and r.invoice_id = $2::bigint
order by r.due_at, r.step;

-- name: debtor_wake
-- $1 the channel to notify
select pg_notify($1::text, '');

-- name: debtor_agreements
-- $1 customer_id, $2 invoice_id. What its customer and the creditor agreed or wait for, as JSON lists in
-- the order in which they came: plans with their parts, promises, disputes, offers, demands, requests.
select
    (select json_agg(json_build_object('no', p.plan_no, 'state', p.state, 'offer', p.offer_no,
            'at', p.asked_at, 'ended_at', p.ended_at, 'parts', (
                select json_agg(json_build_object('no', n.part_no - p.first_part_no + 1,
                    'due_date', n.due_date, 'amount_minor', n.amount_minor,
                    'left_minor', l.left_minor, 'is_paid', n.paid_at is not null,
                    'is_missed', n.missed_at is not null) order by n.part_no)
                from instalment n
                left join plan_parts($1::bigint, $2::bigint) l using (part_no)
                where n.customer_id = p.customer_id and n.invoice_id = p.invoice_id
                    and n.plan_no = p.plan_no)) order by p.plan_no)
        from plan p where p.customer_id = $1::bigint and p.invoice_id = $2::bigint) as plans,
    (select json_agg(json_build_object('no', p.promise_no, 'state', p.state, 'at', p.given_at,
            'promised_on', p.promised_on, 'amount_minor', p.amount_minor) order by p.promise_no)
        from promise p
        where p.customer_id = $1::bigint and p.invoice_id = $2::bigint) as promises,
    (select json_agg(json_build_object('no', d.dispute_no, 'state', d.state, 'at', d.opened_at,
            'reason', d.reason, 'answer_by', d.answer_by) order by d.dispute_no)
        from dispute d
        where d.customer_id = $1::bigint and d.invoice_id = $2::bigint) as disputes,
    (select json_agg(json_build_object('no', o.offer_no, 'state', o.state, 'at', o.made_at,
            'kind', o.kind, 'valid_until', o.valid_until, 'parts', cardinality(o.amounts),
            'total_minor', offer_sum(o.amounts)) order by o.offer_no)
        from offer o where o.customer_id = $1::bigint and o.invoice_id = $2::bigint) as offers,
    (select json_agg(json_build_object('no', d.demand_no, 'at', d.sent_at,
            'pay_by', d.pay_by) order by d.demand_no)
        from demand d where d.customer_id = $1::bigint and d.invoice_id = $2::bigint) as demands,
    (select json_agg(json_build_object('no', r.request_no, 'state', r.state, 'at', r.requested_at,
            'decide_by', r.decide_by) order by r.request_no)
        from restructuring_request r
        where r.customer_id = $1::bigint and r.invoice_id = $2::bigint) as requests;

-- name: debtor_waiting
-- $1 at most. What waits for the creditor, first what is to be answered first: plans asked for, disputes,
-- requests for restructuring, wishes for another offer (answered by whoever makes one).
-- what, customer_id, invoice_id, no, name, number, language, currency, due_minor, asked_at, answer_by,
-- detail (JSON)
select w.what, w.customer_id, w.invoice_id, w.no, k.name, i.number, k.language, i.currency,
    i.due_minor, w.asked_at, w.answer_by::text, w.detail
from (
    select 'plan' as what, p.customer_id, p.invoice_id, p.plan_no as no, p.asked_at,
        (h.until at time zone k.time_zone)::date - 1 as answer_by,
        json_build_object('parts', p.part_count,
            'total_minor', p.debt_minor + p.fee_minor + p.interest_minor) as detail
    from plan p
    join hold h using (customer_id, invoice_id, hold_no)
    join customer k using (customer_id)
    where p.state = 'asked'
    union all
    select 'dispute', d.customer_id, d.invoice_id, d.dispute_no, d.opened_at, d.answer_by,
        json_build_object('reason', d.reason, 'written', e.data::json -> 'text', 'proofs',
            (select count(*) from proof f where f.customer_id = d.customer_id
                and f.invoice_id = d.invoice_id and f.dispute_no = d.dispute_no))
    from dispute d
    left join event_personal e on e.customer_id = d.customer_id and e.invoice_id = d.invoice_id
        and e.event_no = d.opened_event
    where d.state = 'open'
    union all
    select 'request', r.customer_id, r.invoice_id, r.request_no, r.requested_at, r.decide_by,
        json_build_object('written', e.data::json -> 'text')
    from restructuring_request r
    left join event_personal e on e.customer_id = r.customer_id and e.invoice_id = r.invoice_id
        and e.event_no = r.asked_event
    where r.state = 'open'
    union all
    select 'offer', o.customer_id, o.invoice_id, o.offer_no, o.answered_at, null,
        json_build_object('month_minor', o.counter_minor, 'from', o.counter_from)
    from offer o where o.state = 'countered'
) w
join invoice i using (customer_id, invoice_id)
join customer k using (customer_id)
order by w.answer_by nulls last, w.asked_at, w.customer_id, w.invoice_id, w.no
limit $1::bigint;
