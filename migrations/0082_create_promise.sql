-- The day by which a customer says they will pay, and what became of it. The debt's dunning rests by a
-- hold of the kind 'promise', as before; here is kept what was promised, so that it can be judged.
alter table invoice add column promise_no integer; -- the one that is open

create table promise (
    customer_id bigint not null,
    invoice_id bigint not null,
    promise_no integer not null check (promise_no >= 1),
    given_by text not null check (given_by in ('page', 'phone', 'api')),
    promised_on date not null,      -- where the customer is
    until timestamptz not null,     -- it is over from then on: behind the day and its grace
    amount_minor bigint not null check (amount_minor > 0), -- what was due when it was given
    entry_from integer not null,    -- what came in behind this entry of the ledger counts
    state text not null check (state in ('open', 'kept', 'broken', 'replaced')),
    hold_no integer not null,
    form_nonce text,                -- one form submit is one promise
    given_at timestamptz not null,
    decided_at timestamptz,
    primary key (customer_id, invoice_id, promise_no),
    check ((decided_at is null) = (state = 'open'))
);
create unique index promise_open on promise (customer_id, invoice_id) where state = 'open';
create unique index promise_form on promise (customer_id, form_nonce) where form_nonce is not null;
create index promise_over on promise (until, customer_id, invoice_id) where state = 'open';
create index promise_listed on promise (promised_on, customer_id, invoice_id, promise_no);
grant select, insert, update on promise to dunlin_app;

-- All of them lock in one order: the customer (their caller), the debt, its promise.

-- An open promise is decided. Reminding goes on at once, unless its time has passed: then the hold is
-- over by itself, and steps that count from the promise may still go.
create function promise_decide(the promise, the_state text, now timestamptz) returns void
    language plpgsql as $$
begin
    update promise p
    set state = the_state, decided_at = now
    where p.customer_id = the.customer_id and p.invoice_id = the.invoice_id
        and p.promise_no = the.promise_no;
    update invoice i
    set promise_no = null
    where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id;
    if the_state <> 'broken' then
        update hold h
        set released_at = now
        where h.customer_id = the.customer_id and h.invoice_id = the.invoice_id
            and h.hold_no = the.hold_no and h.released_at is null;
    end if;
    perform event_add(the.customer_id, the.invoice_id, now, 'promise.' || the_state,
        json_build_object('promise_no', the.promise_no, 'promised_on', the.promised_on,
            'amount_minor', the.amount_minor));
end
$$;
grant execute on function promise_decide(promise, text, timestamptz) to dunlin_app;

-- Promises a debt for a day; one that is open is replaced. over_on: the first day behind its grace.
-- hold_until: null is the same. The hold's number; null when there is no such debt. Of a debt on which
-- nothing is due there is a hold and no promise.
create function promise_give(the_customer bigint, the_invoice bigint, now timestamptz, by_whom text,
    the_day date, over_on date, hold_until timestamptz, the_reason text, nonce text) returns integer
    language plpgsql as $$
declare
    debt invoice;
    older promise;
    over timestamptz;
    no integer;
begin
    select * into debt
    from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    if not found then
        return null;
    end if;
    select over_on::timestamp at time zone c.time_zone into strict over
    from customer c where c.customer_id = the_customer;
    select * into older
    from promise p
    where p.customer_id = the_customer and p.invoice_id = the_invoice and p.state = 'open'
    for no key update;
    if found then
        perform promise_decide(older, 'replaced', now);
    end if;
    insert into hold (customer_id, invoice_id, hold_no, kind, reason, until, promised_on, created_at)
    values (the_customer, the_invoice, debt.hold_count + 1, 'promise', the_reason,
        coalesce(hold_until, over), the_day, now);
    select coalesce(max(p.promise_no), 0) + 1 into no
    from promise p
    where p.customer_id = the_customer and p.invoice_id = the_invoice;
    update invoice i
    set hold_count = debt.hold_count + 1,
        help_count = debt.help_count + 1,
        needs_plan = debt.needs_plan or debt.due_minor > 0,
        promise_no = case when debt.due_minor > 0 then no end
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    if debt.due_minor <= 0 then
        return debt.hold_count + 1;
    end if;
    insert into promise (customer_id, invoice_id, promise_no, given_by, promised_on, until,
        amount_minor, entry_from, state, hold_no, form_nonce, given_at)
    values (the_customer, the_invoice, no, by_whom, the_day, over, debt.due_minor, debt.entry_count,
        'open', debt.hold_count + 1, nonce, now);
    perform event_add(the_customer, the_invoice, now, 'promise.given', json_build_object(
        'promise_no', no, 'promised_on', the_day, 'until', over, 'amount_minor', debt.due_minor,
        'currency', debt.currency, 'by', by_whom, 'hold', debt.hold_count + 1));
    perform pg_notify('dunlin_plan', '');
    return debt.hold_count + 1;
