-- What a page shows of the customer stands on each of the debts too, so that most pages are one
-- look-up instead of two. The customer's own row stays the truth; the triggers below keep the copies,
-- whoever writes, also an erasure.
alter table invoice
    add column payer_name text,
    add column payer_language text,
    add column payer_time_zone text,
    add column payer_has_payments boolean;
update invoice i
set payer_name = c.name,
    payer_language = c.language,
    payer_time_zone = c.time_zone,
    payer_has_payments = c.payment_count > 0
from customer c
where c.customer_id = i.customer_id;
alter table invoice
    alter column payer_language set not null,
    alter column payer_time_zone set not null,
    alter column payer_has_payments set not null;

-- `for share`: a change that is under way is waited for, not missed.
create function invoice_take_payer() returns trigger
    language plpgsql as $$
begin
    select c.name, c.language, c.time_zone, c.payment_count > 0
    into new.payer_name, new.payer_language, new.payer_time_zone, new.payer_has_payments
    from customer c
    where c.customer_id = new.customer_id
    for share;
    return new;
end
$$;
create trigger invoice_take_payer before insert on invoice
    for each row execute function invoice_take_payer();

create function customer_tell_invoices() returns trigger
    language plpgsql as $$
begin
    update invoice i
    set payer_name = new.name,
        payer_language = new.language,
        payer_time_zone = new.time_zone,
        payer_has_payments = new.payment_count > 0
    where i.customer_id = new.customer_id;
    return null;
end
$$;
create trigger customer_tell_invoices
    after update of name, language, time_zone, payment_count on customer
    for each row
    when ((old.name, old.language, old.time_zone, old.payment_count > 0)
        is distinct from (new.name, new.language, new.time_zone, new.payment_count > 0))
    execute function customer_tell_invoices();
