-- Callbacks: what is known about those that just came, and the one transaction that books a batch.
-- Nothing here decides: the domain says per callback what follows, and at most one callback a
-- customer is in a batch. All is driven by the arrays of the batch, row by row over primary keys.

-- name: callback_load
-- $1 provider[], $2 account[], $3 dedup_key[], $4 customer_id[] and $5 payment_no[] (null: our
-- reference is missing or not ours), $6 provider_reference[] (null: none), $7 movement[] of a refund that
-- failed (null: of anything else)
-- One row each, in no order: position from 1, then what is known; nulls for what is not. `offset 0`
-- keeps each look-up a look-up by key, whatever the planner believes about tables that were empty.
select w.position,
    o.state as outcome,
    o.attempts,
    p.customer_id,
    p.payment_no,
    c.money_version,
    p.state,
    p.reason,
    p.amount_minor,
    p.currency,
    a.invoice_id,
    exists (
        select from callback_outcome x
        where x.state = 'parked' and x.customer_id = p.customer_id and x.payment_no = p.payment_no
    ) as has_parked,
    o.next_try_at,
    r.customer_id is not null as is_reference_known,
    w.failed_refund is not null and exists (
        select from refund_failure f
        where f.customer_id = p.customer_id and f.payment_no = p.payment_no
            and f.movement = w.failed_refund
    ) as is_failure_known,
    -- Allocations sum to their payment: it has others when this one is less.
    a.amount_minor < p.amount_minor as is_for_several
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
    with ordinality as w (provider, account, dedup_key, customer_id, payment_no,
        provider_reference, failed_refund, position)
left join lateral (
    select x.state, x.attempts, x.next_try_at
    from callback_outcome x
    where x.provider = w.provider and x.account = w.account and x.dedup_key = w.dedup_key
    offset 0
) o on true
left join lateral (
    select x.customer_id, x.payment_no
    from provider_reference x
    where x.provider = w.provider and x.account = w.account and x.reference = w.provider_reference
    offset 0
) r on true
left join lateral (
    select x.customer_id, x.payment_no, x.state, x.reason, x.amount_minor, x.currency
    from payment x
    where x.customer_id = coalesce(w.customer_id, r.customer_id)
        and x.payment_no = coalesce(w.payment_no, r.payment_no)
        and x.provider = w.provider and x.account = w.account
    offset 0
) p on true
left join lateral (
    select x.money_version
    from customer x
    where x.customer_id = p.customer_id
    offset 0
) c on true
left join lateral (
    select x.invoice_id, x.amount_minor
    from payment_allocation x
    where x.customer_id = p.customer_id and x.payment_no = p.payment_no
    order by x.invoice_id
    limit 1
) a on true;

-- name: callback_movements
-- $1 customer_id[], $2 payment_no[]
-- What is booked for these payments; only what moved through a payment. A movement of a payment for
-- several debts has an entry on each that it moved.
select e.customer_id, e.payment_no, e.kind, e.amount_minor, e.source_reference
from unnest($1::bigint[], $2::bigint[]) as w (customer_id, payment_no)
join ledger_entry e on e.customer_id = w.customer_id and e.payment_no = w.payment_no
order by e.customer_id, e.payment_no, e.entry_no;

-- name: callback_allocations
-- $1 customer_id[], $2 payment_no[]
-- What these payments are for, in the order in which it is filled.
select a.customer_id, a.payment_no, a.invoice_id, a.amount_minor
from unnest($1::bigint[], $2::bigint[]) as w (customer_id, payment_no)
join payment_allocation a on a.customer_id = w.customer_id and a.payment_no = w.payment_no
order by a.customer_id, a.payment_no, a.place;

