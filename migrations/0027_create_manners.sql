-- What must be so before anybody is written to, beside what the debt itself says.

-- One row: the red switch, and how far the creditor's payment feed reaches.
create table sending (
    only_row boolean primary key default true check (only_row),
    stopped_at timestamptz,         -- null: nothing is stopped
    stopped_by text,
    stop_reason text,
    feed_at timestamptz             -- payments up to here are known; null: nobody ever said
);
insert into sending default values;
grant select, update on sending to dunlin_app;

-- How much went out on a day, by channel: for spend limits, ramp-up and the stop at unusual volume.
create table sending_day (
    day date not null,              -- UTC
    channel text not null,
    message_count bigint not null default 0,
    price_micro bigint not null default 0,
    primary key (day, channel)
);
grant select, insert, update on sending_day to dunlin_app;

-- An admin allows more on a day than is usual.
create table sending_allowance (
    day date primary key,
    message_count bigint not null,
    allowed_by text not null,
    allowed_at timestamptz not null
);
grant select, insert, update on sending_allowance to dunlin_app;

alter table customer
    add column opted_out text[] not null default '{}', -- channels; honoured by the next claim
    add column consented text[] not null default '{}', -- channels, where the settings ask for it
    add column segment text,        -- null: not computed yet
    add column segment_facts text,  -- JSON: which facts put them there
    add column segment_at timestamptz,
    drop constraint customer_preferred_channel_check,
    add constraint customer_preferred_channel_check
        check (preferred_channel in ('push', 'sms', 'email', 'voice', 'call'));

-- What a channel says of an address: one that is dead is not used again until it changes.
create table contact_fault (
    customer_id bigint not null,
    channel text not null,
    address text not null,
    is_dead boolean not null,
    soft_count integer not null default 0,
    reason text not null,
    at timestamptz not null,
    primary key (customer_id, channel)
);
grant select, insert, update, delete on contact_fault to dunlin_app;

-- The gateway's own name of a message, where its reports use no other.
create table gateway_message (
    channel text not null,
    gateway_id text not null,
    customer_id bigint not null,
    message_no integer not null,
    primary key (channel, gateway_id)
);
grant select, insert on gateway_message to dunlin_app;

-- A fixed tenth of a percent each: who is in the hold-out group never changes.
create function holdout_place(customer_id bigint) returns integer
    language sql immutable parallel safe
    return (get_byte(sha256(convert_to('holdout ' || customer_id, 'UTF8')), 0) * 256
        + get_byte(sha256(convert_to('holdout ' || customer_id, 'UTF8')), 1)) % 1000;
