-- A plan with fewer missed parts than it allows rested for ever when its last part was one of them: no
-- other part could be missed any more. It is broken when all that is open of it is missed. A part that was
-- missed, paid and taken back can be missed anew, or nobody would look at its plan again.
do $$
declare
    new text;
    change text[];
begin
    foreach change slice 1 in array array[
        array['plan_miss', 'and p.missed_max < (
            select count(*) from instalment n',
            'and (
            select count(*) filter (where n.missed_at is not null) > p.missed_max
                or bool_and(n.missed_at is not null)
            from instalment n'],
        array['plan_miss', 'and n.plan_no = p.plan_no and n.is_open and n.missed_at is not null)',
            'and n.plan_no = p.plan_no and n.is_open)'],
        array['plan_follow_money', 'set amount_minor = j.amount_minor,',
            'set amount_minor = j.amount_minor,
            -- Open again: its grace is looked at again.
            missed_at = case when i.is_open or j.is_paid or j.amount_minor = 0 then i.missed_at end,']]
    loop
        new := pg_get_functiondef(change[1]::regproc);
        if position(change[2] in new) = 0 then
            raise exception '% has no %', change[1], change[2];
        end if;
        execute replace(new, change[2], change[3]);
    end loop;
end
$$;

-- Those that rest already are looked at once more.
update instalment n
set missed_at = null
where n.is_open and n.missed_at is not null
    and not exists (
        select from instalment o
        where o.customer_id = n.customer_id and o.invoice_id = n.invoice_id and o.plan_no = n.plan_no
            and o.is_open and o.missed_at is null);

-- As in 0084, but for whoever has paid all that was agreed: they kept the plan, whatever their creditor
-- added to the debt since, and what was forgiven stays so. What came in is counted as plan_follow_money()
-- does.
create or replace function offer_take_back() returns trigger
    language plpgsql as $$
declare
    debt invoice;
    came_in bigint;
begin
    update customer k set money_version = k.money_version + 1 where k.customer_id = new.customer_id;
    select * into strict debt
    from invoice i where i.customer_id = new.customer_id and i.invoice_id = new.invoice_id
    for no key update;
    select greatest(0, coalesce(-sum(e.amount_minor) filter (where e.kind <> 'correction'), 0))
        + greatest(0, coalesce(-sum(e.amount_minor) filter (where e.kind = 'correction'), 0))
    into came_in
    from ledger_entry e
    where e.customer_id = new.customer_id and e.invoice_id = new.invoice_id
        and e.entry_no > new.entry_from
        and e.kind in ('payment', 'refund', 'refund_reversal', 'chargeback', 'chargeback_reversal',
            'correction');
    if came_in >= new.debt_minor + new.fee_minor + new.interest_minor - new.forgiven_minor then
        return null;
    end if;
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at,
        reason)
    values (new.customer_id, new.invoice_id, debt.entry_count + 1, 'correction', new.forgiven_minor,
        debt.currency, new.ended_at, 'offer ' || new.offer_no || ': plan ' || new.state);
    update invoice i
    set due_minor = i.due_minor + new.forgiven_minor,
        entry_count = i.entry_count + 1,
        help_count = i.help_count + 1,
        paid_at = case when i.due_minor + new.forgiven_minor <= 0 then i.paid_at end,
        needs_plan = true,
        changed_at = new.ended_at
    where i.customer_id = new.customer_id and i.invoice_id = new.invoice_id;
    perform event_add(new.customer_id, new.invoice_id, new.ended_at, 'offer.forgiveness_ended',
        json_build_object('offer_no', new.offer_no, 'plan_no', new.plan_no, 'reason',
            'plan ' || new.state, 'amount_minor', new.forgiven_minor));
    return null;
end
$$;

-- What a plan books is no correction of the debt by its creditor: fee and interest when it is approved,
-- and what was forgiven when it ends.
do $$
declare
    old text := pg_get_functiondef('dispute_follow_money'::regproc);
    new text := replace(old, 'and e.payment_no is null',
        'and e.payment_no is null
                and coalesce(e.reason, '''') !~ ''^(plan|offer) [0-9]+(:|$)''');
begin
    if new = old then
        raise exception 'dispute_follow_money does not look at entries';
    end if;
    execute new;
end
$$;
