-- The permanent signed link of one debt. Its code is made from (customer_id, link_no) and a key, so
-- no code is stored anywhere.
create table paylink (
    customer_id bigint not null,
    link_no integer not null check (link_no between 1 and 524287),
    invoice_id bigint not null,
    state text not null check (state in ('active', 'revoked')),
    created_at timestamptz not null,
    revoked_at timestamptz,
    replaced_by integer,            -- link_no of its successor
    primary key (customer_id, link_no),
    check ((state = 'revoked') = (revoked_at is not null))
);
create unique index paylink_active on paylink (customer_id, invoice_id) where state = 'active';
grant select, insert, update on paylink to dunlin_app;