-- name: callback_guard
-- $1 customer_id[], $2 money_version[]
-- money_guard() as one statement: the customers are locked in the order of their ids and moved on, or
-- DL001 is raised. The settings hold for the rest of the transaction: its statements are driven by
-- these arrays over primary keys, whatever the planner believes about tables that were empty.
with expected as (
    select w.customer_id, w.money_version
    from unnest($1::bigint[], $2::bigint[]) as w (customer_id, money_version)
), locked as materialized (
    select c.customer_id
    from expected w
    join customer c on c.customer_id = w.customer_id and c.money_version = w.money_version
    order by c.customer_id
    for no key update of c
), moved as (
    update customer c
    set money_version = c.money_version + 1
    from locked l
    where c.customer_id = l.customer_id
    returning 1
)
select case when (select count(*) from moved) <> cardinality($1::bigint[]) then money_moved() end,
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true);

-- name: callback_guard_parked
-- $1 provider[], $2 account[], $3 dedup_key[], $4 next_try_at[] of what is parked again
-- Whoever woke one of them since it was loaded (callback_wake, callback_parked_wake) knows what it
-- waited for: DL001 is raised, and it is looked at again instead of being put off.
with locked as materialized (
    select 1
    from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
        as w (provider, account, dedup_key, next_try_at)
    join callback_outcome o using (provider, account, dedup_key)
    where o.next_try_at is not distinct from w.next_try_at
    order by o.provider, o.account, o.dedup_key
    for no key update of o
)
select case when (select count(*) from locked) <> cardinality($1::text[]) then money_moved() end;

-- name: callback_keep
-- $1 provider[], $2 account[], $3 dedup_key[], $4 headers[], $5 body[], $6 now
-- Raw, before anything is made of it. One that is kept already (parked and tried again) stays.
insert into callback (provider, account, dedup_key, received_at, headers, body)
select w.provider, w.account, w.dedup_key, $6::timestamptz, w.headers, w.body
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
    as w (provider, account, dedup_key, headers, body)
order by w.provider, w.account, w.dedup_key -- as every other batch, or two could wait for each other
on conflict (provider, account, dedup_key) do nothing;

-- name: callback_decide
-- $1 provider[], $2 account[], $3 dedup_key[], $4 state[], $5 reason[], $6 customer_id[],
-- $7 payment_no[], $8 attempts[], $9 next_try_at[], $10 reference[], $11 provider_reference[], $12 now
-- Only what is parked can still become something else.
insert into callback_outcome (provider, account, dedup_key, state, reason, customer_id, payment_no,
    attempts, decided_at, next_try_at, reference, provider_reference)
select w.provider, w.account, w.dedup_key, w.state, w.reason, w.customer_id, w.payment_no, w.attempts,
    $12::timestamptz, w.next_try_at, w.reference, w.provider_reference
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::timestamptz[], $10::text[], $11::text[])
    as w (provider, account, dedup_key, state, reason, customer_id, payment_no, attempts, next_try_at,
        reference, provider_reference)
order by w.provider, w.account, w.dedup_key
on conflict (provider, account, dedup_key) do update
set state = excluded.state,
    reason = excluded.reason,
    customer_id = excluded.customer_id,
    payment_no = excluded.payment_no,
    attempts = excluded.attempts,
    decided_at = excluded.decided_at,
    next_try_at = excluded.next_try_at
where callback_outcome.state = 'parked';

