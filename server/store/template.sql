-- The words of messages as admins write them. Versions are kept: a reminder's event names the one it
-- was written by.

-- name: template_load
-- What is in force: of each name, tone and language the newest version that is not withdrawn.
-- name, tone, language, version, text, is_plain, created_at, created_by
select distinct on (name, tone, language)
    name, tone, language, version, text, is_plain, created_at, created_by
from template
where withdrawn_at is null
order by name, tone, language, version desc;

-- name: template_versions
-- All of one, the newest first. $1 name, $2 tone, $3 language
-- version, text, is_plain, created_at, created_by, withdrawn_at
select version, text, is_plain, created_at, created_by, withdrawn_at
from template
where name = $1::text and tone = $2::text and language = $3::text
order by version desc
limit 100;

-- name: template_lock
-- Two who save the same text at once get one version each. $1 what is locked
select pg_advisory_xact_lock(hashtextextended($1::text, 1953329257)) is null;

-- name: template_save
-- $1 name, $2 tone, $3 language, $4 text, $5 is_plain, $6 now, $7 by whom
-- version
with saved as (
    insert into template (name, tone, language, version, text, is_plain, created_at, created_by)
    select $1::text, $2::text, $3::text, coalesce(max(version), 0) + 1, $4::text, $5::boolean,
        $6::timestamptz, $7::text
    from template
    where name = $1::text and tone = $2::text and language = $3::text
    returning version
)
select version, pg_notify('dunlin_template', '') is null
from saved;

-- name: template_withdraw
-- Takes the version in force back: the one before it is in force again, or what is shipped.
-- $1 name, $2 tone, $3 language, $4 now
-- version, and the one that is in force now or 0; no row when there was none
with newest as (
    select name, tone, language, version
    from template
    where name = $1::text and tone = $2::text and language = $3::text and withdrawn_at is null
    order by version desc
    limit 2
), taken as (
    update template t
    set withdrawn_at = $4::timestamptz
    from (select max(version) as version from newest) n
    where t.name = $1::text and t.tone = $2::text and t.language = $3::text
        and t.version = n.version
    returning t.version
)
select t.version, coalesce((select min(n.version) from newest n where n.version < t.version), 0),
    pg_notify('dunlin_template', '') is null
from taken t;
