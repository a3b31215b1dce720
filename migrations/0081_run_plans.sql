-- A plan in force runs: whose turn it is to remind, the ladder's or the parts', when a part is missed, and
-- when that breaks the plan.

-- Meanwhile the debt's own ladder is not planned, so that none of its steps is overtaken by a part's; when
-- the plan is over its newest missed step comes, as after an outage, whatever the parts were reminded of.
-- Steps of a part whose day was over when the plan was agreed do not come.
do $$
declare
    new text := pg_get_functiondef('plan_judge'::regproc);
    change text[];
begin
    foreach change slice 1 in array array[
        array['i.campaign_id, i.payer_time_zone', 'i.campaign_id, i.plan_no, i.payer_time_zone'],
        array['when t.campaign_id is not null then ''campaign''',
            'when t.campaign_id is not null then ''campaign''
            when t.plan_no is not null and t.anchor not in (''instalment'', ''paid'') then ''plan'''],
        array['when t.is_missed and ($11 at time zone', 'when t.is_missed and t.anchor = ''instalment'' and exists (
                select
                from plan p
                where p.customer_id = t.customer_id and p.invoice_id = t.invoice_id
                    and p.plan_no = t.plan_no and coalesce(p.decided_at, p.asked_at) >= t.due_at)
                then ''before the plan''
            when t.is_missed and ($11 at time zone'],
        array['t.is_missed, t.is_paid,
        (t.asked).is_work,', 't.is_missed, t.is_paid,
        t.anchor = ''instalment'' as is_part, (t.asked).is_work,'],
        array['and (x.step like ''paid\_%'' or x.step like ''thanks%'') = r.is_paid',
            'and (x.step like ''paid\_%'' or x.step like ''thanks%'') = r.is_paid
        and (x.step = r.step or (x.anchor_no is not null and exists (
            select
            from scenario_step y
            where y.scenario_id = x.scenario_id and y.version = x.version and y.step_no = x.step_no
                and y.anchor = ''instalment'')) = r.is_part)']]
    loop
        if position(change[1] in new) = 0 then
            raise exception 'plan_judge has no %', change[1];
        end if;
        new := replace(new, change[1], change[2]);
    end loop;
    execute new;
end
$$;

-- Ends a plan: 'broken' or 'ended'. Its caller has locked the customer, and the trigger below gives the
-- ladder its turn.
create function plan_end(the_customer bigint, the_invoice bigint, the_plan integer, the_state text,
    why text, now timestamptz) returns void
    language plpgsql as $$
declare
    the plan;
begin
    update plan set state = the_state, reason = why, ended_at = now
    where customer_id = the_customer and invoice_id = the_invoice and plan_no = the_plan
        and state = 'active'
    returning * into the;
    if not found then
        return;
    end if;
    update instalment set is_open = false
    where customer_id = the_customer and invoice_id = the_invoice and plan_no = the_plan and is_open;
    update hold set released_at = now
    where customer_id = the_customer and invoice_id = the_invoice and hold_no = the.hold_no
        and released_at is null;
    update invoice set plan_no = null, changed_at = now
    where customer_id = the_customer and invoice_id = the_invoice and plan_no = the_plan;
    perform event_add(the_customer, the_invoice, now, 'plan.' || the_state,
        json_build_object('plan_no', the_plan, 'reason', why, 'missed_max', the.missed_max, 'missed', (
            select json_agg(n.part_no order by n.part_no)
            from instalment n
            where n.customer_id = the_customer and n.invoice_id = the_invoice
                and n.plan_no = the_plan and n.missed_at is not null and n.paid_at is null)));
end
$$;
grant execute on function plan_end(bigint, bigint, integer, text, text, timestamptz) to dunlin_app;

-- A debt comes to be in a plan, or is no longer: what was planned of the other's turn goes, and the customer
-- is told: that it is agreed, behind whatever the ladder said before; that it is broken, when the debt is
-- planned again, unless a missed step of the ladder tells them, which is newer.
create function plan_turn() returns trigger
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
create constraint trigger plan_turn
    after update of plan_no on invoice
    deferrable initially deferred
    for each row
    when (new.plan_no is distinct from old.plan_no)
    execute function plan_turn();

-- The parts whose grace is over where their customer is, and that are not missed yet. Nothing is missed
-- while a payment is on its way or the debt rests for another reason than the plan.
create function plan_late_parts(now timestamptz, in_flight_from timestamptz)
    returns table (customer_id bigint, invoice_id bigint, plan_no integer, part_no integer,
        due_date date, grace_days integer, missed_max integer)
    language sql stable parallel safe
begin atomic
    select n.customer_id, n.invoice_id, n.plan_no, n.part_no, n.due_date, p.grace_days, p.missed_max
    from instalment n
    join invoice i on i.customer_id = n.customer_id and i.invoice_id = n.invoice_id
        and i.plan_no = n.plan_no
    join plan p on p.customer_id = n.customer_id and p.invoice_id = n.invoice_id
        and p.plan_no = n.plan_no and p.state = 'active'
    join customer k on k.customer_id = n.customer_id
    where n.is_open and n.missed_at is null and i.due_minor > 0
        and n.due_date <= (now at time zone 'UTC')::date -- no zone is a whole day ahead
        and n.due_date + p.grace_days < (now at time zone k.time_zone)::date
        and not exists (
            select from hold h
            where h.customer_id = n.customer_id and h.invoice_id = n.invoice_id
                and h.kind <> 'plan' and h.released_at is null
                and (h.until is null or h.until > now))
        and not exists (
            select from payment_allocation a
            join payment y on y.customer_id = a.customer_id and y.payment_no = a.payment_no
            where a.customer_id = n.customer_id and a.invoice_id = n.invoice_id
                and (y.state = 'pending'
                    or (y.state in ('created', 'started') and y.changed_at > in_flight_from)));
end;
grant execute on function plan_late_parts(timestamptz, timestamptz) to dunlin_app;
create index instalment_to_miss on instalment (due_date, customer_id)
    where is_open and missed_at is null;

-- Notes the missed parts of these debts, each once, and breaks the plans that are over their limit. A part
-- that is paid after it was missed does not count any more.
create function plan_miss(customer_ids bigint[], invoice_ids bigint[], now timestamptz,
    in_flight_from timestamptz)
    returns table (missed_count bigint, broken_count bigint)
    language plpgsql as $$
declare
    late record;
begin
    missed_count := 0;
    broken_count := 0;
    -- As whoever moves money: what they have read of these customers is old from here on.
    perform from customer k
    where k.customer_id = any (customer_ids)
    order by k.customer_id
    for no key update;
    for late in
        select l.*, (
            select n.left_minor from plan_parts(l.customer_id, l.invoice_id) n
            where n.part_no = l.part_no) as left_minor
        from unnest(customer_ids, invoice_ids) w (customer_id, invoice_id)
        join plan_late_parts(now, in_flight_from) l using (customer_id, invoice_id)
        order by l.customer_id, l.invoice_id, l.part_no
    loop
        update instalment n set missed_at = now
        where n.customer_id = late.customer_id and n.invoice_id = late.invoice_id
            and n.part_no = late.part_no;
        perform event_add(late.customer_id, late.invoice_id, now, 'plan.part_missed',
            json_build_object('plan_no', late.plan_no, 'part_no', late.part_no, 'due_date',
                late.due_date, 'grace_days', late.grace_days, 'left_minor', late.left_minor));
        missed_count := missed_count + 1;
        update customer k set money_version = k.money_version + 1
        where k.customer_id = late.customer_id;
    end loop;
    for late in
        select p.customer_id, p.invoice_id, p.plan_no
        from unnest(customer_ids, invoice_ids) w (customer_id, invoice_id)
        join plan p using (customer_id, invoice_id)
        where p.state = 'active' and p.missed_max < (
            select count(*) from instalment n
            where n.customer_id = p.customer_id and n.invoice_id = p.invoice_id
                and n.plan_no = p.plan_no and n.is_open and n.missed_at is not null)
        order by p.customer_id, p.invoice_id
    loop
        perform plan_end(late.customer_id, late.invoice_id, late.plan_no, 'broken', 'parts missed', now);
        broken_count := broken_count + 1;
    end loop;
    return next;
end
$$;
grant execute on function plan_miss(bigint[], bigint[], timestamptz, timestamptz) to dunlin_app;

-- What a customer may refuse, as in 0058, and the same before and on the day of a part.
create or replace function reminder_is_refusable(step text, scenario_id bigint, version integer,
    step_no integer) returns boolean
    language sql stable parallel safe
    return coalesce((
            select nullif(s.template, '') from scenario_step s
            where s.scenario_id = reminder_is_refusable.scenario_id
                and s.version = reminder_is_refusable.version
                and s.step_no = reminder_is_refusable.step_no),
        case when reminder_is_thanks(step) then 'thanks' else split_part(step, '+', 1) end)
        in ('issue', 'before', 'before_2', 'before_leasing', 'due', 'thanks', 'details',
            'instalment_before', 'instalment_due');

-- What a page shows of a debt's plan: the one that its money is followed by, else the newest; of the former
-- what is to be paid next, and what is left of the parts whose day is over. Strict, so that it is not
-- called, nor made part of a larger statement, for a debt that never had one.
create function page_plan(the_customer bigint, the_invoice bigint, now timestamptz)
    returns table (state text, answer_by date, part_count bigint, paid_count bigint, place bigint,
        part_due date, part_days_left integer, part_minor bigint, late_minor bigint)
    language sql stable strict parallel safe rows 1
begin atomic
    select p.state, (h.until at time zone k.time_zone)::date - 1, n.part_count, n.paid_count, n.place,
        n.part_due, n.part_due - (now at time zone k.time_zone)::date, n.part_minor, n.late_minor
    from customer k
    join invoice i on i.customer_id = k.customer_id and i.invoice_id = the_invoice
    join plan p on p.customer_id = i.customer_id and p.invoice_id = i.invoice_id
    left join hold h on h.customer_id = p.customer_id and h.invoice_id = p.invoice_id
        and h.hold_no = p.hold_no
    cross join lateral (
        select min(n.part_count)::bigint as part_count,
            count(*) filter (where n.paid_at is not null and n.amount_minor > 0) as paid_count,
            min(n.place) filter (where n.is_open)::bigint as place,
            min(n.due_date) filter (where n.is_open) as part_due,
            (array_agg(n.left_minor order by n.part_no) filter (where n.is_open))[1] as part_minor,
            (sum(n.left_minor) filter (where n.is_open
                and n.due_date < (now at time zone k.time_zone)::date))::bigint as late_minor
        from plan_parts(i.customer_id, i.invoice_id) n
        where p.plan_no = i.plan_no
    ) n
    where k.customer_id = the_customer
    order by p.plan_no = i.plan_no desc nulls last, p.plan_no desc
    limit 1;
end;
grant execute on function page_plan(bigint, bigint, timestamptz) to dunlin_app;

-- The same of a plan in force as programs are told it, as JSON; null without one.
create function plan_progress(the_customer bigint, the_invoice bigint, now timestamptz) returns text
    language sql stable strict parallel safe
begin atomic
    select json_build_object('parts', p.part_count, 'paid', p.paid_count,
        'late_minor', coalesce(p.late_minor, 0), 'next', json_build_object('part', p.place,
            'due_date', p.part_due, 'left_minor', p.part_minor))::text
    from page_plan(the_customer, the_invoice, now) p
    where p.state = 'active' and p.place is not null;
end;
grant execute on function plan_progress(bigint, bigint, timestamptz) to dunlin_app;
