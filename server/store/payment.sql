-- Payments: made before the provider is called, named when it has answered, found again.

-- name: payment_lock
-- $1 customer_id
-- Starts of one customer's payments come one after the other; the next statement then sees them all.
select customer_id
from customer
where customer_id = $1::bigint
for no key update;

-- name: payment_make
-- $1 customer_id, $2 link_no, $3 form_nonce, $4 provider[] and $5 account[] in the order in which they
-- are to be tried, $6 method, $7 amount_minor in all as the form showed it, $8 starts_max, $9 calls_max, $10 limits count from here on (wall clock), $11 wall
-- clock, $12 now, $13 key_no that seals the reference of a new one, $14 knowingly beside one that the
-- bank is confirming, $15 when the provider is first asked what became of it; of each account: $16 its
-- currencies with blanks between (empty: all), $17 smallest and $18 largest amount (0: any), $19 whether
-- the same start twice is one charge there, $20 whether it can be asked. $21 BLIK codes given from
-- here on (wall clock) may still be confirmed. Limits are for each link and method; only the same form
-- may call more often than starts_max, up to calls_max: that is a double tap.
-- $22 invoice_id[], $23 amount_minor[] and $24 due_minor[] as the form showed it of what is to be paid;
-- empty: all that is due of the link's own debt. $25 name of the page whose form it was.
-- One row, none for a link that was never issued: what stands in the way, and the payment to go on
-- with: that of the same form, else one whose provider never answered (it is asked again under the
-- same reference, so it stays one charge), else a new one.
with link as (
    select l.state, l.invoice_id, k.language, k.name, k.email
    from paylink l
    join customer k on k.customer_id = l.customer_id
    where l.customer_id = $1::bigint and l.link_no = $2::bigint
), wanted as (
    select w.invoice_id, w.amount_minor, w.shown_minor
    from unnest($22::bigint[], $23::bigint[], $24::bigint[])
        as w (invoice_id, amount_minor, shown_minor)
    union all
    select l.invoice_id, $7::bigint, $7::bigint
    from link l
    where cardinality($22::bigint[]) = 0
), debt as materialized (
    select w.invoice_id, w.amount_minor, i.due_minor, i.currency, i.number,
        -- All of it; a part only where a plan says so. Another debt than the link's own only where it
        -- has a page of its own.
        i.due_minor > 0 and i.due_minor = w.shown_minor
            and w.amount_minor between case when i.plan_no is null then i.due_minor else 1 end
                and i.due_minor
            and (i.link_no is not null or i.invoice_id = (select l.invoice_id from link l))
            as is_payable,
        row_number() over (order by i.due_date, i.invoice_id) as place
    from wanted w
    join invoice i on i.customer_id = $1::bigint and i.invoice_id = w.invoice_id
), bill as materialized (
    select coalesce(sum(greatest(d.due_minor, 0)), 0)::bigint as due_minor,
        min(d.currency) as currency,
        min(d.number) filter (where d.place = 1)
            || case when count(*) > 1 then ' +' || count(*) - 1 else '' end as title,
        coalesce(bool_and(d.is_payable), false) and sum(d.amount_minor) = $7::bigint
            and min(d.currency) = max(d.currency)
            and count(distinct d.invoice_id) = (select count(*) from wanted) as is_payable
    from debt d
), account as (
    select c.*
    from unnest($4::text[], $5::text[], $16::text[], $17::bigint[], $18::bigint[], $19::boolean[],
        $20::boolean[]) with ordinality
        as c (provider, account, currencies, amount_min, amount_max, is_repeatable, is_asked, place)
), picked as (
    -- The one that a new payment goes to.
    select c.*
    from account c, bill b
    where (c.currencies = '' or b.currency = any (string_to_array(c.currencies, ' ')))
        and $7::bigint >= c.amount_min and (c.amount_max = 0 or $7::bigint <= c.amount_max)
    order by c.place
    limit 1
), lately as (
    select count(*) filter (where p.method = $6::text) as starts,
        coalesce(sum(p.start_calls) filter (where p.method = $6::text), 0) as calls
    from payment p
    where p.customer_id = $1::bigint and p.link_no = $2::bigint and p.asked_at > $10::timestamptz
), again as (
    select p.payment_no, p.state, p.method, p.provider, p.account, p.amount_minor, p.redirect_url,
        p.key_no, p.form_nonce = $3::text as is_same_form, s.is_for_the_same
    from payment p
    cross join lateral (
        select coalesce((
            select array_agg(array[a.invoice_id, a.amount_minor] order by a.invoice_id)
            from payment_allocation a
            where a.customer_id = $1::bigint and a.payment_no = p.payment_no
        ) = (
            select array_agg(array[d.invoice_id, d.amount_minor] order by d.invoice_id)
            from debt d
        ), false) as is_for_the_same
    ) s
    where p.customer_id = $1::bigint and p.link_no = $2::bigint
        and (p.form_nonce = $3::text
            or (p.state = 'created' and p.method = $6::text and s.is_for_the_same
                and exists (
                    select from picked c
                    where c.provider = p.provider and c.account = p.account and c.is_repeatable)
                and p.asked_at > $10::timestamptz))
    order by p.form_nonce = $3::text desc, p.payment_no desc
    limit 1
), in_hand as (
    select coalesce(bool_or(p.state = 'pending'), false) as is_there,
        -- Begun at another provider, where the customer may still finish it; or by a BLIK code, which
        -- may lie in the bank's app.
        coalesce(bool_or(p.state in ('created', 'started') and p.form_nonce <> $3::text
            and (p.method = 'blik' and p.asked_at > $21::timestamptz
                or p.asked_at > $10::timestamptz
                    and (p.provider, p.account) <> (select c.provider, c.account from picked c))),
            false) as is_elsewhere
    from debt d
    join payment_allocation a on a.customer_id = $1::bigint and a.invoice_id = d.invoice_id
    join payment p on p.customer_id = a.customer_id and p.payment_no = a.payment_no
    where p.state in ('created', 'started', 'pending')
), called as (
    update payment p
    set start_calls = p.start_calls + 1
    from again a, lately n, in_hand h, account c
    where p.customer_id = $1::bigint and p.payment_no = a.payment_no
        and p.state = 'created'
        -- Only as what it was made: the same form may come back with another method, amount or debt.
        and p.method = $6::text and a.is_for_the_same
        -- Elsewhere it is asked about, and never sent twice.
        and p.provider = c.provider and p.account = c.account and c.is_repeatable
        and n.calls < case when a.is_same_form then $9::bigint else $8::bigint end
        and ($14::boolean or not h.is_there)
    returning p.payment_no
), numbered as (
    update customer k
    set payment_count = k.payment_count + 1
    from link l, bill b, lately n, in_hand h, picked c
    where k.customer_id = $1::bigint
        and l.state = 'active' and b.is_payable
        and n.starts < $8::bigint and n.calls < $9::bigint
        and ($6::text <> 'blik' or b.currency = 'PLN')
        and not exists (select from again)
        and ($14::boolean or not (h.is_there or h.is_elsewhere))
    returning k.payment_count as payment_no, b.currency, c.provider, c.account,
        case when c.is_asked then $15::timestamptz end as ask_at
), made as (
    insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor,
        currency, state, form_nonce, created_at, changed_at, asked_at, key_no, ask_at)
    select $1::bigint, payment_no, $2::bigint, provider, account, $6::text, $7::bigint, currency,
        'created', $3::text, $12::timestamptz, $12::timestamptz, $11::timestamptz, $13::bigint, ask_at
    from numbered
), allocated as (
    insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor, place)
    select $1::bigint, n.payment_no, d.invoice_id, d.amount_minor, d.place
    from numbered n
    cross join debt d
), fact as (
    select d.invoice_id, json_strip_nulls(json_build_object('payment_no', n.payment_no,
        'method', $6::text, 'provider', n.provider, 'amount_minor', d.amount_minor,
        'of_minor', nullif($7::bigint, d.amount_minor), 'page',
        page_version_named($25::text)))::text as text
    from numbered n
    cross join debt d
), headed as (
    update invoice i
    set event_count = i.event_count + 1,
        chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1,
            $12::timestamptz, 'payment.created', f.text, null)
    from fact f
    join invoice before on before.customer_id = $1::bigint and before.invoice_id = f.invoice_id
    where i.customer_id = $1::bigint and i.invoice_id = f.invoice_id
    returning i.invoice_id, i.event_count, i.chain_head, before.chain_head as prev_hash, f.text
), told as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select $1::bigint, invoice_id, event_count, $12::timestamptz, 'payment.created', text, prev_hash,
        chain_head
    from headed
)
select l.state as link_state,
    b.due_minor,
    b.currency,
    b.title,
    l.language,
    coalesce(a.payment_no, m.payment_no)::bigint as payment_no,
    m.payment_no is not null as is_new,
    coalesce(a.state, 'created') as state,
    coalesce(a.method, $6::text) as method,
    coalesce(a.amount_minor, $7::bigint) as amount_minor,
    a.redirect_url,
    c.payment_no is not null as is_called_again,
    coalesce(a.provider, m.provider, c2.provider) as provider,
    coalesce(a.account, m.account, c2.account) as account,
    -- One from before the column was sealed with the key of its day; the present one is the best guess.
    coalesce(a.key_no, $13::bigint) as key_no,
    h.is_there as is_other_in_hand,
    l.name as payer_name,
    l.email as payer_email,
    h.is_elsewhere,
    b.is_payable,
    coalesce(a.is_for_the_same, true) as is_for_the_same
