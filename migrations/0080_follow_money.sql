-- What is left of each part of a plan in force, in one place; and the money that plans follow, mended.

-- The parts of the plan that a debt's money is followed by, the first one first. Left of a part is what
-- is due and not left of the parts behind it; of a part that was cut away wholly nothing is left, and
-- it does not count.
create function plan_parts(the_customer bigint, the_invoice bigint)
    returns table (part_no integer, place integer, part_count integer, due_date date,
        amount_minor bigint, left_minor bigint, is_open boolean, paid_at timestamptz,
        missed_at timestamptz)
    language sql stable parallel safe
begin atomic
    select n.part_no, (n.part_no - first_value(n.part_no) over every_part + 1)::integer,
        (count(*) filter (where n.amount_minor > 0) over every_part)::integer,
        n.due_date, n.amount_minor,
        least(n.amount_minor, greatest(0,
            i.due_minor - coalesce(sum(n.amount_minor) over behind, 0)))::bigint,
        n.is_open, n.paid_at, n.missed_at
    from invoice i
    join instalment n on n.customer_id = i.customer_id and n.invoice_id = i.invoice_id
        and n.plan_no = i.plan_no
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    window every_part as (order by n.part_no
            rows between unbounded preceding and unbounded following),
        behind as (order by n.part_no desc rows between unbounded preceding and 1 preceding)
    order by n.part_no;
end;
grant execute on function plan_parts(bigint, bigint) to dunlin_app;

-- As in 0070, and besides: a refund that came back is money as the refund was; money taken back that
-- had come in before the plan is owed in its last part, so that what is left of the parts is always what
-- is due; a part of which nothing is left is not open, and its reminders do not wait.
create or replace function plan_follow_money() returns trigger
    language plpgsql as $$
declare
    debt invoice;
    the plan;
    came_in bigint;
    agreed bigint;
    changed bigint;
begin
    select * into strict debt
    from invoice where customer_id = new.customer_id and invoice_id = new.invoice_id;
    select * into the
    from plan p
    where p.customer_id = debt.customer_id and p.invoice_id = debt.invoice_id
        and p.plan_no = debt.plan_no and p.state in ('active', 'completed')
    for no key update;
    if not found then
        return null;
    end if;
    select coalesce(-sum(e.amount_minor), 0)
    into came_in
    from ledger_entry e
    where e.customer_id = the.customer_id and e.invoice_id = the.invoice_id
        and e.entry_no > the.entry_from
        and e.kind in ('payment', 'refund', 'refund_reversal', 'chargeback', 'chargeback_reversal');
    select coalesce(sum(i.agreed_minor), 0)
    into agreed
    from instalment i
    where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id
        and i.plan_no = the.plan_no;
    changed := debt.due_minor - agreed + greatest(0, came_in);
    the.state := case when debt.due_minor <= 0 then 'completed' else 'active' end;
    with part as (
        select i.part_no, greatest(0, i.agreed_minor + case
            when changed >= 0 then case when i.part_no = max(i.part_no) over () then changed else 0 end
            -- What the later parts together cannot give up.
            else least(0, changed + coalesce(sum(i.agreed_minor) over later, 0)) end) as amount_minor
        from instalment i
        where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id
            and i.plan_no = the.plan_no
        window later as (order by i.part_no desc rows between unbounded preceding and 1 preceding)
    ), judged as (
        select p.part_no, p.amount_minor,
            debt.due_minor <= 0 or (p.amount_minor > 0
                and debt.due_minor <= coalesce(sum(p.amount_minor) over later, 0)) as is_paid
        from part p
        window later as (order by p.part_no desc rows between unbounded preceding and 1 preceding)
    ), settled as (
        update instalment i
        set amount_minor = j.amount_minor,
            paid_at = case when j.is_paid then coalesce(i.paid_at, debt.changed_at) end,
            is_open = not j.is_paid and j.amount_minor > 0
        from judged j
        where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id
            and i.part_no = j.part_no
            and (i.amount_minor, i.paid_at is not null, i.is_open)
                is distinct from (j.amount_minor, j.is_paid, not j.is_paid and j.amount_minor > 0)
        returning i.part_no, i.is_open
    )
    update reminder r
    set state = 'cancelled', reason = 'paid', finished_at = debt.changed_at
    from settled s, scenario_step t
    where not s.is_open
        and r.customer_id = the.customer_id and r.invoice_id = the.invoice_id
        and r.state = 'scheduled' and r.anchor_no = s.part_no
        and t.scenario_id = r.scenario_id and t.version = r.version and t.step_no = r.step_no
        and t.anchor = 'instalment';
    if the.state = 'completed' then
        update plan set state = 'completed', ended_at = debt.changed_at
        where customer_id = the.customer_id and invoice_id = the.invoice_id
            and plan_no = the.plan_no and state = 'active';
        if found then
            perform event_add(the.customer_id, the.invoice_id, debt.changed_at, 'plan.completed',
                json_build_object('plan_no', the.plan_no));
        end if;
        update hold set released_at = debt.changed_at
        where customer_id = the.customer_id and invoice_id = the.invoice_id
            and hold_no = the.hold_no and released_at is null;
    else
        update plan set state = 'active', ended_at = null
        where customer_id = the.customer_id and invoice_id = the.invoice_id
            and plan_no = the.plan_no and state = 'completed';
        if found then
            update hold set released_at = null
            where customer_id = the.customer_id and invoice_id = the.invoice_id
                and hold_no = the.hold_no;
            perform event_add(the.customer_id, the.invoice_id, debt.changed_at, 'plan.resumed',
                json_build_object('plan_no', the.plan_no));
        end if;
        -- Parts that are open again may have steps on days that are planned already.
        update invoice set needs_plan = true
        where customer_id = the.customer_id and invoice_id = the.invoice_id and not needs_plan;
    end if;
    return null;
end
$$;
