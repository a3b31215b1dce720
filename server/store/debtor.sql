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