from link l
cross join bill b
cross join lately n
cross join in_hand h
left join again a on true
left join called c on true
left join numbered m on true
left join picked c2 on true;

-- name: payment_started
-- The provider took it. $1 customer_id, $2 payment_no, $3 provider_reference, $4 redirect_url (null:
-- none), $5 now. What callbacks said meanwhile is stronger and stays. The customer is locked, and
-- moved on: callbacks that decided on the payment before must look again.
with guarded as (
    update customer
    set money_version = money_version + 1
    where customer_id = $1::bigint
), registered as (
    insert into provider_reference (provider, account, reference, customer_id, payment_no)
    select provider, account, $3::text, customer_id, payment_no
    from payment
    where customer_id = $1::bigint and payment_no = $2::bigint
    on conflict (provider, account, reference) do nothing
)
update payment
set provider_reference = $3::text,
    redirect_url = $4::text,
    state = case when state = 'created' then 'started' else state end,
    changed_at = case when state = 'created' then $5::timestamptz else changed_at end
where customer_id = $1::bigint and payment_no = $2::bigint;

-- name: payment_refused
-- The provider said no at once. $1 customer_id, $2 payment_no, $3 reason, $4 now
-- The customer is locked, and moved on as by payment_started.
with guarded as (
    update customer
    set money_version = money_version + 1
    where customer_id = $1::bigint
), refused as (
    update payment
    set state = 'failed', reason = $3::text, changed_at = $4::timestamptz, ask_at = null
    where customer_id = $1::bigint and payment_no = $2::bigint and state in ('created', 'started')
    returning customer_id, payment_no
), facts as (
    select r.customer_id, a.invoice_id,
        json_build_object('payment_no', r.payment_no, 'reason', $3::text)::text as text
    from refused r
    join payment_allocation a using (customer_id, payment_no)
), headed as (
    update invoice i
    set event_count = i.event_count + 1,
        chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1,
            $4::timestamptz, 'payment.failed', f.text, null)
    from facts f
    join invoice before on before.customer_id = f.customer_id and before.invoice_id = f.invoice_id
    where i.customer_id = f.customer_id and i.invoice_id = f.invoice_id
    returning i.customer_id, i.invoice_id, i.event_count, i.chain_head,
        before.chain_head as prev_hash, f.text
)
insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
select customer_id, invoice_id, event_count, $4::timestamptz, 'payment.failed', text, prev_hash,
    chain_head
