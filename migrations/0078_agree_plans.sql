-- What an admin says to a plan, and what becomes of one that nobody answers. A customer's own yes is
-- saved by agreed_plan_add (server/store/agreed_plan.sql).

-- 'approve' or 'refuse' one that is asked for, 'end' one in force. The verdict: 'done' (also when it was
-- before: saying it twice is saying it once), 'unknown', 'not_asked', 'not_active', 'late' (its time to
-- be answered is over), 'changed' (what is due is not what was to be split).
create function plan_decide(the_customer bigint, the_invoice bigint, the_plan integer, deed text,
    by_whom text, why text, now timestamptz)
    returns table (verdict text, plan_state text)
    language plpgsql as $$
declare
    the plan;
    debt invoice;
begin
    -- As whoever moves money: what others have read of this customer is old from here on.
    update customer k set money_version = k.money_version + 1 where k.customer_id = the_customer;
    select * into the
    from plan p
    where p.customer_id = the_customer and p.invoice_id = the_invoice and p.plan_no = the_plan
    for no key update;
    if not found then
        return query select 'unknown'::text, null::text;
        return;
    end if;
    plan_state := the.state;
    verdict := case
        when deed = 'approve' and the.decided_by is not null
            and the.state in ('active', 'completed', 'broken', 'ended') then 'done'
        when deed = 'refuse' and the.state = 'refused' then 'done'
        when deed = 'end' and the.state = 'ended' then 'done'
        when deed = 'end' and the.state <> 'active' then 'not_active'
        when deed <> 'end' and the.state <> 'asked' then 'not_asked' end;
    if verdict is not null then
        return next;
        return;
    end if;
    select * into strict debt
    from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    verdict := 'done';
    if deed = 'end' then
        perform event_add(the_customer, the_invoice, now, 'plan.end_ordered',
            json_build_object('plan_no', the_plan, 'by', by_whom, 'reason', why));
        perform plan_end(the_customer, the_invoice, the_plan, 'ended', why, now);
        plan_state := 'ended';
    elsif deed = 'refuse' then
        perform plan_refuse(the, by_whom, why, now);
        perform event_add(the_customer, the_invoice, now, 'plan.refused',
            json_build_object('plan_no', the_plan, 'by', by_whom, 'reason', why));
        plan_state := 'refused';
    elsif not exists (
            select from hold h
            where h.customer_id = the_customer and h.invoice_id = the_invoice
                and h.hold_no = the.hold_no and h.released_at is null and h.until > now) then
        verdict := 'late';
    elsif debt.due_minor <> the.debt_minor then
        verdict := 'changed';
    else
        perform plan_begin(the, debt, by_whom, why, now);
        plan_state := 'active';
    end if;
    return next;
end
$$;

-- One that is asked for comes into force: its cost is booked, its parts are open.
create function plan_begin(the plan, debt invoice, by_whom text, why text, now timestamptz)
    returns void
    language plpgsql as $$
declare
    costs integer := (the.fee_minor > 0)::integer + (the.interest_minor > 0)::integer;
begin
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at,
        reason)
    select the.customer_id, the.invoice_id,
        debt.entry_count + (row_number() over (order by c.place))::integer, c.kind, c.amount_minor,
        debt.currency, now, 'plan ' || the.plan_no
    from (values (1, 'fee', the.fee_minor), (2, 'interest', the.interest_minor))
        c (place, kind, amount_minor)
    where c.amount_minor > 0;
    update plan p
    set state = 'active', decided_at = now, decided_by = by_whom, reason = why,
        entry_from = debt.entry_count + costs
    where p.customer_id = the.customer_id and p.invoice_id = the.invoice_id
        and p.plan_no = the.plan_no;
    update instalment n set is_open = true
    where n.customer_id = the.customer_id and n.invoice_id = the.invoice_id
        and n.plan_no = the.plan_no;
    update hold h set until = null
    where h.customer_id = the.customer_id and h.invoice_id = the.invoice_id
        and h.hold_no = the.hold_no;
    update invoice i
    set due_minor = i.due_minor + the.fee_minor + the.interest_minor,
        entry_count = i.entry_count + costs,
        plan_no = the.plan_no,
        help_count = i.help_count + 1,
        needs_plan = true,
        changed_at = now
    where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id;
    perform event_add(the.customer_id, the.invoice_id, now, 'plan.agreed',
        json_build_object('plan_no', the.plan_no, 'by', by_whom, 'reason', why,
            'fee_minor', the.fee_minor, 'interest_minor', the.interest_minor,
            'total_minor', the.debt_minor + the.fee_minor + the.interest_minor - the.forgiven_minor));
end
$$;

-- One that is asked for comes to nothing, and dunning goes on.
create function plan_refuse(the plan, by_whom text, why text, now timestamptz) returns void
    language plpgsql as $$
begin
    update plan p
    set state = 'refused', decided_at = now, decided_by = by_whom, reason = why, ended_at = now
    where p.customer_id = the.customer_id and p.invoice_id = the.invoice_id
        and p.plan_no = the.plan_no;
    update hold h set released_at = now
    where h.customer_id = the.customer_id and h.invoice_id = the.invoice_id
        and h.hold_no = the.hold_no and h.released_at is null;
    update invoice i set help_count = i.help_count + 1, needs_plan = true, changed_at = now
    where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id;
end
$$;

-- Ends the plans that were asked for and not answered in time, at most so many. Returns how many.
create function plan_lapse(now timestamptz, at_most bigint) returns bigint
    language plpgsql as $$
declare
    the plan;
    old plan[];
begin
    select coalesce(array_agg(p order by p.customer_id), '{}') into old
    from (
        select p.*
        from plan p
        join hold h on h.customer_id = p.customer_id and h.invoice_id = p.invoice_id
            and h.hold_no = p.hold_no
        where p.state = 'asked' and h.until <= now
        order by p.asked_at
        limit at_most) w
    join plan p on p.customer_id = w.customer_id and p.invoice_id = w.invoice_id
        and p.plan_no = w.plan_no;
    foreach the in array old
    loop
        update customer k set money_version = k.money_version + 1
        where k.customer_id = the.customer_id;
        -- Somebody may have answered since.
        select * into the
        from plan p
        where p.customer_id = the.customer_id and p.invoice_id = the.invoice_id
            and p.plan_no = the.plan_no and p.state = 'asked'
        for no key update;
        continue when not found;
        perform plan_refuse(the, null, 'no answer in time', now);
        perform event_add(the.customer_id, the.invoice_id, now, 'plan.lapsed',
            json_build_object('plan_no', the.plan_no));
    end loop;
    return cardinality(old);
end
$$;
grant execute on function plan_decide(bigint, bigint, integer, text, text, text, timestamptz),
    plan_begin(plan, invoice, text, text, timestamptz),
    plan_refuse(plan, text, text, timestamptz), plan_lapse(timestamptz, bigint) to dunlin_app;
