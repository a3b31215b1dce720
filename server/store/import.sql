-- Imports: their life, the parts of an upload, and the one transaction a part of rows goes in by.
-- The flow decides in memory what each row means; nothing here decides. All rows of a part travel
-- as arrays, so each statement runs once a part.

-- name: import_session
-- A part's rows are looked up one by one in large tables by their keys, whatever the tables were
-- like when the plan was made: one made while they were small would read them whole for every part.
-- Once a connection, on those that imports alone use.
select set_config('plan_cache_mode', 'force_generic_plan', false),
    set_config('enable_seqscan', 'off', false),
    set_config('jit', 'off', false);

-- name: import_create
-- $1 import_id, $2 source, $3 name, $4 size_bytes, $5 state, $6 now
insert into import (import_id, source, name, size_bytes, state, created_at)
values ($1::text::uuid, $2::text, $3::text, $4::bigint, $5::text, $6::timestamptz);

-- name: import_get
-- $1 import_id
select import_id::text, source, name, size_bytes, received_bytes, sha256, state, problem,
    problem_detail, committed_bytes, committed_line, created_count, changed_count, same_count,
    bad_count, survey, created_at, started_at, finished_at
from import
where import_id = $1::text::uuid;

-- name: import_list
-- $1 created before, $2 and this import_id when at that very time, $3 at most
select import_id::text, source, name, size_bytes, received_bytes, sha256, state, problem,
    problem_detail, committed_bytes, committed_line, created_count, changed_count, same_count,
    bad_count, survey, created_at, started_at, finished_at
from import
where (created_at, import_id) < ($1::timestamptz, $2::text::uuid)
order by created_at desc, import_id desc
limit $3::bigint;

-- name: import_receive
-- The next bytes of an upload, only at the offset where it stands. $1 import_id, $2 at_byte,
-- $3 bytes, $4 channel to wake when it is complete. No row: not there, or not at that offset.
with moved as (
    update import
    set received_bytes = received_bytes + octet_length($3::bytea),
        state = case when received_bytes + octet_length($3::bytea) = size_bytes
            then 'waiting' else state end
    where import_id = $1::text::uuid and state = 'receiving' and received_bytes = $2::bigint
        and received_bytes + octet_length($3::bytea) <= size_bytes
    returning import_id, received_bytes, state
), kept as (
    insert into import_part (import_id, at_byte, bytes)
    select import_id, $2::bigint, $3::bytea
    from moved
    where octet_length($3::bytea) > 0
)
select received_bytes, case when state = 'waiting' then pg_notify($4::text, '') is null end
from moved;

-- name: import_terminate
-- $1 import_id. Only what has not begun can be taken back.
delete from import
where import_id = $1::text::uuid and state in ('receiving', 'waiting', 'refused')
returning 1;

-- name: import_abandoned
-- Uploads that nobody finished. $1 created before
delete from import
where state = 'receiving' and created_at < $1::timestamptz;

-- name: import_read
-- The part of an upload in which a byte lies. $1 import_id, $2 byte
select at_byte, bytes
from import_part
where import_id = $1::text::uuid and at_byte <= $2::bigint
order by at_byte desc
limit 1;

-- name: import_open
-- Uploads that are to be imported, oldest first; and those whose process died. $1 at most
select i.import_id::text, i.size_bytes, c.campaign_id, c.name, c.template, c.is_plain
from import i
left join campaign c on c.import_id = i.import_id
where i.state in ('waiting', 'running') and i.source = 'upload'
order by i.created_at
limit $1::bigint;

-- name: import_lock
-- One import of one file at a time: held by this session until it unlocks or ends. $1 file key
select pg_try_advisory_lock($1::bigint);

-- name: import_unlock
-- $1 file key
select pg_advisory_unlock($1::bigint);

-- name: import_unfinished
-- An import of the same file from disk whose process died: it goes on where it stood. $1 sha256,
-- $2 size_bytes, $3 the campaign it is for, or 0
select i.import_id::text, i.committed_bytes, i.committed_line
from import i
where i.sha256 = $1::bytea and i.size_bytes = $2::bigint and i.source = 'file'
    and i.state = 'running'
    and coalesce((
        select c.campaign_id from campaign c where c.import_id = i.import_id), 0) = $3::bigint
order by i.created_at
limit 1;

-- name: import_start
-- $1 import_id, $2 sha256, $3 survey, $4 now
update import
set state = 'running', sha256 = $2::bytea, survey = $3::text,
    started_at = coalesce(started_at, $4::timestamptz)
where import_id = $1::text::uuid and state in ('waiting', 'running')
returning committed_bytes, committed_line;

