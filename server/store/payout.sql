-- What providers settled: taken in whole files, set against the ledger and against what arrived.

-- name: payout_lock
-- Of one account one file or arrival after the other. $1 provider, $2 account
select pg_advisory_xact_lock(hashtextextended('payout/' || $1::text || '/' || $2::text, 0));

-- name: payout_add
-- $1 provider, $2 account; a line of the file each: $3 payout_id[], $4 payout_date[], $5 currency[],
-- $6 movement[], $7 kind[], $8 gross_minor[], $9 fee_minor[], $10 net_minor[], $11 reference[],
-- $12 customer_id[], $13 payment_no[]; $14 now, $15 at most how many lines are named
-- The account is locked. All or nothing: the first row has a null and how many lines are new; the
-- others are the lines, from 1, of which something else is known already, and then nothing is new.
with given as materialized (
    select *
    from unnest($3::text[], $4::date[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[],
        $10::bigint[], $11::text[], $12::bigint[], $13::bigint[])
        with ordinality as w (payout_id, payout_date, currency, movement, kind, gross_minor, fee_minor,
            net_minor, reference, customer_id, payment_no, position)
), differing as materialized (
    select g.position
    from given g
    left join payout p on p.provider = $1::text and p.account = $2::text and p.payout_id = g.payout_id
    left join payout_movement m on m.provider = $1::text and m.account = $2::text
        and m.movement = g.movement and m.kind = g.kind and m.payout_id = g.payout_id
    where p.payout_date <> g.payout_date or p.currency <> g.currency
        or m.gross_minor <> g.gross_minor or m.fee_minor <> g.fee_minor
), paid_out as (
    insert into payout (provider, account, payout_id, payout_date, currency, created_at)
    select distinct $1::text, $2::text, g.payout_id, g.payout_date, g.currency, $14::timestamptz
    from given g
    where not exists (select from differing)
    on conflict do nothing
), added as (
    insert into payout_movement (provider, account, movement, kind, payout_id, gross_minor, fee_minor,
        net_minor, reference, customer_id, payment_no)
    select $1::text, $2::text, g.movement, g.kind, g.payout_id, g.gross_minor, g.fee_minor, g.net_minor,
        g.reference, g.customer_id, g.payment_no
    from given g
    where not exists (select from differing)
    on conflict do nothing
    returning 1
)
select null::bigint as position, (select count(*) from added) as added_count
union all
(select position, 0 from differing order by position limit $15::bigint);

-- name: payout_arrive
-- $1 provider, $2 account, $3 payout_id, $4 amount_minor, $5 currency, $6 by, $7 now
-- The account is locked. A row when there is such a payout: whether that is news.
with known as (
    select p.payout_id, a.arrival_no, a.amount_minor, a.currency
    from payout p
    left join lateral (
        select x.arrival_no, x.amount_minor, x.currency
        from payout_arrival x
        where x.provider = p.provider and x.account = p.account and x.payout_id = p.payout_id
        order by x.arrival_no desc
        limit 1
    ) a on true
    where p.provider = $1::text and p.account = $2::text and p.payout_id = $3::text
), told as (
    insert into payout_arrival (provider, account, payout_id, arrival_no, amount_minor, currency, told_by,
        told_at)
    select $1::text, $2::text, k.payout_id, coalesce(k.arrival_no, 0) + 1, $4::bigint, $5::text,
        $6::text, $7::timestamptz
    from known k
    where k.amount_minor is distinct from $4::bigint or k.currency is distinct from $5::text
    returning 1
)
select exists (select from told) as is_new
from known;

-- name: payout_list
-- $1 day, $2 days one waits, $3 at most
-- The payouts of the day, and earlier ones of which nothing has arrived for longer than one waits.
-- What only a fee took is a fee; so net is gross less fees here too.
select p.provider, p.account, p.payout_id, p.payout_date, p.currency, m.line_count,
    m.gross_minor, m.gross_minor - m.net_minor as fee_minor, m.net_minor,
    a.amount_minor as arrived_minor, a.currency as arrived_currency
from payout p
cross join lateral (
    select count(*) as line_count,
        coalesce(sum(x.gross_minor) filter (where x.kind <> 'fee'), 0)::bigint as gross_minor,
        coalesce(sum(x.net_minor), 0)::bigint as net_minor
    from payout_movement x
    where x.provider = p.provider and x.account = p.account and x.payout_id = p.payout_id
) m
left join lateral (
    select x.amount_minor, x.currency
    from payout_arrival x
    where x.provider = p.provider and x.account = p.account and x.payout_id = p.payout_id
    order by x.arrival_no desc
    limit 1
) a on true
where p.payout_date = $1::date
    or (p.payout_date < $1::date - $2::bigint::integer and a.amount_minor is null)
order by p.payout_date, p.provider, p.account, p.payout_id
limit $3::bigint;

-- name: payout_pairs
-- $1 day, $2 days one waits, $3 at most
-- Each line of the day's payouts beside what the ledger has of it; then, with nulls for the payout,
-- what the ledger has had for longer than one waits and no payout does, from the time of the account's
-- first payout on. Days are UTC's. Amounts are from our side, so a payment is above zero. It reads the
-- whole ledger, by hashing: of a million entries that takes four seconds. An index on their
-- source_reference was tried, and made it no faster, as report sessions run.
with settled as materialized (
    select m.provider, m.account, m.payout_id, m.movement, m.kind, m.gross_minor, p.currency,
        m.customer_id, m.payment_no, m.reference is not distinct from m.movement as has_reference_alone
    from payout p
    join payout_movement m using (provider, account, payout_id)
    where p.payout_date = $1::date
), entries as (
    select s.provider, s.account, s.payout_id, s.movement, s.kind, e.customer_id, e.payment_no,
        e.invoice_id, e.source_reference, e.amount_minor, e.currency, e.at
    from settled s
    join ledger_entry e on e.source_reference = s.movement and e.kind = s.kind
    where not s.has_reference_alone
    union all
    select s.provider, s.account, s.payout_id, s.movement, s.kind, e.customer_id, e.payment_no,
        e.invoice_id, e.source_reference, e.amount_minor, e.currency, e.at
    from settled s
    join ledger_entry e on e.customer_id = s.customer_id and e.payment_no = s.payment_no
        and e.kind = s.kind
    where s.has_reference_alone
), booked as (
    select e.provider, e.account, e.payout_id, e.movement, e.kind, min(e.customer_id) as customer_id,
        min(e.payment_no) as payment_no, min(e.source_reference) as source_reference,
        min(e.invoice_id) as invoice_id, -sum(e.amount_minor)::bigint as amount_minor,
        min(e.currency) as currency, min((e.at at time zone 'UTC')::date) as day
    from entries e
    join payment y using (customer_id, payment_no)
    where y.provider = e.provider and y.account = e.account
    group by 1, 2, 3, 4, 5
), begun as (
    select provider, account, min(payout_date) as first_date
    from payout
    group by 1, 2
), unsettled as (
    select y.provider, y.account, e.source_reference as movement, e.kind,
        min(e.customer_id) as customer_id, min(e.invoice_id) as invoice_id,
        -sum(e.amount_minor)::bigint as amount_minor, min(e.currency) as currency,
        min((e.at at time zone 'UTC')::date) as day
    from begun f
    join payment y using (provider, account)
    join ledger_entry e using (customer_id, payment_no)
    where e.kind in ('payment', 'refund', 'refund_reversal', 'chargeback', 'chargeback_reversal')
        and e.at >= (f.first_date - $2::bigint::integer)::timestamp at time zone 'UTC'
        and e.at < ($1::date - $2::bigint::integer)::timestamp at time zone 'UTC'
        and not exists (
            select from payout_movement m
            where m.provider = y.provider and m.account = y.account
                and m.movement = e.source_reference and m.kind = e.kind)
        and not exists (
            select from payout_movement m
            where m.customer_id = e.customer_id and m.payment_no = e.payment_no and m.kind = e.kind
                and m.provider = y.provider and m.account = y.account and m.reference = m.movement)
    group by y.provider, y.account, y.customer_id, y.payment_no, e.source_reference, e.kind
)
select s.provider, s.account, s.payout_id, s.movement, s.kind, c.settled_count, s.gross_minor,
    s.currency as settled_currency, b.customer_id, b.invoice_id, b.amount_minor as booked_minor,
    b.currency as booked_currency, b.day as booked_day
from settled s
left join booked b using (provider, account, payout_id, movement, kind)
cross join lateral (
    -- By this very name, by the ledger's, and by our reference.
    select count(*) as settled_count
    from (
        select m.payout_id, m.movement
        from payout_movement m
        where m.provider = s.provider and m.account = s.account and m.movement = s.movement
            and m.kind = s.kind
        union
        select m.payout_id, m.movement
        from payout_movement m
        where m.provider = s.provider and m.account = s.account
            and m.movement = b.source_reference and m.kind = s.kind
        union
        select m.payout_id, m.movement
        from payout_movement m
        where m.customer_id = b.customer_id and m.payment_no = b.payment_no
            and m.reference = m.movement and m.provider = s.provider and m.account = s.account
            and m.kind = s.kind
    ) named
) c
union all
select u.provider, u.account, null, u.movement, u.kind, 0, null, null, u.customer_id, u.invoice_id,
    u.amount_minor, u.currency, u.day
from unsettled u
order by 1, 2, 3, 4, 5, 9
limit $3::bigint;
