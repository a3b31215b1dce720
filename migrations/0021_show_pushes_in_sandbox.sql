-- The demo's phones get pushes over its sandbox push services, too. Such a message may be of no debt
-- (`dunlin push`), comes once for each device, and a later one of the same collapse id takes its place
-- on the screen.
alter table sandbox_message
    alter column invoice_id drop not null,
    alter column step drop not null,
    add column service text check (service in ('apns', 'fcm')), -- null: not by a push service
    add column push_id uuid,
    add column collapse_id text,
    add column link text,
    add column replaced_at timestamptz,
    add column opened_at timestamptz,
    drop constraint sandbox_message_customer_id_invoice_id_step_key;

-- What the sandbox channel lays down by itself is still one message a step.
create unique index sandbox_message_step on sandbox_message (customer_id, invoice_id, step)
where service is null;
create index sandbox_message_on_screen on sandbox_message (customer_id, address, collapse_id)
where service is not null and replaced_at is null;
create index sandbox_message_debt on sandbox_message (customer_id, invoice_id, message_id);
grant update on sandbox_message to dunlin_app;
