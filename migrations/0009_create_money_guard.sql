-- Whoever moves a customer's money decides on what he read, then saves under this guard: it locks the
-- customers in the order of their ids (so two batches never wait for each other in a circle), raises
-- DL001 when one has moved on since, and moves them all on. The reminders' claim takes the same locks.
create function money_guard(customer_ids bigint[], money_versions bigint[]) returns void
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
        raise exception 'a customer''s money has moved' using errcode = 'DL001';
    end if;
    update customer c
    set money_version = c.money_version + 1
    where c.customer_id = any (customer_ids);
end
$$;

-- What a parked callback was about, so that it is found when its payment becomes known; and by which
-- payment it waits.
alter table callback_outcome
    add column reference text,
    add column provider_reference text;
create index callback_outcome_parked_payment on callback_outcome (customer_id, payment_no)
    where state = 'parked' and customer_id is not null;
create index callback_outcome_parked_reference on callback_outcome (provider, account, provider_reference)
    where state = 'parked' and provider_reference is not null;
create index callback_outcome_parked_list on callback_outcome (decided_at, dedup_key)
    where state = 'parked';

-- When the payment was asked for by the wall clock, and by which link: what the limits count. Business
-- time can stand still in a demo, and a limit that never ends is a dead end.
alter table payment add column asked_at timestamptz not null default now();
create index payment_asked on payment (customer_id, link_no, asked_at);
