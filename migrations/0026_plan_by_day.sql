-- Reminders are planned day by day, from the scenario in force that day, instead of all at import.
-- Debts that are new, or whose dates, link or balance came back, are planned by themselves first.
alter table reminder
    add column scenario_id bigint,  -- with version and step_no; null: none (a thank-you, a campaign)
    add column version integer,
    add column step_no integer,
    add column occurrence integer not null default 0, -- of a step that repeats
    add column step_date date,      -- the day it is for, in the customer's time zone
    add column anchor_no integer,   -- of an instalment or a promise
    add column channel_no integer not null default 0, -- the first place of the cascade to be tried
    add column campaign_id bigint,
    -- The message it went out in; several debts of one person may share one.
    add column message_no integer check (message_no between 1 and 524287),
    add column delivery text check (delivery in ('sent', 'delivered', 'undelivered', 'unknown')),
    add column delivered_at timestamptz,
    add column parts integer,       -- of an SMS
    add column price_micro bigint,  -- in millionths of the settings' currency
    drop constraint reminder_state_check,
    add constraint reminder_state_check check (state in
        ('scheduled', 'claimed', 'sent', 'cancelled', 'skipped', 'failed', 'uncertain'));
create index reminder_message on reminder (customer_id, message_no) where message_no is not null;

alter table invoice
    add column needs_plan boolean not null default true,
    add column campaign_id bigint;  -- of a debt that a campaign brought: no scenario reminds of it
create index invoice_to_plan on invoice (customer_id, invoice_id) where needs_plan;
-- Not only of what is left to pay: then a payment could not be booked in place (HOT).
create index invoice_by_due on invoice (due_date);
create index invoice_by_issue on invoice (issue_date);

-- How far is planned: the last day for which all debts were looked at.
create table planned (
    only_row boolean primary key default true check (only_row),
    through date not null,
    at timestamptz not null
);
grant select, insert, update on planned to dunlin_app;

-- The parts of an agreed plan, each with its own date, reminded of by steps anchored on it.
create table instalment (
    customer_id bigint not null,
    invoice_id bigint not null,
    part_no integer not null check (part_no >= 1),
    due_date date not null,
    amount_minor bigint not null check (amount_minor > 0),
    paid_at timestamptz,
    primary key (customer_id, invoice_id, part_no)
);
create index instalment_by_due on instalment (due_date) where paid_at is null;
grant select, insert, update on instalment to dunlin_app;
