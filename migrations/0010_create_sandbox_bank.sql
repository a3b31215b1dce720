-- The sandbox bank of the demo and of tests keeps its books here, so that its restart loses no money
-- it has taken and no callback it owes. Nothing of Dunlin itself reads these tables: to the gateway
-- the bank is one HTTP provider among others. Its times are the machine's, not business time.
create table sandbox_bank_payment (
    payment_id text primary key,
    reference text not null unique, -- the merchant's: the same one again is the same payment
    method text not null check (method in ('redirect', 'blik')),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    title text not null,
    return_url text not null,
    callback_url text not null,
    language text not null,
    state text not null check (state in
        ('open', 'pending', 'paid', 'failed', 'refunded', 'charged_back')),
    reason text not null default '',
    paid_minor bigint not null default 0,
    returned_minor bigint not null default 0, -- refunded or charged back
    movement_count integer not null default 0,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index sandbox_bank_payment_newest on sandbox_bank_payment (changed_at desc);
grant select, insert, update, delete on sandbox_bank_payment to dunlin_app;

-- What the bank still has to tell, or has told.
create table sandbox_bank_callback (
    callback_id text primary key,   -- the webhook-id, the same over all deliveries
    payment_id text not null references sandbox_bank_payment on delete cascade,
    kind text not null,             -- 'payment.paid', …
    body text not null,
    tries integer not null default 0,
    last_status integer,            -- of the newest delivery; 0: no answer
    next_try_at timestamptz,        -- null: delivered or given up
    created_at timestamptz not null,
    delivered_at timestamptz
);
create index sandbox_bank_callback_due on sandbox_bank_callback (next_try_at)
    where next_try_at is not null;
create index sandbox_bank_callback_payment on sandbox_bank_callback (payment_id);
grant select, insert, update, delete on sandbox_bank_callback to dunlin_app;
