-- Callbacks that were refused: a ring of fixed size (migration 0062).

-- name: refused_callback_keep
-- $1 verdict[], $2 provider[], $3 account[], $4 received_at[], $5 headers[], $6 body[], $7 body_bytes[]
-- Each takes the place of the oldest of its verdict.
insert into refused_callback as r (place, verdict, provider, account, received_at, headers, body,
    body_bytes)
select case w.verdict
        when 'forged' then nextval('refused_callback_forged')
        when 'stale' then nextval('refused_callback_stale')
        when 'malformed' then nextval('refused_callback_malformed')
        when 'foreign' then nextval('refused_callback_foreign') end,
    w.verdict, w.provider, w.account, w.received_at, w.headers, w.body, w.body_bytes
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bytea[], $6::bytea[],
    $7::bigint[])
    as w (verdict, provider, account, received_at, headers, body, body_bytes)
on conflict (place) do update
set provider = excluded.provider,
    account = excluded.account,
    received_at = excluded.received_at,
    headers = excluded.headers,
    body = excluded.body,
    body_bytes = excluded.body_bytes;

-- name: refused_callback_list
-- $1 received before, or at that very time, $2 and in a place before this one (null: the newest),
-- $3 at most
-- For people, newest first.
select place, verdict, provider, account, received_at, headers, body, body_bytes
from refused_callback
where (received_at, place) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::bigint, 0))
order by received_at desc, place desc
limit $3::bigint;

-- name: refused_callback_forget
-- $1 received before
delete from refused_callback
where received_at < $1::timestamptz;
