-- The words of messages as admins write them; those shipped with the program stand behind them.
-- Versions are kept: a reminder's event names the one it was written by.
create table template (
    name text not null,
    tone text not null check (tone in ('neutral', 'friendly', 'firm', 'final')),
    language text not null check (language in ('pl', 'en', 'uk')),
    version integer not null check (version >= 1),
    text text not null,             -- Mustache, with a section for each channel
    is_plain boolean not null default true, -- SMS without the letters that GSM-7 does not have
    created_at timestamptz not null,
    created_by text not null,
    withdrawn_at timestamptz,       -- back to the version before it, or to what is shipped
    primary key (name, tone, language, version)
);
grant select, insert, update on template to dunlin_app;
