-- Files that customers send with a dispute: proof that they have paid, or that the debt is not theirs.
-- The database is what the nodes share, so the files lie here. A ticket is used when its nonce stands
-- in proof_content: the row that holds the file is the ticket's registry, so neither is there without
-- the other. The content comes first and alone, as it may take a while on the wire: the customer's lock
-- is taken behind it.
create table proof_content (
    customer_id bigint not null,
    nonce bytea not null check (length(nonce) = 12),
    content bytea check (length(content) between 1 and 8388608), -- null: erased with its person
    primary key (customer_id, nonce)
);
-- Pictures do not get smaller by being compressed again, and pieces are read without the rest.
alter table proof_content alter column content set storage external;
grant select, insert on proof_content to dunlin_app;
grant update (content) on proof_content to dunlin_app;

create table proof (
    customer_id bigint not null,
    invoice_id bigint not null,
    dispute_no integer not null check (dispute_no > 0),
    proof_no integer not null check (proof_no between 1 and 3),
    nonce bytea not null,
    kind text not null check (kind in ('pdf', 'jpeg', 'png', 'webp', 'heic', 'avif')), -- by its bytes
    bytes integer not null check (bytes between 1 and 8388608),
    sha256 bytea not null check (length(sha256) = 32),
    uploaded_at timestamptz not null,
    primary key (customer_id, invoice_id, dispute_no, proof_no),
    unique (customer_id, nonce),
    foreign key (customer_id, nonce) references proof_content
);
grant select, insert on proof to dunlin_app;
