-- Callbacks that were refused, so that people can see why a provider's messages do not arrive. A ring of
-- fixed size: each verdict has 250 places of its own, taken in turn by a sequence that begins again, so
-- that a flood of forged ones, which anybody can send, does not push out those that were signed. The
-- bodies may hold personal data: what is older than 30 days is removed (jobs/refused_callbacks).
create table refused_callback (
    place integer primary key,
    verdict text not null,
    provider text not null,
    account text, -- whose secret signed it; null: nobody's
    received_at timestamptz not null,
    headers bytea check (length(headers) <= 4096), -- those of the provider, as JSON; null: longer
    body bytea not null check (length(body) <= 16384), -- the beginning of what came
    body_bytes bigint not null check (body_bytes >= length(body)), -- as long as it came
    check (case verdict
        when 'forged' then place between 0 and 249
        when 'stale' then place between 250 and 499
        when 'malformed' then place between 500 and 749
        when 'foreign' then place between 750 and 999
        else false end)
);
create index refused_callback_newest on refused_callback (received_at, place);

create sequence refused_callback_forged minvalue 0 maxvalue 249 cycle;
create sequence refused_callback_stale minvalue 250 maxvalue 499 cycle;
create sequence refused_callback_malformed minvalue 500 maxvalue 749 cycle;
create sequence refused_callback_foreign minvalue 750 maxvalue 999 cycle;

grant select, insert, update, delete on refused_callback to dunlin_app;
grant usage on sequence refused_callback_forged, refused_callback_stale, refused_callback_malformed,
    refused_callback_foreign to dunlin_app;
