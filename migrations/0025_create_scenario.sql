-- A scenario is a ladder of reminders. A version is never changed once it is in force: a new one
-- takes over at a stated time, and each reminder names the version that it was planned by. The steps
-- are what the planner and the claim read; `source` is the text as its author wrote it.
create table scenario (
    scenario_id bigint primary key generated always as identity,
    name text not null unique,
    position integer not null,      -- the first scenario that fits a debt is the debt's own
    created_at timestamptz not null
);
grant select, insert, update on scenario to dunlin_app;

create table scenario_version (
    scenario_id bigint not null references scenario,
    version integer not null check (version >= 1),
    source text not null,           -- YAML
    -- What debts it is for; empty: no condition. Products match with a * at the end.
    products text[] not null default '{}',
    kinds text[] not null default '{}',
    currencies text[] not null default '{}',
    catch_up_days integer not null, -- a step missed by more than so many days is let go
    created_at timestamptz not null,
    created_by text not null,
    in_force_from timestamptz,      -- null: a draft
    in_force_until timestamptz,     -- when the next version takes over, or it was switched off
    primary key (scenario_id, version)
);
grant select, insert, update on scenario_version to dunlin_app;

create table scenario_step (
    scenario_id bigint not null,
    version integer not null,
    step_no integer not null check (step_no between 0 and 63),
    name text not null,
    anchor text not null check (anchor in ('issue', 'due', 'paid', 'promise', 'instalment')),
    offset_days integer not null,
    is_working_days boolean not null, -- the offset counts working days
    on_day_off text not null check (on_day_off in ('before', 'after', 'same')),
    at_second integer not null check (at_second between 0 and 86399), -- in the customer's time zone
    repeat_days integer not null default 0,  -- 0: once
    repeat_until integer not null default 0, -- days behind the anchor, the last repetition at most
    -- To whom; empty: to everybody.
    segments text[] not null default '{}',
    products text[] not null default '{}',
    kinds text[] not null default '{}',
    currencies text[] not null default '{}',
    amount_from_minor bigint,       -- of what is left to pay, both included
    amount_to_minor bigint,
    -- How, one place a way: 'push', 'sms', 'email', 'voice', 'call', 'handover', or 'preferred'.
    -- A place is gone on from when its way cannot reach the customer, or fails, or when
    -- wait_seconds after it was sent its reminder is not yet what `unless` names ('delivered',
    -- 'opened'; '' at the last place).
    channels text[] not null check (cardinality(channels) between 1 and 8),
    wait_seconds integer[] not null,
    unless text[] not null,
    template text not null,
    tone text not null check (tone in ('neutral', 'friendly', 'firm', 'final')),
    primary key (scenario_id, version, step_no),
    check (cardinality(wait_seconds) = cardinality(channels)
        and cardinality(unless) = cardinality(channels))
);
grant select, insert on scenario_step to dunlin_app;