-- name: import_refuse
-- $1 import_id, $2 problem, $3 detail, $4 now
update import
set state = 'refused', problem = $2::text, problem_detail = $3::text, finished_at = $4::timestamptz
where import_id = $1::text::uuid and state in ('waiting', 'running');

-- name: import_finish
-- $1 import_id, $2 now
update import
set state = 'done', finished_at = $2::timestamptz
where import_id = $1::text::uuid and state = 'running';

-- name: import_forget_parts
-- What was uploaded is not needed any more. $1 import_id
delete from import_part where import_id = $1::text::uuid;

-- name: import_bad_rows
-- $1 import_id, $2 behind this line, $3 at most
select line, column_name, value, reason, raw
from import_bad_row
where import_id = $1::text::uuid and line > $2::bigint
order by line
limit $3::bigint;

-- name: import_load
-- What is known about the rows of a part. $1 customer reference[], $2 invoice number[], $3 amount[],
-- $4 now. One row each: position from 1; nulls for what is not there. `is_old_amount`: the invoice
-- is paid, and what the row wants more for is what it once was, before a correction.
select w.position,
    r.customer_id, c.money_version, c.link_count, c.name, c.phone, c.email, c.language,
    c.time_zone, c.contact_source, c.preferred_channel, array_to_string(c.opted_out, ' '),
    array_to_string(c.consented, ' '), array_to_string(c.opted_out_by_file, ' '),
    coalesce(c.language_is_own, false), c.identity_fact,
    (extract(epoch from ($4::timestamptz at time zone c.time_zone)))::bigint as local_now_s,
    n.customer_id as owner_id, i.invoice_id, i.kind, i.product, i.currency, i.amount_minor,
    i.due_minor, i.issue_date, i.due_date, i.account, i.entry_count, i.event_count, i.chain_head,
    i.due_minor <= 0 and w.amount_minor > i.amount_minor and exists (
        select
        from (
            select sum(l.amount_minor) over (order by l.entry_no) as total
            from ledger_entry l
            where l.customer_id = i.customer_id and l.invoice_id = i.invoice_id
                and l.kind in ('charge', 'correction')
        ) once
        where once.total = w.amount_minor
    ) as is_old_amount
from unnest($1::text[], $2::text[], $3::bigint[])
    with ordinality as w (reference, number, amount_minor, position)
left join customer_registry r on r.reference = w.reference
left join customer c on c.customer_id = r.customer_id
left join invoice_registry n on n.number = w.number
left join invoice i on i.customer_id = n.customer_id and i.invoice_id = n.invoice_id;

-- name: import_load_campaign
-- The same for a campaign's rows. $1 customer reference[], $2 invoice number[], $3 telephone[],
-- $4 whether the file says whose the row is[]; else it is its invoice's owner's, $5 now. Behind the
-- same columns: the customer's reference, whether somebody refused messages at that telephone,
-- whether it is known to be dead.
select w.position,
    c.customer_id, c.money_version, c.link_count, c.name, c.phone, c.email, c.language,
    c.time_zone, c.contact_source, c.preferred_channel, array_to_string(c.opted_out, ' '),
    array_to_string(c.consented, ' '), array_to_string(c.opted_out_by_file, ' '),
    coalesce(c.language_is_own, false), c.identity_fact,
    (extract(epoch from ($5::timestamptz at time zone c.time_zone)))::bigint as local_now_s,
    n.customer_id as owner_id, i.invoice_id, i.kind, i.product, i.currency, i.amount_minor,
    i.due_minor, i.issue_date, i.due_date, i.account, i.entry_count, i.event_count, i.chain_head,
    false as is_old_amount, c.reference,
    exists (
        select from customer o
        where o.opted_out <> '{}' and o.phone = w.phone and 'sms' = any (o.opted_out)
    ) as is_opted_out,
    exists (
        select from contact_fault f
        where f.is_dead and f.channel = 'sms' and f.address = w.phone
    ) as is_dead
from unnest($1::text[], $2::text[], $3::text[], $4::boolean[])
    with ordinality as w (reference, number, phone, has_own_reference, position)
left join invoice_registry n on n.number = w.number
left join customer_registry r on r.reference = w.reference
left join customer c on c.customer_id = case when w.has_own_reference then r.customer_id
    else coalesce(n.customer_id, r.customer_id) end
left join invoice i on i.customer_id = n.customer_id and i.invoice_id = n.invoice_id;

