-- Refunds asked for through the API: made, decided by a second person, carried to the provider.
-- What is booked comes back by callbacks and questions, and stands in the ledger. A refund is of a
-- payment: where that is for several debts it comes off them as whatever goes back does
-- (domain/allocation), not off the one that it was asked for at.

-- name: refund_settle
-- $1 customer_id, $2 payment_no, $3 now. Those that the ledger has are done.
update refund r
set state = 'done', next_try_at = null, changed_at = $3::timestamptz
where r.customer_id = $1::bigint and r.payment_no = $2::bigint and r.state = 'asked'
    and exists (
        select from ledger_entry e
        where e.customer_id = r.customer_id and e.payment_no = r.payment_no
            and e.kind = 'refund' and e.source_reference = r.refund_id);

-- name: refund_make
-- $1 customer_id, $2 invoice_id, $3 payment_no, $4 amount_minor (null: all that is left), $5 reason,
-- $6 asked_by, $7 idempotency_key, $8 largest amount that needs no second person, $9 now, $10 wall
-- clock, $11 'provider/account' of all that give back when they are asked
-- The customer is locked. One row, none for a payment that there is not: what can still be given back,
-- and the refund: the one of the same key, or a new one, or none when the amount is more than is left.
with paid as (
    select p.provider, p.account, p.currency, p.provider || '/' || p.account = any ($11::text[]) as gives_back,
        p.paid_minor - p.refunded_minor - p.charged_back_minor - (
            select coalesce(sum(r.amount_minor), 0)
            from refund r
            where r.customer_id = p.customer_id and r.payment_no = p.payment_no
                and r.state in ('waits', 'approved', 'asked'))::bigint as left_minor,
        (
            select e.source_reference
            from ledger_entry e
            where e.customer_id = p.customer_id and e.payment_no = p.payment_no
                and e.kind = 'payment'
            group by e.source_reference
            order by sum(e.amount_minor)
            limit 1) as movement
    from payment p
    join payment_allocation a using (customer_id, payment_no)
    where p.customer_id = $1::bigint and p.payment_no = $3::bigint and a.invoice_id = $2::bigint
), again as (
    select r.refund_no, r.amount_minor, r.reason, r.state
    from refund r
    where r.customer_id = $1::bigint and r.payment_no = $3::bigint and r.idempotency_key = $7::text
), made as (
    insert into refund (customer_id, payment_no, refund_no, invoice_id, provider, account, movement,
        amount_minor, currency, reason, state, asked_by, idempotency_key, next_try_at, created_at,
        changed_at)
    select $1::bigint, $3::bigint,
        1 + (select count(*) from refund r
            where r.customer_id = $1::bigint and r.payment_no = $3::bigint),
        $2::bigint, p.provider, p.account, p.movement, w.amount_minor, p.currency, $5::text,
        case when w.amount_minor <= $8::bigint then 'approved' else 'waits' end, $6::text, $7::text,
        case when w.amount_minor <= $8::bigint then $10::timestamptz end, $9::timestamptz,
        $9::timestamptz
    from paid p, lateral (select coalesce($4::bigint, p.left_minor) as amount_minor) w
    where w.amount_minor between 1 and p.left_minor and p.movement is not null and p.gives_back
        and not exists (select from again)
    returning refund_no, amount_minor, reason, state
), headed as (
    update invoice i
    set event_count = i.event_count + 1,
        chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1,
            $9::timestamptz, 'refund.asked', t.facts, null)
    from (
        select json_build_object('payment_no', $3::bigint, 'refund_no', m.refund_no, 'amount_minor',
            m.amount_minor, 'state', m.state, 'by', $6::text)::text as facts
        from made m
    ) t
    join invoice before on before.customer_id = $1::bigint and before.invoice_id = $2::bigint
    where i.customer_id = $1::bigint and i.invoice_id = $2::bigint
    returning i.event_count, i.chain_head, before.chain_head as prev_hash, t.facts
), told as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select $1::bigint, $2::bigint, event_count, $9::timestamptz, 'refund.asked', facts, prev_hash,
        chain_head
    from headed
)
select p.left_minor, p.currency, p.gives_back, x.refund_no::bigint, x.amount_minor, x.reason,
    x.state, x.is_new
from paid p
left join (
    select refund_no, amount_minor, reason, state, false as is_new from again
    union all
    select refund_no, amount_minor, reason, state, true from made
) x on true;

-- name: refund_decide
-- $1 customer_id, $2 payment_no, $3 refund_no, $4 by, $5 whether it is allowed, $6 now, $7 wall clock
-- The customer is locked. One row, none for a refund that there is not: what it was, whether whoever
-- decides asked for it, and what it is now.
with before as (
    select r.state, r.asked_by = $4::text as is_own, r.invoice_id, r.amount_minor
    from refund r
    where r.customer_id = $1::bigint and r.payment_no = $2::bigint and r.refund_no = $3::bigint
), decided as (
    update refund r
    set state = case when $5::boolean then 'approved' else 'rejected' end,
        decided_by = $4::text,
        next_try_at = case when $5::boolean then $7::timestamptz end,
        changed_at = $6::timestamptz
    from before b
    where r.customer_id = $1::bigint and r.payment_no = $2::bigint and r.refund_no = $3::bigint
        and r.state = 'waits' and not b.is_own
    returning r.state, r.invoice_id
), headed as (
    update invoice i
    set event_count = i.event_count + 1,
        chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1,
            $6::timestamptz, 'refund.' || d.state, t.facts, null)
    from decided d,
        lateral (select json_build_object('payment_no', $2::bigint, 'refund_no', $3::bigint, 'by',
            $4::text)::text as facts) t,
        invoice before
    where i.customer_id = $1::bigint and i.invoice_id = d.invoice_id
        and before.customer_id = $1::bigint and before.invoice_id = d.invoice_id
    returning i.invoice_id, i.event_count, i.chain_head, before.chain_head as prev_hash, d.state,
        t.facts
), told as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select $1::bigint, invoice_id, event_count, $6::timestamptz, 'refund.' || state, facts, prev_hash,
        chain_head
    from headed
)
select b.state, b.is_own, d.state as state_now
from before b
left join decided d on true;

