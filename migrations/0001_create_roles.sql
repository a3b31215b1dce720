-- Two roles from the first day: the owner of the tables migrates, the application `dunlin_app` works.
-- What the application may not do (change or delete events, callbacks and ledger entries) is said
-- in each table's migration. Roles belong to the cluster, so another database may have made it.
do $$
begin
    create role dunlin_app login;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise exception 'the role dunlin_app is missing and this role may not create it'
            using hint = 'run once as a superuser: create role dunlin_app login';
end
$$;

-- What kind of installation this database belongs to: the demo refuses a live one and the reverse.
create table installation (
    only_row boolean primary key default true check (only_row),
    kind text not null check (kind in ('live', 'demo')),
    created_at timestamptz not null default now()
);
grant select, insert on installation to dunlin_app;

-- API keys. The secret half is random, so a plain SHA-256 of it is enough.
create table api_key (
    key_id text primary key,
    name text not null,
    secret_hash bytea not null,
    scopes text[] not null,
    created_at timestamptz not null,
    revoked_at timestamptz
);
grant select, insert, update on api_key to dunlin_app;

-- The application checks at its start that schema and program belong together.
grant select on schema_migration to dunlin_app;
