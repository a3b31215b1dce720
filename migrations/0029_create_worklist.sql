-- Work for people: calls to make, and cases handed over for collection. A debt that is paid, held or
-- closed meanwhile is not shown; nothing has to be deleted for that.
create table work_item (
    customer_id bigint not null,
    invoice_id bigint not null,
    step text not null,
    list text not null check (list in ('call', 'handover')),
    queue text not null,            -- which team: by segment, campaign or setting
    state text not null check (state in ('open', 'taken', 'done', 'exported')),
    reason text not null,
    taken_by text,
    outcome text,                   -- 'reached', 'promised', 'no answer', 'wrong number', …
    note text,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (customer_id, invoice_id, step)
);
create index work_item_open on work_item (list, queue, created_at) where state in ('open', 'taken');
grant select, insert, update on work_item to dunlin_app;
