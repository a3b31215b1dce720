-- A debt in parts, as agreed with its customer: the plan, and its parts. Parts are numbered on over all
-- plans of a debt, so that a reminder's name, which holds the number, means one part for ever.
alter table invoice
    -- How many plans, offers, promises, disputes and other requests there ever were: a debt that never
    -- had one is read without looking for them.
    add column help_count integer not null default 0,
    add column plan_no integer; -- of the plan that the debt's money is followed by (plan_follow_money)

create table plan (
    customer_id bigint not null,
    invoice_id bigint not null,
    plan_no integer not null check (plan_no >= 1),
    -- 'asked': waits for an admin's yes. 'broken': parts were missed. 'ended': by an admin.
    state text not null check (state in ('asked', 'active', 'completed', 'broken', 'refused', 'ended')),
    policy text not null,           -- the name of the settings' policy that allowed it
    offer_no integer,               -- the individual offer that it came of
    debt_minor bigint not null check (debt_minor > 0), -- what was due when it was agreed
    fee_minor bigint not null default 0 check (fee_minor >= 0),
    interest_minor bigint not null default 0 check (interest_minor >= 0),
    forgiven_minor bigint not null default 0 check (forgiven_minor >= 0 and forgiven_minor < debt_minor),
    grace_days integer not null check (grace_days >= 0),   -- of each part, as the policy was then
    missed_max integer not null check (missed_max >= 0),   -- one more missed part breaks it
    first_part_no integer not null check (first_part_no >= 1),
    part_count integer not null check (part_count >= 1),
    entry_from integer,             -- entries of the ledger up to this one are in the parts; null: asked
    hold_no integer,                -- why the debt's own dunning rests meanwhile
    terms_version text,             -- what the customer accepted; the text is kept by this name
    language text not null,
    page text,                      -- the version of the page on which it was accepted
    form_nonce text,                -- one form submit is one plan
    asked_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    reason text,                    -- why it was refused, broken or ended
    ended_at timestamptz,
    primary key (customer_id, invoice_id, plan_no)
);
-- Never two at once.
create unique index plan_in_force on plan (customer_id, invoice_id) where state in ('asked', 'active');
create unique index plan_form on plan (customer_id, form_nonce) where form_nonce is not null;
create index plan_asked on plan (asked_at) where state = 'asked';
grant select, insert, update on plan to dunlin_app;

alter table instalment
    add column plan_no integer not null default 1,
    add column agreed_minor bigint not null default 0 check (agreed_minor >= 0),
    -- To be paid, and reminded of: its plan is in force, and it is not paid.
    add column is_open boolean not null default true,
    add column missed_at timestamptz, -- its grace was over before it was paid
    drop constraint instalment_amount_minor_check,
    -- As agreed, and what the creditor changed on the debt since then. Nothing is left of a part that
    -- was cut away.
    add check (amount_minor >= 0);
alter table instalment add check (not is_open or paid_at is null);
drop index instalment_by_due;
create index instalment_by_due on instalment (due_date, customer_id) where is_open;

-- Only what is open is reminded of.
do $$
declare
    old text := pg_get_functiondef('plan_judge'::regproc);
    new text := replace(old, 'p.paid_at is null', 'p.is_open');
begin
    if new = old then
        raise exception 'plan_judge does not look at instalments';
    end if;
    execute new;
end
$$;

-- Adds one event to the chain of a debt. For what is rare: hot paths add theirs within their own
-- statement.
create function event_add(the_customer bigint, the_invoice bigint, now timestamptz, the_kind text,
    the_facts json) returns integer
    language plpgsql as $$
declare
    head bytea;
    no integer;
begin
    select chain_head, event_count + 1
    into strict head, no
    from invoice
    where customer_id = the_customer and invoice_id = the_invoice
    for no key update;
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)
    values (the_customer, the_invoice, no, now, the_kind, json_strip_nulls(the_facts)::text, head,
        event_hash(head, the_customer, the_invoice, no, now, the_kind,
            json_strip_nulls(the_facts)::text, null));
    update invoice
    set event_count = no, chain_head = event_hash(head, the_customer, the_invoice, no, now, the_kind,
        json_strip_nulls(the_facts)::text, null)
    where customer_id = the_customer and invoice_id = the_invoice;
    return no;
end
$$;
grant execute on function event_add(bigint, bigint, timestamptz, text, json) to dunlin_app;

-- Puts what came in on the parts of a debt's plan, the first one first, and what the creditor changed on
-- the debt on its last ones: so the parts always sum to what was agreed and changed, and what is left of
-- them to what is due. A plan of which nothing is left is completed; one whose money is taken back goes
-- on. Nothing is remembered from one time to the next, so the order in which money moves has no meaning.
create function plan_follow_money() returns trigger
    language plpgsql as $$
declare
    debt invoice;
    the plan;
    covered bigint;
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
    select
        coalesce(-sum(e.amount_minor) filter (where e.kind in
            ('payment', 'refund', 'chargeback', 'chargeback_reversal')), 0),
        coalesce(sum(e.amount_minor) filter (where e.kind not in
            ('payment', 'refund', 'chargeback', 'chargeback_reversal')), 0)
    into covered, changed
    from ledger_entry e
    where e.customer_id = the.customer_id and e.invoice_id = the.invoice_id
        and e.entry_no > the.entry_from;
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
        select p.part_no, p.amount_minor, sum(p.amount_minor) over (order by p.part_no) <= covered
            or debt.due_minor <= 0 as is_paid
        from part p
    ), settled as (
        update instalment i
        set amount_minor = j.amount_minor,
            paid_at = case when j.is_paid then coalesce(i.paid_at, debt.changed_at) end,
            is_open = not j.is_paid and the.state = 'active'
        from judged j
        where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id
            and i.part_no = j.part_no
            and (i.amount_minor, i.paid_at is not null, i.is_open)
                is distinct from (j.amount_minor, j.is_paid, not j.is_paid and the.state = 'active')
        returning i.part_no, j.is_paid
    )
    update reminder r
    set state = 'cancelled', reason = 'paid', finished_at = debt.changed_at
    from settled s, scenario_step t
    where s.is_paid
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
-- At the end of the transaction, when the entries are there, in whatever order it wrote them.
create constraint trigger plan_follow_money
    after update of due_minor on invoice
    deferrable initially deferred
    for each row
    when (new.plan_no is not null and new.due_minor is distinct from old.due_minor)
    execute function plan_follow_money();