-- name: import_ids
-- $1 how many customers, $2 how many invoices, $3 now, $4 time zone of new customers
select nextval('customer_customer_id_seq'), null::bigint, null::bigint
from generate_series(1, $1::bigint)
union all
select null, nextval('invoice_invoice_id_seq'), null
from generate_series(1, $2::bigint)
union all
select null, null, (extract(epoch from ($3::timestamptz at time zone $4::text)))::bigint;

-- name: import_move
-- $1 import_id, $2 from byte, $3 to byte, $4 to line, $5 created, $6 changed, $7 same, $8 bad
select import_move($1::text::uuid, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint,
    $7::bigint, $8::bigint);

-- name: import_guard
-- $1 customer_id[], $2 money_version[]
select money_guard($1::bigint[], $2::bigint[]);

-- name: import_register_customers
-- $1 reference[], $2 customer_id[]
insert into customer_registry (reference, customer_id)
select * from unnest($1::text[], $2::bigint[]);

-- name: import_add_customers
-- $1 customer_id[], $2 reference[], $3 name[], $4 phone[], $5 email[], $6 language[],
-- $7 link_count[], $8 time zone, $9 contact_source, $10 now, $11 preferred channel[], and as words
-- ('sms email'): $12 channels opted out of[], $13 consented to[], $14 of $12 those that a file
-- closed[]; $15 identity facts[]
insert into customer (customer_id, reference, name, phone, email, language, link_count,
    preferred_channel, opted_out, consented, opted_out_by_file, time_zone, contact_source, created_at,
    changed_at, identity_fact)
select w.customer_id, w.reference, w.name, w.phone, w.email, w.language, w.link_count, w.preferred,
    string_to_array(w.opted_out, ' '), string_to_array(w.consented, ' '),
    string_to_array(w.by_file, ' '), $8::text, $9::bigint, $10::timestamptz, $10::timestamptz,
    w.identity_fact
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
    $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[])
    as w (customer_id, reference, name, phone, email, language, link_count, preferred, opted_out,
        consented, by_file, identity_fact);

-- name: import_change_customers
-- $1 customer_id[], $2 name[], $3 phone[], $4 email[], $5 language[], $6 link_count[],
-- $7 whether the contact data are from this file[], $8 contact_source, $9 now, $10 to $13 as $11 to
-- $14 above, $14 whether these change[], $15 identity facts[], null where they stay
update customer c
set name = w.name, phone = w.phone, email = w.email, language = w.language,
    link_count = greatest(c.link_count, w.link_count),
    contact_source = case when w.has_contact then $8::bigint else c.contact_source end,
    preferred_channel = case when w.has_terms then w.preferred else c.preferred_channel end,
    opted_out = case when w.has_terms then string_to_array(w.opted_out, ' ') else c.opted_out end,
    consented = case when w.has_terms then string_to_array(w.consented, ' ') else c.consented end,
    opted_out_by_file = case when w.has_terms then string_to_array(w.by_file, ' ')
        else c.opted_out_by_file end,
    identity_fact = coalesce(w.identity_fact, c.identity_fact),
    changed_at = $9::timestamptz
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
    $7::boolean[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[],
    $15::bytea[])
    as w (customer_id, name, phone, email, language, link_count, has_contact, preferred, opted_out,
        consented, by_file, has_terms, identity_fact)
where c.customer_id = w.customer_id;

-- name: import_register_invoices
-- $1 number[], $2 customer_id[], $3 invoice_id[]
insert into invoice_registry (number, customer_id, invoice_id)
select * from unnest($1::text[], $2::bigint[], $3::bigint[]);

-- name: import_add_invoices
-- $1 customer_id[], $2 invoice_id[], $3 number[], $4 kind[], $5 product[], $6 currency[],
-- $7 amount_minor[], $8 issue_date[], $9 due_date[], $10 account[], $11 event_count[],
-- $12 chain_head[], $13 link_no[], $14 now, $15 the campaign that brings them: no scenario's then
insert into invoice (customer_id, invoice_id, number, kind, product, currency, amount_minor,
    due_minor, issue_date, due_date, account, entry_count, event_count, chain_head, link_no,
    created_at, changed_at, campaign_id, needs_plan)
select w.customer_id, w.invoice_id, w.number, w.kind, w.product, w.currency, w.amount_minor,
    w.amount_minor, w.issue_date, w.due_date, w.account, 1, w.event_count, w.chain_head,
    w.link_no, $14::timestamptz, $14::timestamptz, $15::bigint, $15::bigint is null
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::bigint[], $8::date[], $9::date[], $10::text[], $11::bigint[], $12::bytea[], $13::bigint[])
    as w (customer_id, invoice_id, number, kind, product, currency, amount_minor, issue_date,
        due_date, account, event_count, chain_head, link_no);

