-- One installed banking app that may be pushed to. `installation` is the app's own name for itself,
-- kept over all its tokens.
create table device (
    customer_id bigint not null,
    installation text not null check (octet_length(installation) between 8 and 64),
    app text not null,              -- bundle id or package name, as the settings name it
    service text not null check (service in ('apns', 'fcm')),
    environment text not null check (environment in ('production', 'sandbox')),
    target_kind text not null check (target_kind in ('token', 'fid')),
    token text not null check (octet_length(token) between 1 and 1024),
    language text check (language in ('pl', 'en', 'uk')), -- null: the customer's
    state text not null check (state in ('live', 'removed', 'moved', 'dead')),
    reason text not null,           -- who ended it: 'removed by the app', or the service's own word
    -- The service knew the token in neither environment; it is asked in the other one once.
    has_changed_environment boolean not null default false,
    registered_at timestamptz not null, -- this token: a service's "dead since" is compared with it
    seen_at timestamptz not null,
    ended_at timestamptz,
    primary key (customer_id, installation),
    check ((state = 'live') = (ended_at is null))
);
grant select, insert, update on device to dunlin_app;

-- Registries: whose a token is, and whose an installation. A push is claimed only where the token's
-- row still names its device, so a telephone that changed hands gets nothing meant for another.
create table device_token (
    token text not null,
    app text not null,
    service text not null,
    customer_id bigint not null,
    installation text not null,
    primary key (token, app, service)
);
grant select, insert, update, delete on device_token to dunlin_app;

create table device_installation (
    installation text not null,
    app text not null,
    customer_id bigint not null,
    primary key (installation, app)
);
grant select, insert, update, delete on device_installation to dunlin_app;
