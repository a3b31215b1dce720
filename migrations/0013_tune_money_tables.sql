-- Room on each page, so that what a callback changes most (the customer's version, what is due, a
-- payment's state) is rewritten in place without touching any index; the indexes on payment that
-- would prevent it served nobody yet.
alter table customer set (fillfactor = 80);
alter table invoice set (fillfactor = 80);
alter table payment set (fillfactor = 80);
drop index payment_waiting;
drop index payment_asked;

-- As in 0009. The settings hold for the rest of the guarded transaction: its statements are driven by
-- arrays of at most a few hundred rows over primary keys, and a plan that was made while the tables
-- were empty is kept and used when they are not.
create or replace function money_guard(customer_ids bigint[], money_versions bigint[]) returns void
    language plpgsql as $$
declare
    unmoved bigint;
begin
    perform set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    select count(*) into unmoved
    from (
        select c.money_version, w.money_version as expected
        from unnest(customer_ids, money_versions) as w (customer_id, money_version)
        join customer c on c.customer_id = w.customer_id
        order by c.customer_id
        for no key update of c
    ) locked
    where locked.money_version = locked.expected;
    if unmoved <> cardinality(customer_ids) then
        raise exception 'a customer''s money has moved' using errcode = 'DL001';
    end if;
    update customer c
    set money_version = c.money_version + 1
    where c.customer_id = any (customer_ids);
end
$$;
