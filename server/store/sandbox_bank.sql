-- The books of the sandbox bank. Only the demo's panes ask for these.

-- name: sandbox_bank_open
-- A payment the merchant starts; the same reference again is the same payment. $1 payment_id,
-- $2 reference, $3 method, $4 amount_minor, $5 currency, $6 title, $7 return_url, $8 callback_url,
-- $9 language, $10 state, $11 now
insert into sandbox_bank_payment (payment_id, reference, method, amount_minor, currency, title,
    return_url, callback_url, language, state, created_at, changed_at)
values ($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::text, $8::text, $9::text,
    $10::text, $11::timestamptz, $11::timestamptz)
on conflict (reference) do update set reference = excluded.reference
returning payment_id, method, (xmax = 0) as is_new;

-- name: sandbox_bank_one
-- $1 payment_id, or '' for the one changed last in the state $2 ('' any)
select payment_id, reference, method, amount_minor, currency, title, return_url, callback_url,
    language, state, reason, paid_minor, returned_minor, movement_count, changed_at
from sandbox_bank_payment
where ($1::text = '' or payment_id = $1::text)
    and ($2::text = '' or state = $2::text)
order by changed_at desc
limit 1;

-- name: sandbox_bank_newest
-- $1 at most. The payment, and how its callbacks went: how many, delivered, tries, the last status.
select p.payment_id, p.reference, p.method, p.amount_minor, p.currency, p.title, p.return_url,
    p.callback_url, p.language, p.state, p.reason, p.paid_minor, p.returned_minor,
    p.movement_count, p.changed_at,
    (select count(*) from sandbox_bank_callback c where c.payment_id = p.payment_id) as told_count,
    (select count(*) from sandbox_bank_callback c
        where c.payment_id = p.payment_id and c.delivered_at is not null) as delivered_count,
    (select coalesce(sum(c.tries), 0)::bigint from sandbox_bank_callback c
        where c.payment_id = p.payment_id) as tries,
    (select c.last_status from sandbox_bank_callback c
        where c.payment_id = p.payment_id and c.last_status is not null
        order by c.created_at desc limit 1) as last_status
from sandbox_bank_payment p
order by p.changed_at desc
limit $1::bigint;

-- name: sandbox_bank_move
-- One movement and the callback that tells of it, guarded by the number of movements so far.
-- $1 payment_id, $2 movement_count it was decided on, $3 state, $4 reason, $5 paid_minor,
-- $6 returned_minor, $7 now, $8 callback_id or null for none, $9 kind, $10 body, $11 when to tell
with moved as (
    update sandbox_bank_payment
    set state = $3::text, reason = $4::text, paid_minor = $5::bigint, returned_minor = $6::bigint,
        movement_count = movement_count + 1, changed_at = $7::timestamptz
    where payment_id = $1::text and movement_count = $2::bigint
    returning payment_id
), told as (
    insert into sandbox_bank_callback (callback_id, payment_id, kind, body, next_try_at, created_at)
    select $8::text, payment_id, $9::text, $10::text, $11::timestamptz, $7::timestamptz
    from moved
    where $8::text is not null
)
select count(*) from moved;

-- name: sandbox_bank_tell
-- A callback beside the movement's own. $1 callback_id, $2 payment_id, $3 kind, $4 body, $5 now,
-- $6 when to tell
insert into sandbox_bank_callback (callback_id, payment_id, kind, body, next_try_at, created_at)
values ($1::text, $2::text, $3::text, $4::text, $6::timestamptz, $5::timestamptz);

-- name: sandbox_bank_callbacks_take
-- Those whose time has come, lent for a while: $1 now, $2 lent until, $3 at most
update sandbox_bank_callback c
set next_try_at = $2::timestamptz, tries = c.tries + 1
from sandbox_bank_payment p
where c.callback_id in (
        select callback_id from sandbox_bank_callback
        where next_try_at <= $1::timestamptz
        order by next_try_at
        limit $3::bigint)
    and p.payment_id = c.payment_id
returning c.callback_id, c.body, c.tries, p.callback_url;

-- name: sandbox_bank_callback_done
-- $1 callback_id, $2 status, $3 now, $4 next try or null
update sandbox_bank_callback
set last_status = $2::bigint, next_try_at = $4::timestamptz,
    delivered_at = case when $2::bigint between 200 and 299 then $3::timestamptz end
where callback_id = $1::text and delivered_at is null;

-- name: sandbox_bank_callbacks_hurry
-- What is still untold is told now. $1 now
update sandbox_bank_callback
set next_try_at = $1::timestamptz
where next_try_at is not null and delivered_at is null;

-- name: sandbox_bank_forgotten
-- Waiting for a confirmation that a restart of the bank forgot; nothing was taken. $1 at most
select payment_id
from sandbox_bank_payment
where method = 'blik' and state = 'pending'
limit $1::bigint;