-- name: callback_book
-- $1 customer_id[], $2 payment_no[], $3 invoice_id[], $4 payment state[], $5 payment reason[],
-- $6 paid_minor[], $7 refunded_minor[], $8 charged_back_minor[], $9 entry kind[] (null: no money
-- moved), $10 entry amount[], $11 movement[], $12 currency[], $13 event kind[], $14 event facts[],
-- $15 now, $16 only told[]: the payment stays as it is, $17 failed without a reason[], $18 wall clock
-- A row each debt that is concerned; those of one payment say the same of it. The customers are locked
-- by callback_guard.
with work as (
    select *
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[],
        $14::text[], $16::boolean[], $17::boolean[])
        as w (customer_id, payment_no, invoice_id, state, reason, paid_minor, refunded_minor,
            charged_back_minor, entry_kind, entry_minor, movement, currency, event_kind, facts,
            is_told_only, asks_why)
), moved as (
    update payment p
    set state = w.state,
        reason = w.reason,
        paid_minor = w.paid_minor,
        refunded_minor = w.refunded_minor,
        charged_back_minor = w.charged_back_minor,
        -- The customer waits to read why a BLIK code failed. A provider that can be asked is.
        ask_at = case when w.state <> 'failed' then p.ask_at
            when w.asks_why and p.method = 'blik' and p.ask_at is not null then $18::timestamptz end,
        changed_at = $15::timestamptz
    from work w
    where p.customer_id = w.customer_id and p.payment_no = w.payment_no and not w.is_told_only
), booked as (
    update invoice i
    set due_minor = i.due_minor + w.entry_minor,
        paid_at = case
            when i.due_minor + w.entry_minor > 0 then null
            else coalesce(i.paid_at, $15::timestamptz) end,
        entry_count = i.entry_count + (w.entry_kind is not null)::integer,
        event_count = i.event_count + 1,
        chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1,
            $15::timestamptz, w.event_kind, w.facts, null),
        -- The days that steps count from the payment may be planned already. Where there is no such
        -- step this column stays, and the update in place.
        needs_plan = i.needs_plan or (i.due_minor > 0 and i.due_minor + w.entry_minor <= 0
            and (select plan_counts_from('paid', $15::timestamptz))),
        changed_at = $15::timestamptz
    from work w
    join invoice before on before.customer_id = w.customer_id and before.invoice_id = w.invoice_id
    where i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
    returning i.customer_id, i.invoice_id, w.payment_no, i.entry_count, i.event_count, i.chain_head,
        before.chain_head as prev_hash, before.due_minor > 0 as was_due, i.due_minor > 0 as is_due,
        w.entry_kind, w.entry_minor, w.movement, w.currency, w.event_kind, w.facts
), entered as (
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency,
        payment_no, source_reference, at)
    select customer_id, invoice_id, entry_count, entry_kind, entry_minor, currency, payment_no,
        movement, $15::timestamptz
    from booked
    where entry_kind is not null
), cancelled as (
    -- Paid in full: nothing more goes out but the thank-you.
    update reminder r
    set state = 'cancelled', reason = 'paid', finished_at = $15::timestamptz
    from booked b
    where b.was_due and not b.is_due
        and r.customer_id = b.customer_id and r.invoice_id = b.invoice_id
        and r.state = 'scheduled'
), thanked as (
    insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
    select customer_id, invoice_id, 'thanks_' || payment_no, $15::timestamptz, 'scheduled', 'paid'
    from booked
    where was_due and not is_due
    on conflict (customer_id, invoice_id, step) do nothing
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_count, $15::timestamptz, event_kind, facts, prev_hash, chain_head
from booked;

-- name: callback_fail_refund
-- $1 customer_id[], $2 payment_no[], $3 movement[], $4 refund_no[] (null: the message does not say), $5
-- amount_minor[], $6 whether what was given back came back[], $7 now
-- The customers are locked. Refunds that came to nothing after all. The one we asked for is known by its
-- id, or by our own number of it. What came back may have an id of its own: then it is one of that
-- amount, unless the ledger has one of that amount that we did not ask for.
with work as (
    select w.*, w.has_come_back
            and not exists (
                -- A refund of a payment for several debts has an entry on each that it moved.
                select from ledger_entry e
                where e.customer_id = w.customer_id and e.payment_no = w.payment_no
                    and e.kind = 'refund'
                group by e.source_reference
                having e.source_reference = w.movement
                    or sum(e.amount_minor) = w.amount_minor and not exists (
                        select from refund r
                        where r.customer_id = w.customer_id and r.payment_no = w.payment_no
                            and r.refund_id = e.source_reference)) as is_by_amount
    from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[])
        as w (customer_id, payment_no, movement, refund_no, amount_minor, has_come_back)
), told as (
    insert into refund_failure (customer_id, payment_no, movement, refund_no, told_at)
    select w.customer_id, w.payment_no, w.movement, r.refund_no, $7::timestamptz
    from work w
    left join lateral (
        select r.refund_no
        from refund r
        where r.customer_id = w.customer_id and r.payment_no = w.payment_no
            and r.state in ('approved', 'asked', 'done')
            and (r.refund_id = w.movement or r.refund_no = w.refund_no
                or w.is_by_amount and w.refund_no is null and r.state <> 'approved'
                    and r.amount_minor = w.amount_minor)
        order by r.refund_id is distinct from w.movement, r.refund_no is distinct from w.refund_no,
            r.refund_no
        limit 1
    ) r on true
    on conflict (customer_id, payment_no, movement) do nothing
    returning customer_id, payment_no, movement, refund_no
)
update refund r
set state = 'refused',
    state_reason = case when w.has_come_back then 'came_back' else 'refused' end,
    next_try_at = null,
    changed_at = $7::timestamptz
