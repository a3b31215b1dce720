-- Refunds that came to nothing behind their provider's yes, as it said so: once each, whichever way it
-- was heard and before or after what it is about. Whoever hears of one we asked for, under an id that
-- has not been kept yet, finds it here.
create table refund_failure (
    customer_id bigint not null,
    payment_no integer not null,
    movement text not null,         -- the provider's id of the refund, or of its coming back
    refund_no integer,              -- of ours, where it is one that we know
    told_at timestamptz not null,
    primary key (customer_id, payment_no, movement)
);
grant select, insert on refund_failure to dunlin_app;
