-- What customers say of themselves on their page: in which language to write to them, and how they were
-- treated.

-- True: the customer chose it. What a file says of it later does not count.
alter table customer add column language_is_own boolean not null default false;

-- As in 0083, whichever comes first. event_add() with a personal part: JSON and its salt, or nulls.
create or replace function event_add_personal(the_customer bigint, the_invoice bigint,
    now timestamptz, the_kind text, the_facts json, the_salt bytea, personal text) returns integer
    language plpgsql as $$
declare
    head bytea;
    no integer;
    told text := json_strip_nulls(the_facts)::text;
    -- event_personal_hash() of domain/event.h.
    personal_hash bytea := sha256(the_salt || convert_to(personal, 'UTF8'));
begin
    select chain_head, event_count + 1
    into strict head, no
    from invoice
    where customer_id = the_customer and invoice_id = the_invoice
    for no key update;
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, personal_hash, prev_hash,
        hash)
    values (the_customer, the_invoice, no, now, the_kind, told, personal_hash, head,
        event_hash(head, the_customer, the_invoice, no, now, the_kind, told, personal_hash));
    if personal_hash is not null then
        insert into event_personal (customer_id, invoice_id, event_no, salt, data)
        values (the_customer, the_invoice, no, the_salt, personal);
    end if;
    update invoice
    set event_count = no, chain_head = event_hash(head, the_customer, the_invoice, no, now, the_kind,
        told, personal_hash)
    where customer_id = the_customer and invoice_id = the_invoice;
    return no;
end
$$;
grant execute on function event_add_personal(bigint, bigint, timestamptz, text, json, bytea, text)
    to dunlin_app;

-- One answer a debt, which may be changed for a day. The word that goes with it is personal and stands
-- with the event alone. False: too late to change it. The customer is locked by the caller.
create function rating_keep(the_customer bigint, the_invoice bigint, the_stars integer, nonce text,
    the_salt bytea, word text, now timestamptz) returns boolean
    language plpgsql as $$
declare
    old rating;
begin
    select * into old
    from rating r where r.customer_id = the_customer and r.invoice_id = the_invoice
    for no key update;
    if found and old.form_nonce = nonce then
        return true; -- the same form once more
    end if;
    if found and old.at <= now - interval '1 day' then
        return false;
    end if;
    insert into rating (customer_id, invoice_id, stars, at, form_nonce)
    values (the_customer, the_invoice, the_stars, now, nonce)
    on conflict (customer_id, invoice_id) do update
    set stars = excluded.stars, form_nonce = excluded.form_nonce;
    perform event_add_personal(the_customer, the_invoice, now, 'rating.given',
        json_build_object('stars', the_stars), case when word <> '' then the_salt end,
        case when word <> '' then json_build_object('word', word)::text end);
    return true;
end
$$;
alter table rating add column form_nonce text;
grant execute on function rating_keep(bigint, bigint, integer, text, bytea, text, timestamptz)
    to dunlin_app;
