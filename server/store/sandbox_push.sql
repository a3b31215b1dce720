-- The demo's phones: what its sandbox push services take lies in sandbox_message, beside SMS and
-- e-mail.

-- name: sandbox_push_show
-- On the screen of the device that has the token; what is there under the same collapse id gives
-- way. $1 service, $2 token, $3 app ('' any), $4 push id as the sender put it ('' none),
-- $5 collapse id or '', $6 title, $7 body, $8 link or '', $9 at
-- whether there is such a device, whether it is of this app
with holder as (
    select customer_id, installation, app
    from device
    where token = $2::text and service = $1::text
    order by state = 'live' desc, seen_at desc
    limit 1
), fitting as (
    select customer_id, installation from holder where $3::text = '' or app = $3::text
), reminded as (
    select p.push_id, p.invoice_id, p.step
    from push p
    join fitting f using (customer_id, installation)
    where p.push_id = substring($4::text from
        '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')::uuid
), replaced as (
    update sandbox_message m
    set replaced_at = $9::timestamptz
    from fitting f
    where $5::text <> '' and m.customer_id = f.customer_id and m.address = $2::text
        and m.collapse_id = $5::text and m.service is not null and m.replaced_at is null
), shown as (
    insert into sandbox_message (customer_id, invoice_id, step, channel, address, title, body, at,
        service, push_id, collapse_id, link)
    select f.customer_id, r.invoice_id, r.step, 'push', $2::text, nullif($6::text, ''), $7::text,
        $9::timestamptz, $1::text, r.push_id, nullif($5::text, ''), nullif($8::text, '')
    from fitting f
    left join reminded r on true
)
select exists (select from holder), exists (select from fitting);

-- name: sandbox_push_one
-- $1 message_id
-- the customer's reference, installation, app, push_id
select r.reference, d.installation, d.app, m.push_id::text
from sandbox_message m
join customer_registry r using (customer_id)
join device d on d.customer_id = m.customer_id and d.token = m.address and d.service = m.service
where m.message_id = $1::bigint and m.push_id is not null;

-- name: sandbox_push_open
-- $1 message_id, $2 at
update sandbox_message
set opened_at = coalesce(opened_at, $2::timestamptz)
where message_id = $1::bigint;

-- name: sandbox_push_give_phones
-- The banking app on the telephones of some debtors: on an iPhone, on an Android telephone, for a few
-- on both; the others have none. $1 app, $2 now
with person as (
    select k.customer_id, k.customer_id % 5 as kind
    from customer k
    where k.customer_id % 5 in (0, 1)
), phone as (
    select customer_id, 'apns' as service, 'demo-iphone-' || customer_id as installation,
        encode(sha256(convert_to('demo iphone ' || customer_id, 'utf8')), 'hex') as token
    from person
    where kind = 0 or customer_id % 15 = 11
    union all
    select customer_id, 'fcm', 'demo-android-' || customer_id,
        'demo' || customer_id || ':APA91b'
            || encode(sha256(convert_to('demo android ' || customer_id, 'utf8')), 'hex')
    from person
    where kind = 1
), known as (
    insert into device (customer_id, installation, app, service, environment, target_kind, token,
        state, reason, registered_at, seen_at)
    select customer_id, installation, $1::text, service, 'production', 'token', token, 'live',
        'registered', $2::timestamptz, $2::timestamptz
    from phone
    on conflict do nothing
    returning customer_id, installation, app, service, token
), by_token as (
    insert into device_token (token, app, service, customer_id, installation)
    select token, app, service, customer_id, installation from known
    on conflict do nothing
)
insert into device_installation (installation, app, customer_id)
select installation, app, customer_id from known
on conflict do nothing;

-- name: sandbox_push_without_app
-- Demo phones that have lost the app, for it to be put there again. $1 at most
-- the customer's reference, installation, app, service
select r.reference, d.installation, d.app, d.service
from device d
join customer_registry r using (customer_id)
where d.state = 'dead' and d.installation like 'demo-%'
order by d.ended_at
limit $1::bigint;