from headed;

-- name: payment_move
-- Not a byte of it reached its provider: it goes to another. $1 customer_id, $2 payment_no, $3 provider
-- and $4 account that it was made for, $5 provider and $6 account that it goes to, $7 when that one is
-- first asked (null: never), $8 knowingly beside one that was begun elsewhere, $9 those begun from here
-- on count (wall clock). One row: whether it has moved, and whether another payment of its debt stands
-- in the way, which the customer may still finish where it was begun.
with elsewhere as (
    select exists (
        select
        from payment_allocation mine
        join payment_allocation a on a.customer_id = mine.customer_id
            and a.invoice_id = mine.invoice_id
        join payment p on p.customer_id = a.customer_id and p.payment_no = a.payment_no
        where mine.customer_id = $1::bigint and mine.payment_no = $2::bigint
            and p.payment_no <> $2::bigint
            and p.state in ('created', 'started') and p.asked_at > $9::timestamptz
            and (p.provider, p.account) <> ($5::text, $6::text)
            and not $8::boolean) as is_there
), moved as (
    update payment p
    set provider = $5::text, account = $6::text, ask_at = $7::timestamptz
    from elsewhere e
    where p.customer_id = $1::bigint and p.payment_no = $2::bigint and p.state = 'created'
        and p.provider = $3::text and p.account = $4::text and p.provider_reference is null
        and not e.is_there
    returning p.payment_no
)
select exists (select from moved) as has_moved, e.is_there as is_elsewhere
from elsewhere e;

