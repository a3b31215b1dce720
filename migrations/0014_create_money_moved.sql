-- For statements that guard money themselves (see callback_guard): raising needs a function.
create function money_moved() returns void
    language plpgsql as $$
begin
    raise exception 'a customer''s money has moved' using errcode = 'DL001';
end
$$;

-- As in 0009 again: an import joins more than the callbacks do and plans for itself.
create or replace function money_guard(customer_ids bigint[], money_versions bigint[]) returns void
    language plpgsql as $$
declare
    unmoved bigint;
begin
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
        perform money_moved();
    end if;
    update customer c
    set money_version = c.money_version + 1
    where c.customer_id = any (customer_ids);
end
$$;
