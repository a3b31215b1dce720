-- Devices and the registries that say whose a token and whose an installation is.
--
-- One registration is one transaction of the statements device_lock_names to device_end_surplus, in
-- this order. Names are locked before customers, and customers in the order of their ids, as by all
-- who move a customer: whoever registers the same token or installation meanwhile waits at the
-- first statement and then sees what this one did. The claim of a push and what ends a device hold
-- the customer's lock alone, which is why a holder that is to lose its device is locked as well.
--
-- What holds between transactions: a live device is named by exactly one device_token row, its own
-- token's, and each such row names a live device; a live device's device_installation row names its
-- customer. The latter may stay behind a device that ended.

-- name: device_lock_names
-- $1 token, $2 installation, $3 app, $4 service. A hash shared by chance costs a wait.
select pg_advisory_xact_lock(k.key)
from (
    select distinct key
    from unnest(array[
        hashtextextended('device token ' || $4::text || ' ' || $3::text || ' ' || $1::text, 0),
        hashtextextended('device installation ' || $3::text || ' ' || $2::text, 0)]) as key
    order by key
) k;

-- name: device_add_customer
-- A bank registers devices before the first debt. $1 reference, $2 language or null, $3 now
with named as (
    insert into customer_registry (reference, customer_id)
    select $1::text, nextval('customer_customer_id_seq')
    where not exists (select from customer_registry where reference = $1::text)
    on conflict (reference) do nothing
    returning reference, customer_id
)
insert into customer (customer_id, reference, language, created_at, changed_at)
select customer_id, reference, coalesce($2::text, 'pl'), $3::timestamptz, $3::timestamptz
from named;

-- name: device_lock_customers
-- Whose device it is to be, and who may lose one by it. $1 reference, $2 token, $3 installation,
-- $4 app, $5 service
select customer_id
from customer
where customer_id in (
    select customer_id from customer_registry where reference = $1::text
    union
    select customer_id from device_token
    where token = $2::text and app = $4::text and service = $5::text
    union
    select customer_id from device_installation
    where installation = $3::text and app = $4::text)
order by customer_id
for no key update;

-- name: device_end_others
-- Ends the device that had the token, and the one that was this installation under another customer;
-- forgets what those and this device's own earlier token were registered by.
-- $1 reference, $2 token, $3 installation, $4 app, $5 service, $6 now, $7 devices kept at most
with me as (
    select r.customer_id
    from customer_registry r
    where r.reference = $1::text
        and (exists (select from device d
                where d.customer_id = r.customer_id and d.installation = $3::text)
            or (select count(*) from device d where d.customer_id = r.customer_id) < $7::bigint)
), other as (
    select t.customer_id, t.installation, 'token moved' as reason
    from device_token t
    join me on t.customer_id <> me.customer_id or t.installation <> $3::text
    where t.token = $2::text and t.app = $4::text and t.service = $5::text
    union all
    select i.customer_id, i.installation, 'installation moved'
    from device_installation i
    join me on i.customer_id <> me.customer_id
    where i.installation = $3::text and i.app = $4::text
), one as (
    select distinct on (customer_id, installation) customer_id, installation, reason
    from other
    order by customer_id, installation, reason
), ended as (
    update device d
    set state = 'moved', reason = o.reason, ended_at = $6::timestamptz
    from one o
    where d.customer_id = o.customer_id and d.installation = o.installation
        and d.app = $4::text and d.state = 'live'
    returning d.customer_id, d.installation, d.token, d.app, d.service
), left_behind as (
    select customer_id, installation, token, app, service from ended
    union all
    select d.customer_id, d.installation, d.token, d.app, d.service
    from device d
    join me using (customer_id)
    where d.installation = $3::text
), forgotten as (
    delete from device_token t
    using left_behind l
    where t.token = l.token and t.app = l.app and t.service = l.service
        and t.customer_id = l.customer_id and t.installation = l.installation
        and (t.token, t.app, t.service) <> ($2::text, $4::text, $5::text)
)
delete from device_installation i
using me, device d
where d.customer_id = me.customer_id and d.installation = $3::text and d.app <> $4::text
    and i.installation = d.installation and i.app = d.app and i.customer_id = d.customer_id;

-- name: device_save
-- The same token again only moves seen_at. An environment that was changed because the service knew
-- the token in the other one stays as long as the token does.
-- $1 reference, $2 token, $3 installation, $4 app, $5 service, $6 now, $7 devices kept at most,
-- $8 environment, $9 target_kind, $10 language or null
-- registered_at, seen_at, whether it was registered now; none when the customer has too many
insert into device as d (customer_id, installation, app, service, environment, target_kind, token,
    language, state, reason, registered_at, seen_at)
select r.customer_id, $3::text, $4::text, $5::text, $8::text, $9::text, $2::text, $10::text, 'live',
    'registered', $6::timestamptz, $6::timestamptz
from customer_registry r
where r.reference = $1::text
    and (exists (select from device k
            where k.customer_id = r.customer_id and k.installation = $3::text)
        or (select count(*) from device k where k.customer_id = r.customer_id) < $7::bigint)
