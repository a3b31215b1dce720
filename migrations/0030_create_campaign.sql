-- One message to each row of a file. The rows become debts with links as any import's do; the
-- reminders are ordinary ones, so who has paid by then is not written to.
create table campaign (
    campaign_id bigint primary key generated always as identity,
    name text not null unique,
    state text not null check (state in
        ('checking', 'checked', 'approved', 'queued', 'stopped', 'done', 'refused')),
    import_id uuid,
    template text not null,         -- Mustache; the file's further columns are its fields too
    channel text not null,
    queue text not null,            -- of the call list that comes out of it
    send_at timestamptz not null,
    call_after_hours integer not null default 48,
    row_count bigint not null default 0,
    bad_count bigint not null default 0,
    part_count bigint not null default 0,
    price_micro bigint not null default 0,
    created_by text not null,
    created_at timestamptz not null,
    approved_by text,
    approved_at timestamptz,
    finished_at timestamptz
);
grant select, insert, update on campaign to dunlin_app;

create table campaign_row (
    campaign_id bigint not null references campaign,
    customer_id bigint not null,
    invoice_id bigint not null,
    line bigint not null,
    fields text not null,           -- JSON: the further columns by their headings
    text text,                      -- as it will be sent, without its link
    parts integer,
    primary key (customer_id, campaign_id, invoice_id)
);
create index campaign_row_line on campaign_row (campaign_id, line);
grant select, insert, update, delete on campaign_row to dunlin_app;
