-- name: api_key_find
select
    secret_hash,
    array_to_string(scopes, ' '),
    name
from api_key
where key_id = $1::text
    and revoked_at is null;

-- name: api_key_add
insert into api_key (key_id, name, secret_hash, scopes, created_at)
values ($1::text, $2::text, $3::bytea, string_to_array($4::text, ' '), $5::timestamptz);

-- name: api_key_revoke
update api_key
set revoked_at = $2::timestamptz
where key_id = $1::text
    and revoked_at is null
returning key_id;

-- name: api_key_list
select
    key_id,
    name,
    array_to_string(scopes, ' '),
    created_at,
    revoked_at
from api_key
order by created_at, key_id;