from told t
join work w using (customer_id, payment_no, movement)
where r.customer_id = t.customer_id and r.payment_no = t.payment_no and r.refund_no = t.refund_no;

-- name: callback_register
-- $1 provider[], $2 account[], $3 provider_reference[], $4 customer_id[], $5 payment_no[], $6 wall clock,
-- $7 whether it was taken, and not parked[]
-- Ids of the provider's that are first seen in a callback about these payments: later ones may name
-- nothing else, and a payment whose start was never answered is asked about by it. What was parked for
-- them is tried again at once.
with named as (
    update payment p
    set provider_reference = w.reference
    from unnest($3::text[], $4::bigint[], $5::bigint[], $7::boolean[])
        as w (reference, customer_id, payment_no, is_taken)
    where w.is_taken and p.customer_id = w.customer_id and p.payment_no = w.payment_no
        and p.provider_reference is null
), registered as (
    insert into provider_reference (provider, account, reference, customer_id, payment_no)
    select w.provider, w.account, w.reference, w.customer_id, w.payment_no
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
        as w (provider, account, reference, customer_id, payment_no)
    order by w.provider, w.account, w.reference
    on conflict (provider, account, reference) do nothing
    returning provider, account, reference
), woken as (
    update callback_outcome o
    set next_try_at = $6::timestamptz
    from registered r
    where o.state = 'parked' and o.reason = 'unknown_reference'
        and o.provider = r.provider and o.account = r.account and o.provider_reference = r.reference
    returning 1
)
select case when exists (select from woken) then pg_notify('dunlin_parked', '') end;

-- name: callback_notify
-- Whoever sends reminders is told that some were cancelled, resumed, or are due at once.
select pg_notify('dunlin_reminder', '');

-- name: callback_resume
-- $1 customer_id[], $2 invoice_id[] of what was taken back, $3 now
-- Owed again: a thank-you not yet sent stays unsaid, and the planner brings back what the payment had
-- cancelled (of the steps that were missed meanwhile only the newest, and only if nothing newer went
-- out).
with unsaid as (
    update reminder r
    set state = 'cancelled', reason = 'owed again', finished_at = $3::timestamptz
    from unnest($1::bigint[], $2::bigint[]) as w (customer_id, invoice_id)
    join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
        and i.due_minor > 0
    where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id
        and (r.step like 'thanks%' or r.step like 'paid\_%') and r.state = 'scheduled'
), waiting as (
    update invoice i
    set needs_plan = true
    from unnest($1::bigint[], $2::bigint[]) as w (customer_id, invoice_id)
    where i.customer_id = w.customer_id and i.invoice_id = w.invoice_id and i.due_minor > 0
    returning 1
)
select case when exists (select from waiting) then pg_notify('dunlin_plan', '') end;

