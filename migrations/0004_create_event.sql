-- What happened, append-only: the timeline of a debt and the audit trail. The events of one invoice
-- form a chain: hash = sha256(prev_hash || sha256(personal part with its salt, or nothing) ||
-- canonical text of the rest). The personal part lies apart, so people can be erased and the chain
-- still be checked.
create table event (
    customer_id bigint not null,
    invoice_id bigint not null,
    event_no integer not null,
    position bigint not null generated always as identity, -- order over all debts, for feeds
    at timestamptz not null,
    kind text not null,             -- 'invoice.imported', 'payment.paid', …
    facts text not null,            -- JSON without personal data, the very bytes that were hashed
    personal_hash bytea,
    prev_hash bytea not null,
    hash bytea not null,
    primary key (customer_id, invoice_id, event_no)
);
create index event_position on event (position);
grant select, insert on event to dunlin_app;

create table event_personal (
    customer_id bigint not null,
    invoice_id bigint not null,
    event_no integer not null,
    salt bytea not null,
    data text not null,             -- JSON
    primary key (customer_id, invoice_id, event_no)
);
grant select, insert, delete on event_personal to dunlin_app;

-- The canonical hash of an event; the one place that says how it is made.
create function event_hash(prev_hash bytea, customer_id bigint, invoice_id bigint, event_no integer,
    at timestamptz, kind text, facts text, personal_hash bytea) returns bytea
    language sql stable parallel safe
    return sha256(prev_hash || coalesce(personal_hash, '\x'::bytea) || convert_to(
        customer_id || '|' || invoice_id || '|' || event_no || '|' ||
        (extract(epoch from at) * 1000000)::bigint || '|' || kind || '|' || facts, 'UTF8'));

-- The heads of the chains, anchored hourly in one global chain.
create table chain_anchor (
    anchor_no bigint primary key,
    at timestamptz not null,
    last_position bigint not null,  -- events up to here are covered
    event_count bigint not null,
    prev_hash bytea not null,
    hash bytea not null
);
grant select, insert on chain_anchor to dunlin_app;
