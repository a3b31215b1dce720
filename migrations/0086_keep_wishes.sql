-- What customers say of themselves on their page: in which language to write to them, and how they were
-- treated.

-- True: the customer chose it. What a file says of it later does not count.
alter table customer add column language_is_own boolean not null default false;

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