-- name: callback_wake
-- $1 customer_id[], $2 payment_no[], $3 wall clock
-- What waited for these payments to book something is tried again at once.
with woken as (
    update callback_outcome o
    -- What was to be confirmed is, or never will be: it is looked at once more.
    set next_try_at = $3::timestamptz, reason = 'waits_for_payment'
    from unnest($1::bigint[], $2::bigint[]) as w (customer_id, payment_no)
    where o.state = 'parked' and o.reason in ('waits_for_payment', 'to_confirm', 'not_confirmed')
        and o.customer_id = w.customer_id and o.payment_no = w.payment_no
    returning 1
)
select case when exists (select from woken) then pg_notify('dunlin_parked', '') end;

-- name: callback_parked_due
-- $1 wall clock, $2 at most, $3 provider[] and $4 account[] that are configured
-- Parked callbacks to be tried again, oldest first, with their raw message.
select o.provider, o.account, o.dedup_key, c.headers, c.body
from callback_outcome o
join callback c using (provider, account, dedup_key)
where o.state = 'parked' and o.reason <> 'to_confirm' and o.next_try_at <= $1::timestamptz
    and (o.provider, o.account) in (select * from unnest($3::text[], $4::text[]))
order by o.next_try_at
limit $2::bigint;

-- name: callback_confirm_claim
-- $1 wall clock, $2 at most, $3 provider, $4 account
-- Payments to be confirmed now, oldest first, with their message. The next time is set at once, so
-- that whoever dies with it in hand delays it and nothing else: half a minute, doubled up to an hour.
with due as (
    select o.provider, o.account, o.dedup_key
    from callback_outcome o
    where o.state = 'parked' and o.reason = 'to_confirm' and o.next_try_at <= $1::timestamptz
        and o.provider = $3::text and o.account = $4::text
    order by o.next_try_at
    limit $2::bigint
    for update skip locked
)
update callback_outcome o
set attempts = o.attempts + 1,
    next_try_at = $1::timestamptz + make_interval(secs => least(3600, 15 * 2.0 ^ least(o.attempts, 10)))
from due d
join callback c using (provider, account, dedup_key), payment p
where o.provider = d.provider and o.account = d.account and o.dedup_key = d.dedup_key
    and p.customer_id = o.customer_id and p.payment_no = o.payment_no
returning o.dedup_key, c.headers, c.body, p.customer_id, p.payment_no, p.key_no, p.amount_minor,
    p.currency, p.provider_reference, c.received_at;

-- name: callback_confirm_refuse
-- $1 provider, $2 account, $3 dedup_key
-- The provider says no to a confirmation: for people.
update callback_outcome
set reason = 'not_confirmed', next_try_at = null
where provider = $1::text and account = $2::text and dedup_key = $3::text
    and state = 'parked' and reason = 'to_confirm';

-- name: callback_parked_wake
-- A payment became known, by a provider's id or by ours: what was parked for it is tried again at
-- once. $1 provider, $2 account, $3 provider_reference, $4 customer_id, $5 payment_no, $6 wall clock
with woken as (
    update callback_outcome
    set next_try_at = $6::timestamptz
    where state = 'parked' and reason = 'unknown_reference'
        and ((provider = $1::text and account = $2::text and provider_reference = $3::text)
            or (customer_id = $4::bigint and payment_no = $5::bigint))
    returning 1
)
select case when exists (select from woken) then pg_notify('dunlin_parked', '') end;

-- name: callback_parked_list
-- $1 decided at or after, $2 and behind this dedup_key when at that very time, $3 at most
-- For people: what is parked, oldest first, with the raw message.
select o.provider, o.account, o.dedup_key, o.reason, o.attempts, o.decided_at, o.next_try_at,
    o.reference, o.provider_reference, c.received_at, c.headers, c.body
from callback_outcome o
join callback c using (provider, account, dedup_key)
where o.state = 'parked' and (o.decided_at, o.dedup_key) > ($1::timestamptz, $2::text)
order by o.decided_at, o.dedup_key
limit $3::bigint;