-- name: refund_list
-- $1 state (null: all), $2 at most. Newest first.
select r.customer_id, r.payment_no, r.refund_no, r.invoice_id, r.provider, r.account, r.amount_minor,
    r.currency, r.reason, r.state, r.state_reason, r.asked_by, r.decided_by, r.refund_id,
    r.created_at, r.changed_at
from refund r
where $1::text is null or r.state = $1::text
order by r.created_at desc, r.customer_id, r.payment_no, r.refund_no
limit $2::bigint;

-- name: refund_claim
-- $1 wall clock, $2 at most, $3 provider, $4 account, $5 now
-- What is to be asked for, or about, now; each is put off until its next time in the same step. Those
-- that the ledger has meanwhile are done. Those of one payment are asked for one after the other: a
-- provider without idempotency keys knows them by their place among those there are.
with settled as (
    update refund r
    set state = 'done', next_try_at = null, changed_at = $5::timestamptz
    where r.state = 'asked' and r.provider = $3::text and r.account = $4::text
        and r.next_try_at <= $1::timestamptz
        and exists (
            select from ledger_entry e
            where e.customer_id = r.customer_id and e.payment_no = r.payment_no
                and e.kind = 'refund' and e.source_reference = r.refund_id)
    returning r.customer_id, r.payment_no, r.refund_no
), due as (
    select r.customer_id, r.payment_no, r.refund_no
    from refund r
    where r.state in ('approved', 'asked') and r.provider = $3::text and r.account = $4::text
        and r.next_try_at <= $1::timestamptz
        and not exists (
            select from settled s
            where s.customer_id = r.customer_id and s.payment_no = r.payment_no
                and s.refund_no = r.refund_no)
        and (r.state = 'asked' or not exists (
            select from refund o
            where o.customer_id = r.customer_id and o.payment_no = r.payment_no
                and o.refund_no < r.refund_no and o.state = 'approved'))
    order by r.next_try_at
    limit $2::bigint
    for no key update skip locked
)
update refund r
set attempts = r.attempts + 1,
    next_try_at = $1::timestamptz + make_interval(secs => least(3600, 15 * 2.0 ^ least(r.attempts, 10)))
from due d
join payment p using (customer_id, payment_no)
where r.customer_id = d.customer_id and r.payment_no = d.payment_no and r.refund_no = d.refund_no
returning r.customer_id, r.payment_no, r.refund_no::bigint, r.state, r.amount_minor, r.currency,
    r.movement, r.refund_id, p.key_no, p.provider_reference;

-- name: refund_asked
-- $1 customer_id, $2 payment_no, $3 refund_no, $4 refund_id (null: it gave none), $5 now
-- The provider has it; or had it, if it has said already that it failed.
update refund r
set refund_id = coalesce($4::text, r.refund_id),
    state = case when f.movement is null then 'asked' else 'refused' end,
    state_reason = case when f.movement is not null then 'refused' end,
    next_try_at = case when f.movement is null then r.next_try_at end,
    changed_at = $5::timestamptz
from refund own
left join refund_failure f on f.customer_id = own.customer_id and f.payment_no = own.payment_no
    and f.movement = coalesce($4::text, own.refund_id)
where own.customer_id = $1::bigint and own.payment_no = $2::bigint and own.refund_no = $3::bigint
    and r.customer_id = own.customer_id and r.payment_no = own.payment_no and r.refund_no = own.refund_no
    and r.state = 'approved';

-- name: refund_name
-- $1 customer_id, $2 payment_no, $3 refund_no, $4 refund_id, $5 wall clock
-- What the provider's refund will be known by. It is asked for at once.
update refund
set refund_id = $4::text, next_try_at = $5::timestamptz
where customer_id = $1::bigint and payment_no = $2::bigint and refund_no = $3::bigint
    and state = 'approved' and refund_id is null;

-- name: refund_refuse
-- $1 customer_id, $2 payment_no, $3 refund_no, $4 reason, $5 now. The provider says no.
with refused as (
    update refund r
    set state = 'refused', state_reason = $4::text, next_try_at = null, changed_at = $5::timestamptz
    where r.customer_id = $1::bigint and r.payment_no = $2::bigint and r.refund_no = $3::bigint
        and r.state in ('approved', 'asked')
    returning r.invoice_id
), headed as (
    update invoice i
    set event_count = i.event_count + 1,
        chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1,
            $5::timestamptz, 'refund.refused', t.facts, null)
    from refused d,
        lateral (select json_build_object('payment_no', $2::bigint, 'refund_no', $3::bigint, 'reason',
            $4::text)::text as facts) t,
        invoice before
    where i.customer_id = $1::bigint and i.invoice_id = d.invoice_id
        and before.customer_id = $1::bigint and before.invoice_id = d.invoice_id
    returning i.invoice_id, i.event_count, i.chain_head, before.chain_head as prev_hash, t.facts
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select $1::bigint, invoice_id, event_count, $5::timestamptz, 'refund.refused', facts, prev_hash,
    chain_head
from headed;
