-- What was shown to a customer and what they accepted, kept word for word. Each text is known by the
-- hash of its language (two letters) and itself, which events name: so a debt's chain of events
-- proves the text too. Both tables only grow.
create table terms (
    version text primary key check (version = encode(sha256(convert_to(language || text, 'UTF8')),
        'hex')),
    language text not null check (language ~ '^[a-z]{2}$'),
    text text not null,
    first_used_at timestamptz not null
);
grant select, insert on terms to dunlin_app;

-- The customer's page of one build in one language: its templates, words, style and script, and what
-- the settings say of the creditor, joined; see server/http/page_view.h.
create table page_version (
    version text primary key check (version = encode(sha256(convert_to(language || text, 'UTF8')),
        'hex')),
    language text not null check (language ~ '^[a-z]{2}$'),
    text text not null,
    first_seen_at timestamptz not null
);
grant select, insert on page_version to dunlin_app;