-- name: payment_ask_claim
-- $1 wall clock, $2 at most, $3 provider, $4 account, $5 asks at most
-- Payments whose provider has been silent for long enough, the longest first. The next time is set at
-- once, so that whoever dies with it in hand delays it and nothing else: twice the time that the
-- first one took, doubled up to an hour. One that failed is asked about once, for the reason; that it was
-- is remembered (page_read).
with due as (
    select p.customer_id, p.payment_no
    from payment p
    where p.state in ('created', 'started', 'pending', 'failed') and p.ask_at <= $1::timestamptz
        and p.provider = $3::text and p.account = $4::text
    order by p.ask_at
    limit $2::bigint
    for no key update skip locked
)
update payment p
set asks = p.asks + 1,
    ask_at = case when p.state = 'failed' then 'infinity' when p.asks + 1 < $5::bigint then $1::timestamptz + make_interval(
        secs => least(3600, case p.method when 'blik' then 20 else 60 end * 2.0 ^ least(p.asks, 10)))
        end
from due d
where p.customer_id = d.customer_id and p.payment_no = d.payment_no
returning p.customer_id, p.payment_no, p.key_no, p.amount_minor, p.currency, p.provider_reference,
    p.asked_at, p.state = 'failed' as has_failed;

-- name: payment_find
-- $1 customer_id, $2 payment_no
-- Where its customer belongs: the live link of a debt it pays, the one it was started from before
-- others; else that one although it is not live, or of another debt.
select p.state,
    coalesce((
        select i.link_no
        from payment_allocation a
        join invoice i on i.customer_id = a.customer_id and i.invoice_id = a.invoice_id
        where a.customer_id = p.customer_id and a.payment_no = p.payment_no
            and i.link_no is not null
        order by i.link_no <> p.link_no, a.place
        limit 1
    ), p.link_no) as link_no
from payment p
where p.customer_id = $1::bigint and p.payment_no = $2::bigint;
