-- One attempt to pay through a provider. On disk before the provider is called.
create table payment (
    customer_id bigint not null,
    payment_no integer not null check (payment_no between 1 and 524287),
    link_no integer not null,
    provider text not null,
    account text not null,          -- which of our accounts at that provider
    method text not null check (method in ('redirect', 'blik')),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    state text not null check (state in
        ('created', 'started', 'pending', 'paid', 'failed', 'refunded', 'charged_back')),
    reason text,                    -- the provider's word for a failure, from a fixed list
    provider_reference text,
    paid_minor bigint not null default 0,
    refunded_minor bigint not null default 0,
    charged_back_minor bigint not null default 0,
    form_nonce text not null,       -- one form submit is one payment
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (customer_id, payment_no),
    unique (customer_id, form_nonce)
);
create index payment_waiting on payment (changed_at) where state in ('created', 'started', 'pending');
grant select, insert, update on payment to dunlin_app;

create table payment_allocation (
    customer_id bigint not null,
    payment_no integer not null,
    invoice_id bigint not null,
    amount_minor bigint not null check (amount_minor > 0),
    primary key (customer_id, payment_no, invoice_id)
);
create index payment_allocation_invoice on payment_allocation (customer_id, invoice_id);
grant select, insert on payment_allocation to dunlin_app;

-- Every id a provider gives us for a payment, so that a later dispute finds it.
create table provider_reference (
    provider text not null,
    account text not null,
    reference text not null,
    customer_id bigint not null,
    payment_no integer not null,
    primary key (provider, account, reference)
);
grant select, insert on provider_reference to dunlin_app;

-- A provider's message, stored raw before it is interpreted.
create table callback (
    provider text not null,
    account text not null,
    dedup_key text not null,
    received_at timestamptz not null,
    headers text not null,          -- the signed headers as JSON
    body bytea not null,
    primary key (provider, account, dedup_key)
);
grant select, insert on callback to dunlin_app;

-- What became of it. Parked: kept for later, where an admin sees it.
create table callback_outcome (
    provider text not null,
    account text not null,
    dedup_key text not null,
    state text not null check (state in ('applied', 'ignored', 'parked')),
    reason text not null,
    customer_id bigint,
    payment_no integer,
    attempts integer not null default 1,
    decided_at timestamptz not null,
    next_try_at timestamptz,        -- parked only
    primary key (provider, account, dedup_key)
);
create index callback_outcome_parked on callback_outcome (next_try_at) where state = 'parked';
grant select, insert, update on callback_outcome to dunlin_app;
