-- What customers say of how they were treated: asked on the page, one answer a debt.
create table rating (
    customer_id bigint not null,
    invoice_id bigint not null,
    stars integer not null check (stars between 1 and 5),
    at timestamptz not null,
    primary key (customer_id, invoice_id)
);
grant select, insert, update on rating to dunlin_app;