-- name: import_change_invoices
-- $1 customer_id[], $2 invoice_id[], $3 kind[], $4 product[], $5 amount_minor[], $6 due_minor[],
-- $7 issue_date[], $8 due_date[], $9 account[], $10 entry_count[], $11 event_count[],
-- $12 chain_head[], $13 now, $14 whether its reminders are to be planned anew[]
update invoice i
set kind = w.kind, product = w.product, amount_minor = w.amount_minor, due_minor = w.due_minor,
    issue_date = w.issue_date, due_date = w.due_date, account = w.account,
    paid_at = case when w.due_minor <= 0 then coalesce(i.paid_at, $13::timestamptz) end,
    entry_count = w.entry_count, event_count = w.event_count, chain_head = w.chain_head,
    needs_plan = i.needs_plan or w.needs_plan, changed_at = $13::timestamptz
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
    $7::date[], $8::date[], $9::text[], $10::bigint[], $11::bigint[], $12::bytea[],
    $14::boolean[])
    as w (customer_id, invoice_id, kind, product, amount_minor, due_minor, issue_date, due_date,
        account, entry_count, event_count, chain_head, needs_plan)
where i.customer_id = w.customer_id and i.invoice_id = w.invoice_id;

-- name: import_add_entries
-- $1 customer_id[], $2 invoice_id[], $3 entry_no[], $4 kind[], $5 amount_minor[], $6 currency[],
-- $7 now
insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
select w.*, $7::timestamptz
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[])
    as w (customer_id, invoice_id, entry_no, kind, amount_minor, currency);

-- name: import_add_events
-- $1 customer_id[], $2 invoice_id[], $3 event_no[], $4 kind[], $5 facts[], $6 personal_hash[],
-- $7 prev_hash[], $8 hash[], $9 now
insert into event (customer_id, invoice_id, event_no, kind, facts, personal_hash, prev_hash, hash, at)
select w.*, $9::timestamptz
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[],
    $7::bytea[], $8::bytea[])
    as w (customer_id, invoice_id, event_no, kind, facts, personal_hash, prev_hash, hash);

-- name: import_add_personal
-- $1 customer_id[], $2 invoice_id[], $3 event_no[], $4 salt[], $5 data[]
insert into event_personal (customer_id, invoice_id, event_no, salt, data)
select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::text[]);

-- name: import_add_paylinks
-- $1 customer_id[], $2 link_no[], $3 invoice_id[], $4 now
insert into paylink (customer_id, link_no, invoice_id, state, created_at)
select w.customer_id, w.link_no, w.invoice_id, 'active', $4::timestamptz
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as w (customer_id, link_no, invoice_id);

-- name: import_cancel_reminders
-- What is scheduled for these invoices. What is on its way and no longer planned is marked: given
-- back, it is cancelled then, unless the planner has it again by then. What no scenario plans stays when
-- the others are planned anew, as nobody would plan it: of a campaign, which goes at its own time, and the
-- word about an offer, a demand, a plan or an answer. $1 customer_id[], $2 invoice_id[], $3 reason[], $4 now
update reminder r
set state = case r.state when 'scheduled' then 'cancelled' else r.state end,
    reason = w.reason,
    finished_at = case r.state when 'scheduled' then $4::timestamptz end
from unnest($1::bigint[], $2::bigint[], $3::text[]) as w (customer_id, invoice_id, reason)
where r.customer_id = w.customer_id and r.invoice_id = w.invoice_id
    and (w.reason <> 'planned anew' or (r.campaign_id is null and not (r.scenario_id is null
        and split_part(r.step, '+', 1)
            ~ '^(offer|demand|plan_agreed|plan_broken|answered_(plan|dispute|request))_[0-9]+$')))
    and (r.state = 'scheduled'
        or (coalesce(r.state, '') = 'claimed' and w.reason = 'planned anew'));

-- name: import_add_messages
-- What a campaign writes to whom. $1 campaign_id, $2 customer_id[], $3 invoice_id[], $4 line[],
-- $5 fields[], $6 text[], $7 parts[], $8 due_minor[], $9 is_own[]
insert into campaign_row (campaign_id, customer_id, invoice_id, line, fields, text, parts,
    due_minor, is_own)
select $1::bigint, w.*
from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[],
    $8::bigint[], $9::boolean[]) as w;

-- name: import_add_bad_rows
-- $1 import_id, $2 line[], $3 column_name[], $4 value[], $5 reason[], $6 raw[]
insert into import_bad_row (import_id, line, column_name, value, reason, raw)
select $1::text::uuid, w.line, w.column_name, w.value, w.reason, w.raw
from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
    as w (line, column_name, value, reason, raw);
