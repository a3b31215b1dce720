-- The customer's page as builds have shown it, word for word.

-- name: page_version_keep
-- Looked for first: a build's page is new once, and used often. $1 version, $2 language, $3 text,
-- $4 now
insert into page_version (version, language, text, first_seen_at)
select $1::text, $2::text, $3::text, $4::timestamptz
where not exists (select from page_version where version = $1::text)
on conflict (version) do nothing;