end
$$;
grant execute on function promise_give(bigint, bigint, timestamptz, text, date, date, timestamptz,
    text, text) to dunlin_app;

-- domain/promise.h, promise_is_met(): the debt was settled in time, or what was promised came in.
create function promise_is_met(the promise, debt invoice) returns boolean
    language sql stable
    return coalesce(debt.due_minor <= 0 and debt.paid_at < the.until, false)
        or coalesce((
            select -sum(e.amount_minor) >= the.amount_minor
            from ledger_entry e
            where e.customer_id = the.customer_id and e.invoice_id = the.invoice_id
                and e.entry_no > the.entry_from and e.payment_no is not null
                -- Begun in time is in time, however long the provider takes to say so.
                and (e.at < the.until or exists (
                    select
                    from payment y
                    where y.customer_id = e.customer_id and y.payment_no = e.payment_no
                        and y.created_at < the.until))), false);
grant execute on function promise_is_met(promise, invoice) to dunlin_app;

-- Money settles an open promise in its own transaction, when the entries are there; a debt without one
-- pays nothing for it.
create function promise_follow_money() returns trigger
    language plpgsql as $$
declare
    debt invoice;
    the promise;
begin
    select * into strict debt
    from invoice i where i.customer_id = new.customer_id and i.invoice_id = new.invoice_id;
    select * into the
    from promise p
    where p.customer_id = debt.customer_id and p.invoice_id = debt.invoice_id and p.state = 'open'
    for no key update;
    if found and promise_is_met(the, debt) then
        perform promise_decide(the, 'kept', debt.changed_at);
    end if;
    return null;
end
$$;
create constraint trigger promise_follow_money
    after update of due_minor on invoice
    deferrable initially deferred
    for each row
    when (new.promise_no is not null and new.due_minor < old.due_minor)
    execute function promise_follow_money();

-- Closes those of these debts that are over: kept or broken, or replaced by a plan or a dispute that
-- came since, as nobody waits for the promise then. What a payment on its way may still keep waits for
-- it. How many were kept, and broken.
create function promise_close(customers bigint[], invoices bigint[], now timestamptz,
    in_flight_from timestamptz, out kept bigint, out broken bigint)
    language plpgsql as $$
declare
    debt invoice;
    the promise;
begin
    kept := 0;
    broken := 0;
    for debt in
        select i.*
        from unnest(customers, invoices) w (customer_id, invoice_id)
        join invoice i using (customer_id, invoice_id)
        order by i.customer_id, i.invoice_id
        for no key update of i
    loop
        select * into the
        from promise p
        where p.customer_id = debt.customer_id and p.invoice_id = debt.invoice_id
            and p.state = 'open' and p.until <= now
            and not exists (
                select
                from payment_allocation a
                join payment y using (customer_id, payment_no)
                where a.customer_id = debt.customer_id and a.invoice_id = debt.invoice_id
                    and (y.state = 'pending'
                        or (y.state in ('created', 'started') and y.changed_at > in_flight_from)))
        for no key update;
        if not found then
            continue;
        end if;
        if promise_is_met(the, debt) then
            perform promise_decide(the, 'kept', now);
            kept := kept + 1;
        elsif exists (
                select
                from hold h
                where h.customer_id = debt.customer_id and h.invoice_id = debt.invoice_id
                    and h.kind in ('plan', 'dispute') and h.released_at is null
                    and (h.until is null or h.until > now)) then
            perform promise_decide(the, 'replaced', now);
        else
            perform promise_decide(the, 'broken', now);
            broken := broken + 1;
        end if;
    end loop;
end
$$;
grant execute on function promise_close(bigint[], bigint[], timestamptz, timestamptz) to dunlin_app;
