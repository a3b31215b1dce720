-- Files sent with a dispute: let in, kept, listed, handed out in pieces.

-- name: proof_admit
-- $1 customer_id, $2 invoice_id, $3 dispute_no, $4 nonce of the ticket
-- One row: whether the dispute is open, whether the ticket was used, how many files the dispute has.
select
    exists (
        select from dispute
        where customer_id = $1::bigint and invoice_id = $2::bigint and dispute_no = $3::bigint
            and state = 'open'),
    exists (select from proof_content where customer_id = $1::bigint and nonce = $4::bytea),
    (
        select count(*)
        from proof
        where customer_id = $1::bigint and invoice_id = $2::bigint and dispute_no = $3::bigint);

-- name: proof_keep_content
-- $1 customer_id, $2 nonce, $3 content. 23505: the ticket was used.
insert into proof_content (customer_id, nonce, content)
values ($1::bigint, $2::bytea, $3::bytea);

-- name: proof_keep
-- $1 customer_id, $2 invoice_id, $3 dispute_no, $4 nonce, $5 kind, $6 bytes, $7 sha256, $8 now,
-- $9 name of the page
-- The customer is locked. 23514: the dispute has three files already; 23502: it is not open.
with made as (
    insert into proof (customer_id, invoice_id, dispute_no, proof_no, nonce, kind, bytes, sha256,
        uploaded_at)
    select $1::bigint,
        (
            select d.invoice_id
            from dispute d
            where d.customer_id = $1::bigint and d.invoice_id = $2::bigint
                and d.dispute_no = $3::bigint and d.state = 'open'),
        $3::bigint,
        1 + (
            select count(*)
            from proof
            where customer_id = $1::bigint and invoice_id = $2::bigint and dispute_no = $3::bigint),
        $4::bytea, $5::text, $6::bigint, $7::bytea, $8::timestamptz
    returning proof_no
), headed as (
    update invoice i
    set event_count = i.event_count + 1,
        chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1,
            $8::timestamptz, 'dispute.proof', t.facts, null)
    from (
        select json_strip_nulls(json_build_object('dispute_no', $3::bigint, 'proof_no', m.proof_no, 'kind', $5::text,
            'bytes', $6::bigint, 'sha256', encode($7::bytea, 'hex'),
            'page', page_version_named($9::text)))::text as facts
        from made m
    ) t
    join invoice before on before.customer_id = $1::bigint and before.invoice_id = $2::bigint
    where i.customer_id = $1::bigint and i.invoice_id = $2::bigint
    returning i.event_count, i.chain_head, before.chain_head as prev_hash, t.facts
), told as (
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    select $1::bigint, $2::bigint, event_count, $8::timestamptz, 'dispute.proof', facts, prev_hash,
        chain_head
    from headed
)
select proof_no::bigint from made;

-- name: proof_list
-- $1 customer_id, $2 invoice_id, $3 dispute_no. In the order in which they came.
select p.proof_no, p.kind, p.bytes, p.sha256, p.uploaded_at, c.content is null
from proof p
join proof_content c using (customer_id, nonce)
where p.customer_id = $1::bigint and p.invoice_id = $2::bigint and p.dispute_no = $3::bigint
order by p.proof_no;

-- name: proof_piece
-- $1 customer_id, $2 invoice_id, $3 dispute_no, $4 proof_no, $5 after how many bytes, $6 at most
-- No row where there is no such file, or where it was erased.
select p.kind, p.bytes, substring(c.content from 1 + $5::bigint::integer for $6::bigint::integer)
from proof p
join proof_content c using (customer_id, nonce)
where p.customer_id = $1::bigint and p.invoice_id = $2::bigint and p.dispute_no = $3::bigint
    and p.proof_no = $4::bigint and c.content is not null;
