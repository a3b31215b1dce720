-- The message of an offer stands half a day later on the ladder than it goes, so that no step of the same
-- morning overtakes it. Whoever agreed a plan within this half day, as most do who accept the offer, was
-- never told so: plan_agreed counted as a missed step before the offer. Once a plan is agreed the offer's
-- message stands where the plan does, and plan_agreed behind it.
create or replace function plan_turn() returns trigger
    language plpgsql as $$
declare
    debt invoice;
    the plan;
begin
    select * into strict debt
    from invoice where customer_id = new.customer_id and invoice_id = new.invoice_id;
    select * into the
    from plan p
    where p.customer_id = debt.customer_id and p.invoice_id = debt.invoice_id
        and p.plan_no = coalesce(debt.plan_no, old.plan_no);
    update reminder r
    set state = case r.state when 'scheduled' then 'cancelled' else r.state end,
        reason = 'planned anew',
        finished_at = case r.state when 'scheduled' then debt.changed_at end
    from scenario_step s
    where r.customer_id = debt.customer_id and r.invoice_id = debt.invoice_id
        and r.state in ('scheduled', 'claimed')
        and s.scenario_id = r.scenario_id and s.version = r.version and s.step_no = r.step_no
        and s.anchor <> 'paid' and (s.anchor = 'instalment') = (debt.plan_no is null);
    if debt.plan_no is null then
        update reminder r
        set state = 'cancelled', reason = 'plan over', finished_at = debt.changed_at
        where r.customer_id = debt.customer_id and r.invoice_id = debt.invoice_id
            and r.step = 'plan_agreed_' || old.plan_no and r.state = 'scheduled';
    end if;
    if the.state = 'active' then
        update reminder r
        set ladder_at = coalesce(the.decided_at, the.asked_at)
        where r.customer_id = debt.customer_id and r.invoice_id = debt.invoice_id
            and r.step ~ '^offer_[0-9]+$' and r.scenario_id is null
            and r.ladder_at > coalesce(the.decided_at, the.asked_at);
    end if;
    if the.state in ('active', 'broken') and debt.due_minor > 0 and debt.link_no is not null then
        insert into reminder (customer_id, invoice_id, step, due_at, ladder_at, state, reason)
        select debt.customer_id, debt.invoice_id,
            case the.state when 'active' then 'plan_agreed_' else 'plan_broken_' end || the.plan_no,
            coalesce(the.ended_at, the.decided_at, the.asked_at),
            coalesce(the.ended_at, coalesce(the.decided_at, the.asked_at) + interval '1 second'),
            'scheduled', 'plan ' || the.state
        on conflict (customer_id, invoice_id, step) do nothing;
        notify dunlin_reminder;
    end if;
    update invoice set needs_plan = true
    where customer_id = debt.customer_id and invoice_id = debt.invoice_id and not needs_plan;
    notify dunlin_plan;
    return null;
end
$$;
