-- Confirming who somebody is by a fact they know. The fact is kept as a keyed hash (domain/identity.h),
-- never as digits; it is erased with the person.
alter table customer add column identity_fact bytea;

-- Each guess, written before it is judged: a process that dies in between has counted it.
create table identity_try (
    customer_id bigint not null,
    try_no integer not null,
    at timestamptz not null,
    is_right boolean not null default false,
    primary key (customer_id, try_no)
);
grant select, insert, update, delete on identity_try to dunlin_app;

-- Takes one of the tries: its number and the fact to compare with (null when none is known); number 0
-- when there have been too many wrong ones. The customer is locked by the caller, so two browsers take
-- their tries one behind the other.
create function identity_take_try(the_customer bigint, the_invoice bigint, now timestamptz,
    tries_max bigint, tries_hours bigint, out the_try integer, out fact bytea)
    language plpgsql as $$
begin
    delete from identity_try t
    where t.customer_id = the_customer and t.at <= now - tries_hours * interval '1 hour';
    if (select count(*) from identity_try t
        where t.customer_id = the_customer and not t.is_right) >= tries_max then
        the_try := 0;
        return;
    end if;
    select coalesce(max(t.try_no), 0) + 1
    into the_try
    from identity_try t where t.customer_id = the_customer;
    insert into identity_try (customer_id, try_no, at) values (the_customer, the_try, now);
    perform event_add(the_customer, the_invoice, now, 'identity.tried', json_build_object('by', 'link'));
    select k.identity_fact into fact from customer k where k.customer_id = the_customer;
end
$$;
grant execute on function identity_take_try(bigint, bigint, timestamptz, bigint, bigint) to dunlin_app;

-- It was right, and does not count.
create function identity_confirm(the_customer bigint, the_invoice bigint, the_try bigint,
    now timestamptz) returns void
    language plpgsql as $$
begin
    perform from customer k where k.customer_id = the_customer for no key update;
    update identity_try t set is_right = true
    where t.customer_id = the_customer and t.try_no = the_try;
    perform event_add(the_customer, the_invoice, now, 'identity.confirmed', json_build_object('by', 'link'));
end
$$;
grant execute on function identity_confirm(bigint, bigint, bigint, timestamptz) to dunlin_app;
