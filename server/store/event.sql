-- Appending to the chains of events, and checking one. How a hash is made is said by event_hash()
-- in the migration; here it is only chained.

-- name: event_append
-- $1 customer_id[], $2 invoice_id[], $3 at[], $4 kind[], $5 facts[] (JSON), $6 personal[] (JSON or
-- null), $7 salt[] (null with it). Events of one invoice are chained in the order given. The heads
-- are locked in order, so that two writers wait for each other instead of colliding. Answers with
-- the number of events appended: fewer than given when an invoice does not exist.
with recursive given as (
    select customer_id, invoice_id, at, kind, facts, personal, salt,
        sha256(salt || convert_to(personal, 'UTF8')) as personal_hash,
        row_number() over (partition by customer_id, invoice_id order by place) as step
    from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
            $7::bytea[])
        with ordinality as e (customer_id, invoice_id, at, kind, facts, personal, salt, place)
), head as materialized (
    select customer_id, invoice_id, event_count, chain_head
    from invoice
    where (customer_id, invoice_id) in (select customer_id, invoice_id from given)
    order by customer_id, invoice_id
    for no key update
), chain as (
    select g.customer_id, g.invoice_id, g.step, h.event_count + 1 as event_no,
        h.chain_head as prev_hash,
        event_hash(h.chain_head, g.customer_id, g.invoice_id, h.event_count + 1, g.at, g.kind,
            g.facts, g.personal_hash) as hash
    from given g
    join head h using (customer_id, invoice_id)
    where g.step = 1
    union all
    select g.customer_id, g.invoice_id, g.step, c.event_no + 1,
        c.hash,
        event_hash(c.hash, g.customer_id, g.invoice_id, c.event_no + 1, g.at, g.kind,
            g.facts, g.personal_hash)
    from chain c
    join given g on g.customer_id = c.customer_id and g.invoice_id = c.invoice_id
        and g.step = c.step + 1
), saved as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, personal_hash,
        prev_hash, hash)
    select customer_id, invoice_id, c.event_no, g.at, g.kind, g.facts, g.personal_hash,
        c.prev_hash, c.hash
    from chain c
    join given g using (customer_id, invoice_id, step)
    returning 1
), saved_personal as (
    insert into event_personal (customer_id, invoice_id, event_no, salt, data)
    select customer_id, invoice_id, c.event_no, g.salt, g.personal
    from chain c
    join given g using (customer_id, invoice_id, step)
    where g.personal is not null
), moved as (
    update invoice i
    set event_count = c.event_no,
        chain_head = c.hash
    from (
        select distinct on (customer_id, invoice_id) customer_id, invoice_id, event_no, hash
        from chain
        order by customer_id, invoice_id, step desc
    ) c
    where i.customer_id = c.customer_id
        and i.invoice_id = c.invoice_id
)
select count(*) from saved;

-- name: event_verify
-- $1 customer_id, $2 invoice_id. One row when the invoice exists: how many events its chain holds,
-- the number of the first bad one (null: none), and whether the invoice's head is the chain's end.
-- An erased personal part is no fault: its hash stays in the chain.
with chain as (
    select e.event_no, e.hash,
        e.event_no = row_number() over w
            and e.prev_hash = coalesce(lag(e.hash) over w, '\x'::bytea)
            and e.hash = event_hash(e.prev_hash, e.customer_id, e.invoice_id, e.event_no, e.at,
                e.kind, e.facts, e.personal_hash)
            and (p.salt is null or e.personal_hash is not distinct from
                sha256(p.salt || convert_to(p.data, 'UTF8'))) as is_good
    from event e
    left join event_personal p using (customer_id, invoice_id, event_no)
    where e.customer_id = $1::bigint
        and e.invoice_id = $2::bigint
    window w as (order by e.event_no)
)
select (select count(*) from chain),
    (select min(event_no) from chain where not is_good),
    i.event_count = (select count(*) from chain)
        and i.chain_head = coalesce(
            (select hash from chain order by event_no desc limit 1), '\x'::bytea)
from invoice i
where i.customer_id = $1::bigint
    and i.invoice_id = $2::bigint;