on conflict (customer_id, installation) do update
set environment = case when d.has_changed_environment and d.state = 'live'
            and (d.token, d.app, d.service) = (excluded.token, excluded.app, excluded.service)
        then d.environment else excluded.environment end,
    has_changed_environment = d.has_changed_environment and d.state = 'live'
        and (d.token, d.app, d.service) = (excluded.token, excluded.app, excluded.service),
    registered_at = case when d.state = 'live' and (d.token, d.app, d.service, d.target_kind)
            = (excluded.token, excluded.app, excluded.service, excluded.target_kind)
        then d.registered_at else excluded.registered_at end,
    app = excluded.app,
    service = excluded.service,
    target_kind = excluded.target_kind,
    token = excluded.token,
    language = excluded.language,
    state = 'live',
    reason = 'registered',
    seen_at = excluded.seen_at,
    ended_at = null
returning registered_at, seen_at, registered_at = $6::timestamptz;

-- name: device_name
-- The registries name what device_save has saved. $1 reference, $2 installation
with d as (
    select d.customer_id, d.installation, d.token, d.app, d.service
    from customer_registry r
    join device d using (customer_id)
    where r.reference = $1::text and d.installation = $2::text and d.state = 'live'
), by_token as (
    insert into device_token as t (token, app, service, customer_id, installation)
    select token, app, service, customer_id, installation from d
    on conflict (token, app, service) do update
    set customer_id = excluded.customer_id, installation = excluded.installation
    where (t.customer_id, t.installation) <> (excluded.customer_id, excluded.installation)
)
insert into device_installation as i (installation, app, customer_id)
select installation, app, customer_id from d
on conflict (installation, app) do update
set customer_id = excluded.customer_id
where i.customer_id <> excluded.customer_id;

-- name: device_end_surplus
-- $1 reference, $2 installation that stays, $3 now, $4 live devices at most
with surplus as (
    select d.customer_id, d.installation
    from customer_registry r
    join device d using (customer_id)
    where r.reference = $1::text and d.state = 'live'
    order by d.installation = $2::text desc, d.seen_at desc, d.registered_at desc, d.installation
    offset $4::bigint
), ended as (
    update device d
    set state = 'removed', reason = 'too many devices', ended_at = $3::timestamptz
    from surplus s
    where d.customer_id = s.customer_id and d.installation = s.installation
    returning d.customer_id, d.installation, d.token, d.app, d.service
)
delete from device_token t
using ended e
where t.token = e.token and t.app = e.app and t.service = e.service
    and t.customer_id = e.customer_id and t.installation = e.installation;

-- name: device_lock_customer
-- $1 reference
select c.customer_id
from customer c
join customer_registry r using (customer_id)
where r.reference = $1::text
for no key update of c;

-- name: device_remove
-- After device_lock_customer. $1 reference, $2 installation, $3 reason, $4 now
-- how many devices of that name there are or were
with known as (
    select d.customer_id, d.installation
    from customer_registry r
    join device d using (customer_id)
    where r.reference = $1::text and d.installation = $2::text
), ended as (
    update device d
    set state = 'removed', reason = $3::text, ended_at = $4::timestamptz
    from known k
    where d.customer_id = k.customer_id and d.installation = k.installation and d.state = 'live'
    returning d.customer_id, d.installation, d.token, d.app, d.service
), forgotten as (
    delete from device_token t
    using ended e
    where t.token = e.token and t.app = e.app and t.service = e.service
        and t.customer_id = e.customer_id and t.installation = e.installation
), unnamed as (
    delete from device_installation i
    using ended e
    where i.installation = e.installation and i.app = e.app and i.customer_id = e.customer_id
)
select count(*) from known;

-- name: device_list
-- Live ones first, the last seen first. $1 reference, $2 at most
-- installation, app, service, environment, target_kind, the token's end, language, state, reason,
-- registered_at, seen_at, ended_at
select d.installation, d.app, d.service, d.environment, d.target_kind,
    case when length(d.token) < 16 then '' else right(d.token, 6) end as token_end,
    d.language, d.state, d.reason, d.registered_at, d.seen_at, d.ended_at
from customer_registry r
join device d using (customer_id)
where r.reference = $1::text
order by d.state = 'live' desc, d.seen_at desc, d.installation
limit $2::bigint;

-- name: device_find
-- Whoever is named by the installation now. $1 installation, $2 app or ''
-- app, service, environment, target_kind, token, state, reason
select d.app, d.service, d.environment, d.target_kind, d.token, d.state, d.reason
from device_installation i
join device d using (customer_id, installation, app)
where i.installation = $1::text and ($2::text = '' or i.app = $2::text)
order by d.app
limit 2;

-- name: device_stale
-- $1 seen before, $2 at most
-- customer_id, installation
select customer_id, installation
from device
where state = 'live' and service = 'fcm' and seen_at < $1::timestamptz
order by seen_at
limit $2::bigint;

-- name: device_lock_owners
-- $1 customer_id[]
select customer_id
from customer
where customer_id = any ($1::bigint[])
order by customer_id
for no key update;

-- name: device_end_stale
-- After device_lock_owners. One that was seen meanwhile stays. $1 customer_id[], $2 installation[],
-- $3 seen before, $4 now
with ended as (
    update device d
    set state = 'dead', reason = 'not seen for 270 days', ended_at = $4::timestamptz
    from unnest($1::bigint[], $2::text[]) w (customer_id, installation)
    where d.customer_id = w.customer_id and d.installation = w.installation
        and d.state = 'live' and d.service = 'fcm' and d.seen_at < $3::timestamptz
    returning d.customer_id, d.installation, d.token, d.app, d.service
)
delete from device_token t
using ended e
where t.token = e.token and t.app = e.app and t.service = e.service
    and t.customer_id = e.customer_id and t.installation = e.installation;
