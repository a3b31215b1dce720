-- One step of the ladder for one invoice. The primary key is what makes a step happen once.
create table reminder (
    customer_id bigint not null,
    invoice_id bigint not null,
    step text not null,             -- 'issue', 'before_2', 'due', 'after_2', 'after_9', 'after_16', 'thanks_N'
    due_at timestamptz not null,
    state text not null check (state in ('scheduled', 'claimed', 'sent', 'cancelled', 'skipped',
        'failed', 'uncertain')),
    reason text not null,           -- the rule and data behind the state, in fixed words
    channel text,                   -- what it went out through
    claimed_at timestamptz,
    finished_at timestamptz,
    primary key (customer_id, invoice_id, step)
);
create index reminder_scheduled on reminder (due_at) where state = 'scheduled';
create index reminder_claimed on reminder (claimed_at) where state = 'claimed';
grant select, insert, update on reminder to dunlin_app;

-- Where the sandbox channel delivers: the phone and the mail inbox of the demo and of tests.
create table sandbox_message (
    message_id bigint primary key generated always as identity,
    customer_id bigint not null,
    invoice_id bigint not null,
    step text not null,
    channel text not null check (channel in ('push', 'sms', 'email')),
    address text not null,
    title text,
    body text not null,
    at timestamptz not null,
    unique (customer_id, invoice_id, step)
);
grant select, insert, delete on sandbox_message to dunlin_app;
