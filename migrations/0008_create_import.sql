-- An import of one file: uploaded in parts over HTTP or read from disk by the command. Rows go in
-- part by part; committed_bytes moves in the same transaction as the rows before it.
create table import (
    import_id uuid primary key,
    source text not null check (source in ('upload', 'file')),
    name text not null,
    size_bytes bigint not null,
    received_bytes bigint not null default 0,
    sha256 bytea,
    state text not null check (state in ('receiving', 'waiting', 'running', 'done', 'refused')),
    problem text,                   -- why refused, a stable word
    problem_detail text,
    committed_bytes bigint not null default 0,
    committed_line bigint not null default 0,
    created_count bigint not null default 0,
    changed_count bigint not null default 0,
    same_count bigint not null default 0,
    bad_count bigint not null default 0,
    survey text,                    -- JSON: encoding, delimiter, columns
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz
);
grant select, insert, update, delete on import to dunlin_app;

create table import_part (
    import_id uuid not null references import on delete cascade,
    at_byte bigint not null,
    bytes bytea not null,
    primary key (import_id, at_byte)
);
alter table import_part alter column bytes set storage external;
grant select, insert, delete on import_part to dunlin_app;

create table import_bad_row (
    import_id uuid not null references import on delete cascade,
    line bigint not null,
    column_name text,
    value text,
    reason text not null,
    raw text not null,              -- the row as it stood, in UTF-8
    primary key (import_id, line)
);
grant select, insert, delete on import_bad_row to dunlin_app;
