-- A reminder on its way to one device. Its id is the same at every attempt (apns-id, and what the app
-- names when it says "opened"), so a copy after an unknown outcome can be told.
create table push (
    customer_id bigint not null,
    invoice_id bigint not null,
    step text not null,
    installation text not null,
    push_id uuid not null default gen_random_uuid(),
    state text not null check (state in
        ('claimed', 'accepted', 'refused', 'waiting', 'unknown', 'expired')),
    reason text not null,           -- the service's own word, or ours
    attempts integer not null default 1, -- claims of this push
    unknown_count integer not null default 0, -- of them, those whose fate nobody knows
    expires_at timestamptz not null, -- of no use after it; set at the first claim
    claimed_at timestamptz not null,
    finished_at timestamptz,
    opened_at timestamptz,
    primary key (customer_id, invoice_id, step, installation)
) with (fillfactor = 80);
create unique index push_id on push (customer_id, push_id);
grant select, insert, update on push to dunlin_app;

-- The customer answered: the app was opened from it.
alter table reminder add column opened_at timestamptz;
