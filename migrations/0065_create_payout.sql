-- What providers have settled with us, as their own files say it, set against the ledger by the report
-- on payouts. Nothing here changes the ledger, and what came in is never changed: a file that says
-- something else of the same movement is refused.
create table payout (
    provider text not null,
    account text not null,
    payout_id text not null,
    payout_date date not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz not null,
    primary key (provider, account, payout_id)
);
create index payout_by_date on payout (payout_date);
grant select, insert on payout to dunlin_app;

-- One line of a payout. The amounts are ours: what we get is above zero, what is taken below; a fee
-- above zero is taken. The movement stands before the payout in the key, as each movement of the
-- ledger is looked for in all payouts.
create table payout_movement (
    provider text not null,
    account text not null,
    movement text not null,         -- the provider's id; or our reference, where it gives no id
    kind text not null check (kind in ('payment', 'refund', 'refund_reversal', 'chargeback',
        'chargeback_reversal', 'fee', 'other')),
    payout_id text not null,
    gross_minor bigint not null,
    fee_minor bigint not null,
    net_minor bigint not null check (net_minor = gross_minor - fee_minor),
    reference text,                 -- ours, as the file has it
    customer_id bigint,             -- which payment that leads to
    payment_no integer,
    primary key (provider, account, movement, kind, payout_id),
    foreign key (provider, account, payout_id) references payout,
    check ((customer_id is null) = (payment_no is null))
);
create index payout_movement_of on payout_movement (provider, account, payout_id);
create index payout_movement_payment on payout_movement (customer_id, payment_no)
    where customer_id is not null;
grant select, insert on payout_movement to dunlin_app;

-- What arrived at the bank, as somebody entered it. The newest counts; the others stay.
create table payout_arrival (
    provider text not null,
    account text not null,
    payout_id text not null,
    arrival_no integer not null,
    amount_minor bigint not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    told_by text not null,          -- the id of an API key, or who typed
    told_at timestamptz not null,
    primary key (provider, account, payout_id, arrival_no),
    foreign key (provider, account, payout_id) references payout
);
grant select, insert on payout_arrival to dunlin_app;
