-- Terms that customers accepted, word for word.

-- name: terms_keep
-- Looked for first: a text is new once, and used often. $1 version, $2 language, $3 text, $4 now
insert into terms (version, language, text, first_used_at)
select $1::text, $2::text, $3::text, $4::timestamptz
where not exists (select from terms where version = $1::text)
on conflict (version) do nothing;
