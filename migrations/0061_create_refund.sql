-- Refunds that were asked for: on disk before the provider is, with whoever asked and whoever else
-- allowed it. What the provider has really given back stands in the ledger, as its own word says.
create table refund (
    customer_id bigint not null,
    payment_no integer not null,
    refund_no integer not null,
    invoice_id bigint not null,
    provider text not null,
    account text not null,
    movement text not null,         -- the provider's id of the payment it is part of
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    reason text not null,           -- in the asker's words
    state text not null check (state in
        ('waits', 'approved', 'asked', 'done', 'refused', 'rejected')),
    state_reason text,              -- refused: the provider's word, from a fixed list
    asked_by text not null,         -- ids of API keys
    decided_by text,
    idempotency_key text not null,
    refund_id text,                 -- the provider's, once it is known
    attempts integer not null default 0,
    next_try_at timestamptz,        -- wall clock; approved and asked only
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (customer_id, payment_no, refund_no),
    unique (customer_id, payment_no, idempotency_key),
    check (decided_by <> asked_by)
);
create index refund_due on refund (provider, account, next_try_at)
    where state in ('approved', 'asked');
create index refund_newest on refund (created_at);
grant select, insert, update on refund to dunlin_app;
