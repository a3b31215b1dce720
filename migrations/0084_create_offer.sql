-- An individual offer for one debt: new terms, made by a rule of the settings or by a person, open for one
-- answer until a day. One that is accepted is a plan from then on, which follows the debt's money.
alter table invoice add column offer_no integer; -- of the one that waits or is open

create function offer_sum(amounts bigint[]) returns bigint
    language sql immutable parallel safe
    return (select sum(a) from unnest(amounts) a)::bigint;

create table offer (
    customer_id bigint not null,
    invoice_id bigint not null,
    offer_no integer not null check (offer_no >= 1),
    -- 'waits': a second person must allow it. 'countered': the customer asks for another one.
    state text not null check (state in ('waits', 'open', 'accepted', 'declined', 'countered',
        'expired', 'withdrawn', 'replaced')),
    kind text not null check (kind in ('longer_term', 'deferral', 'lower_rate', 'forgiveness')),
    rule text,                      -- of the settings; null: made by a person
    made_by text not null,          -- 'rule', or an API key's id
    made_at timestamptz not null,
    decided_by text,                -- who allowed it, or did not
    decided_at timestamptz,
    opened_at timestamptz,          -- the customer can see it from then on
    valid_until date not null,      -- the last day, where the customer is
    over_at timestamptz not null,   -- it can be answered no more from then on
    debt_minor bigint not null check (debt_minor > 0), -- what was due when it was made
    forgiven_minor bigint not null check (forgiven_minor >= 0 and forgiven_minor < debt_minor),
    interest_minor bigint not null check (interest_minor >= 0),
    interest_hundredths integer not null check (interest_hundredths >= 0),
    usual_hundredths integer,       -- the rate of the policy for such debts; null: there was none
    due_dates date[] not null,
    amounts bigint[] not null,
    grace_days integer not null check (grace_days >= 0),
    missed_max integer not null check (missed_max >= 0),
    idempotency_key text,           -- of whoever made it over the API
    answered_at timestamptz,
    form_nonce text,                -- one form submit is one answer
    language text,                  -- of the answer
    page text,                      -- version of the page on which it was given
    terms_version text,             -- what the customer accepted; the text is kept by this name
    decline_reason text check (decline_reason in ('too_much', 'dates', 'not_owed', 'other')),
    counter_minor bigint check (counter_minor > 0), -- what they could pay a month …
    counter_from date,              -- … and from when
    plan_no integer,                -- what it became
    ended_at timestamptz,           -- it expired, was withdrawn or replaced
    reason text,                    -- why
    primary key (customer_id, invoice_id, offer_no),
    check (cardinality(due_dates) between 1 and 36),
    check (cardinality(amounts) = cardinality(due_dates) and 0 < all (amounts)),
    check (offer_sum(amounts) = debt_minor - forgiven_minor + interest_minor),
    check ((state in ('accepted', 'declined', 'countered')) <= (answered_at is not null)),
    check ((state = 'accepted') = (plan_no is not null))
);
-- Never two at once.
create unique index offer_in_force on offer (customer_id, invoice_id)
    where state in ('waits', 'open');
create unique index offer_form on offer (customer_id, form_nonce) where form_nonce is not null;
create unique index offer_order on offer (customer_id, invoice_id, idempotency_key)
    where idempotency_key is not null;
create index offer_over on offer (over_at) where state in ('waits', 'open');
create index offer_listed on offer (state, customer_id, invoice_id, offer_no);
grant select, insert, update on offer to dunlin_app;

-- domain/offer.h, offer_after(): what a deed makes of a state; the same state where it changes nothing.
create function offer_after(state text, deed text) returns text
    language sql immutable parallel safe
    return case
        when state = 'waits' then case deed when 'approve' then 'open' when 'expire' then 'expired'
            when 'withdraw' then 'withdrawn' when 'replace' then 'replaced' else state end
        when state = 'open' then case deed when 'accept' then 'accepted' when 'decline' then 'declined'
            when 'counter' then 'countered' when 'expire' then 'expired'
            when 'withdraw' then 'withdrawn' when 'replace' then 'replaced' else state end
        when state = 'countered' and deed = 'replace' then 'replaced'
        else state end;

-- All of them lock in one order: the customer (their caller), the debt, its offer.

-- What events tell of an offer.
create function offer_facts(the offer) returns json
    language sql immutable
    return json_build_object('offer_no', the.offer_no, 'kind', the.kind, 'rule', the.rule,
        'by', the.made_by, 'valid_until', the.valid_until, 'debt_minor', the.debt_minor,
        'forgiven_minor', nullif(the.forgiven_minor, 0),
        'interest_minor', nullif(the.interest_minor, 0),
        'interest_hundredths', nullif(the.interest_hundredths, 0),
        'total_minor', offer_sum(the.amounts), 'parts', (
            select json_agg(json_build_object('due_date', p.due_date, 'amount_minor', p.amount_minor)
                order by p.n)
            from unnest(the.due_dates, the.amounts) with ordinality p (due_date, amount_minor, n)));

-- It is open: the customer is told by a message of its own, which goes by the manners of all others. On the
-- ladder it stands half a day later, so that it takes the place of a step of the same morning instead of
-- being overtaken by it.
create function offer_open(the offer, now timestamptz) returns void
    language plpgsql as $$
begin
    insert into reminder (customer_id, invoice_id, step, due_at, ladder_at, state, reason)
    select i.customer_id, i.invoice_id, 'offer_' || the.offer_no, now, now + interval '12 hours',
        'scheduled', 'offer made'
    from invoice i
    where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id and i.link_no is not null
    on conflict (customer_id, invoice_id, step) do nothing;
    perform event_add(the.customer_id, the.invoice_id, now, 'offer.made', offer_facts(the));
    notify dunlin_reminder;
end
$$;

-- One that waits or is open comes to its end without becoming a plan. Its message does not go any more.
create function offer_end(the offer, deed text, why text, by_whom text, now timestamptz) returns void
    language plpgsql as $$
declare
    the_state text := offer_after(the.state, deed);
begin
    update offer o
    set state = the_state, reason = why, ended_at = now
    where o.customer_id = the.customer_id and o.invoice_id = the.invoice_id
        and o.offer_no = the.offer_no;
    update invoice i
    set offer_no = null, help_count = i.help_count + 1
    where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id
        and i.offer_no = the.offer_no;
    update reminder r
    set state = 'cancelled', reason = 'offer ' || the_state, finished_at = now
    where r.customer_id = the.customer_id and r.invoice_id = the.invoice_id
        and split_part(r.step, '+', 1) = 'offer_' || the.offer_no and r.state = 'scheduled';
    perform event_add(the.customer_id, the.invoice_id, now, 'offer.' || the_state,
        json_build_object('offer_no', the.offer_no, 'reason', why, 'by', by_whom));
end
$$;

-- Makes one, as reckoned by domain/offer.h from what was read: `version` is the customer's money_version
-- then (null: whatever it is now). One that waits, is open or was countered is replaced where `given` says
-- so. The verdict: 'made', 'waits' (somebody must allow it first), 'same' (of this idempotency key,
-- before), 'moved' (what was read is old), 'plan', 'offer' (there is one), 'unknown'.
create function offer_add(the_customer bigint, the_invoice bigint, version bigint, given json,
    now timestamptz)
    returns table (verdict text, made_no integer)
    language plpgsql as $$
declare
    debt invoice;
    owner customer;
    older offer;
    the offer;
begin
    select * into owner
    from customer k where k.customer_id = the_customer
    for no key update;
    select * into debt
    from invoice i where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    if debt.invoice_id is null then
        return query select 'unknown', 0;
        return;
    end if;
    select o.offer_no into made_no
    from offer o
    where o.customer_id = the_customer and o.invoice_id = the_invoice
        and o.idempotency_key = given ->> 'idempotency_key';
    if found then
        return query select 'same', made_no;
        return;
    end if;
    select * into older
    from offer o
    where o.customer_id = the_customer and o.invoice_id = the_invoice
        and o.state in ('waits', 'open', 'countered')
    order by o.offer_no desc
    limit 1;
    verdict := case
        when owner.money_version <> version or debt.due_minor <> (given ->> 'debt_minor')::bigint
            then 'moved'
        when exists (
            select from plan p
            where p.customer_id = the_customer and p.invoice_id = the_invoice
                and p.state in ('asked', 'active')) then 'plan'
        when older.state in ('waits', 'open') and not (given ->> 'replaces')::boolean then 'offer'
        when not (given ->> 'is_allowed')::boolean then 'waits'
        else 'made' end;
    if verdict not in ('made', 'waits') then
        return query select verdict, 0;
        return;
    end if;
    if older.offer_no is not null then
        perform offer_end(older, 'replace', 'a newer one', given ->> 'made_by', now);
    end if;
    insert into offer (customer_id, invoice_id, offer_no, state, kind, rule, made_by, made_at,
        valid_until, over_at, debt_minor, forgiven_minor, interest_minor, interest_hundredths,
        usual_hundredths, due_dates, amounts, grace_days, missed_max, idempotency_key, opened_at)
    select the_customer, the_invoice, coalesce((
            select max(o.offer_no) from offer o
            where o.customer_id = the_customer and o.invoice_id = the_invoice), 0) + 1,
        case verdict when 'made' then 'open' else 'waits' end, g.kind, g.rule, g.made_by, now,
        g.valid_until, (g.valid_until + 1)::timestamp at time zone owner.time_zone, g.debt_minor,
        g.forgiven_minor, g.interest_minor, g.interest_hundredths, g.usual_hundredths, g.due_dates,
        g.amounts, g.grace_days, g.missed_max, g.idempotency_key,
        case verdict when 'made' then now end
    from json_populate_record(null::offer, given) g
    returning * into the;
    update invoice i
    set offer_no = the.offer_no, help_count = i.help_count + 1
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    update customer k set money_version = k.money_version + 1 where k.customer_id = the_customer;
    if verdict = 'made' then
        perform offer_open(the, now);
    else
        perform event_add(the_customer, the_invoice, now, 'offer.proposed', offer_facts(the));
    end if;
    return query select verdict, the.offer_no;
end
$$;

-- What the creditor says to one: 'approve' or 'withdraw'. The verdict: 'done' (also when it was before),
-- 'own' (whoever proposed it does not allow it), 'not' (its state does not take it), 'late' (its time is
-- over), 'changed' (another amount is due), 'unknown'.
create function offer_decide(the_customer bigint, the_invoice bigint, the_no integer, deed text,
    by_whom text, why text, now timestamptz)
    returns table (verdict text, offer_state text)
    language plpgsql as $$
declare
    the offer;
begin
    update customer k set money_version = k.money_version + 1 where k.customer_id = the_customer;
    perform from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    select * into the
    from offer o
    where o.customer_id = the_customer and o.invoice_id = the_invoice and o.offer_no = the_no;
    if not found then
        return query select 'unknown', null::text;
        return;
    end if;
    verdict := case
        when deed = 'approve' and the.state = 'open' and the.decided_by is not null then 'done'
        when deed = 'withdraw' and the.state = 'withdrawn' then 'done'
        when offer_after(the.state, deed) = the.state then 'not'
        when deed = 'approve' and the.made_by = by_whom then 'own'
        when deed = 'approve' and the.over_at <= now then 'late'
        when deed = 'approve' and not exists (
            select from invoice i
            where i.customer_id = the_customer and i.invoice_id = the_invoice
                and i.due_minor = the.debt_minor) then 'changed' end;
    if verdict is null then
        verdict := 'done';
        if deed = 'withdraw' then
            perform offer_end(the, deed, why, by_whom, now);
        else
            update offer o
            set state = 'open', decided_by = by_whom, decided_at = now, opened_at = now
            where o.customer_id = the_customer and o.invoice_id = the_invoice
                and o.offer_no = the_no
            returning * into the;
            update invoice i set help_count = i.help_count + 1
            where i.customer_id = the_customer and i.invoice_id = the_invoice;
            perform event_add(the_customer, the_invoice, now, 'offer.approved',
                json_build_object('offer_no', the_no, 'by', by_whom));
            perform offer_open(the, now);
        end if;
    end if;
    return query
    select verdict, o.state
    from offer o
    where o.customer_id = the_customer and o.invoice_id = the_invoice and o.offer_no = the_no;
end
$$;

-- The customer's yes, behind the debt's guard: what is forgiven and the interest are booked, and the offer
-- is a plan in force.
create function offer_accept(the_customer bigint, the_invoice bigint, the_no integer, nonce text,
    terms text, spoken text, seen_page text, now timestamptz) returns void
    language plpgsql as $$
declare
    debt invoice;
    the offer;
    the_plan integer;
    first_part integer;
    booked integer;
begin
    select * into strict debt
    from invoice i where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    select coalesce(max(p.plan_no), 0) + 1 into the_plan
    from plan p where p.customer_id = the_customer and p.invoice_id = the_invoice;
    select coalesce(max(n.part_no), 0) + 1 into first_part
    from instalment n where n.customer_id = the_customer and n.invoice_id = the_invoice;
    update offer o
    set state = offer_after(o.state, 'accept'), answered_at = now, form_nonce = nonce,
        language = spoken, page = seen_page, terms_version = terms, plan_no = the_plan
    where o.customer_id = the_customer and o.invoice_id = the_invoice and o.offer_no = the_no
        and o.state = 'open'
    returning * into strict the;
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at,
        reason)
    select the_customer, the_invoice,
        debt.entry_count + (row_number() over (order by e.place))::integer, e.kind, e.amount_minor,
        debt.currency, now, 'offer ' || the_no
    from (values (1, 'write_off', -the.forgiven_minor), (2, 'interest', the.interest_minor))
        e (place, kind, amount_minor)
    where e.amount_minor <> 0;
    get diagnostics booked = row_count;
    insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
    values (the_customer, the_invoice, debt.hold_count + 1, 'plan', now);
    insert into plan (customer_id, invoice_id, plan_no, state, policy, offer_no, debt_minor,
        interest_minor, forgiven_minor, grace_days, missed_max, first_part_no, part_count, entry_from,
        hold_no, terms_version, language, page, form_nonce, asked_at, decided_at)
    values (the_customer, the_invoice, the_plan, 'active', coalesce(the.rule, 'offer'), the_no,
        the.debt_minor, the.interest_minor, the.forgiven_minor, the.grace_days, the.missed_max,
        first_part, cardinality(the.amounts), debt.entry_count + booked, debt.hold_count + 1, terms,
        spoken, seen_page, nonce, now, now);
    insert into instalment (customer_id, invoice_id, part_no, due_date, amount_minor, agreed_minor,
        plan_no)
    select the_customer, the_invoice, first_part + p.n - 1, p.due_date, p.amount_minor,
        p.amount_minor, the_plan
    from unnest(the.due_dates, the.amounts) with ordinality p (due_date, amount_minor, n);
    update invoice i
    set due_minor = i.due_minor - the.forgiven_minor + the.interest_minor,
        entry_count = i.entry_count + booked,
        hold_count = i.hold_count + 1,
        help_count = i.help_count + 1,
        plan_no = the_plan,
        offer_no = null,
        needs_plan = true,
        changed_at = now
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    update reminder r
    set state = 'cancelled', reason = 'offer accepted', finished_at = now
    where r.customer_id = the_customer and r.invoice_id = the_invoice
        and split_part(r.step, '+', 1) = 'offer_' || the_no and r.state = 'scheduled';
    perform event_add(the_customer, the_invoice, now, 'offer.accepted', json_build_object('offer_no',
        the_no, 'plan_no', the_plan, 'terms', terms, 'language', spoken, 'page', seen_page));
    perform event_add(the_customer, the_invoice, now, 'plan.agreed', json_build_object('plan_no',
        the_plan, 'offer_no', the_no, 'debt_minor', the.debt_minor,
        'forgiven_minor', nullif(the.forgiven_minor, 0), 'interest_minor', the.interest_minor,
        'total_minor', offer_sum(the.amounts), 'parts', (
            select json_agg(json_build_object('part_no', first_part + p.n - 1, 'due_date', p.due_date,
                'amount_minor', p.amount_minor) order by p.n)
            from unnest(the.due_dates, the.amounts) with ordinality p (due_date, amount_minor, n))));
end
$$;

-- Their no, with why if they say so; or what they could pay instead. Behind the debt's guard.
create function offer_refuse(the_customer bigint, the_invoice bigint, the_no integer, deed text,
    nonce text, spoken text, seen_page text, why text, a_month bigint, from_day date,
    now timestamptz) returns void
    language plpgsql as $$
declare
    the offer;
begin
    update offer o
    set state = offer_after(o.state, deed), answered_at = now, form_nonce = nonce, language = spoken,
        page = seen_page, decline_reason = why, counter_minor = a_month, counter_from = from_day
    where o.customer_id = the_customer and o.invoice_id = the_invoice and o.offer_no = the_no
        and o.state = 'open'
    returning * into strict the;
    update invoice i
    set offer_no = null, help_count = i.help_count + 1
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    update reminder r
    set state = 'cancelled', reason = 'offer ' || the.state, finished_at = now
    where r.customer_id = the_customer and r.invoice_id = the_invoice
        and split_part(r.step, '+', 1) = 'offer_' || the_no and r.state = 'scheduled';
    perform event_add(the_customer, the_invoice, now, 'offer.' || the.state, json_build_object(
        'offer_no', the_no, 'reason', why, 'a_month_minor', a_month, 'from', from_day, 'language',
        spoken, 'page', seen_page));
end
$$;

-- Ends those whose time is over, at most so many. Returns how many.
create function offer_expire(now timestamptz, at_most bigint) returns bigint
    language plpgsql as $$
declare
    due record;
    the offer;
    ended bigint := 0;
begin
    for due in
        select w.customer_id, w.invoice_id, w.offer_no
        from (
            select o.customer_id, o.invoice_id, o.offer_no
            from offer o
            where o.state in ('waits', 'open') and o.over_at <= now
            order by o.over_at
            limit at_most) w
        order by w.customer_id, w.invoice_id
    loop
        update customer k set money_version = k.money_version + 1
        where k.customer_id = due.customer_id;
        perform from invoice i
        where i.customer_id = due.customer_id and i.invoice_id = due.invoice_id
        for no key update;
        -- Somebody may have answered since.
        select * into the
        from offer o
        where o.customer_id = due.customer_id and o.invoice_id = due.invoice_id
            and o.offer_no = due.offer_no and o.state in ('waits', 'open');
        continue when not found;
        perform offer_end(the, 'expire', null, null, now);
        ended := ended + 1;
    end loop;
    return ended;
end
$$;

-- An offer is about what was due when it was made: it ends when that is paid, changed, or put in a plan. At
-- the end of the transaction, when all is there, in whatever order it was written.
create function offer_follow_debt() returns trigger
    language plpgsql as $$
declare
    debt invoice;
    the offer;
begin
    select * into strict debt
    from invoice i where i.customer_id = new.customer_id and i.invoice_id = new.invoice_id
    for no key update;
    select * into the
    from offer o
    where o.customer_id = debt.customer_id and o.invoice_id = debt.invoice_id
        and o.offer_no = debt.offer_no and o.state in ('waits', 'open');
    if found and (debt.plan_no is not null or debt.due_minor <> the.debt_minor) then
        perform offer_end(the, 'withdraw', case when debt.due_minor <= 0 then 'paid'
            when debt.plan_no is not null then 'plan' else 'changed' end, null, debt.changed_at);
    end if;
    return null;
end
$$;
create constraint trigger offer_follow_debt
    after update of due_minor, plan_no on invoice
    deferrable initially deferred
    for each row
    when (new.offer_no is not null and (new.due_minor is distinct from old.due_minor
        or new.plan_no is distinct from old.plan_no))
    execute function offer_follow_debt();

-- What was forgiven was forgiven for the sake of a plan that was to be kept: when that is broken or ended
-- it is owed again, as an entry of its own that everybody can see.
create function offer_take_back() returns trigger
    language plpgsql as $$
declare
    debt invoice;
begin
    update customer k set money_version = k.money_version + 1 where k.customer_id = new.customer_id;
    select * into strict debt
    from invoice i where i.customer_id = new.customer_id and i.invoice_id = new.invoice_id
    for no key update;
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
create constraint trigger offer_take_back
    after update of state on plan
    deferrable initially deferred
    for each row
    when (new.forgiven_minor > 0 and old.state = 'active' and new.state in ('broken', 'ended'))
    execute function offer_take_back();

grant execute on function offer_sum(bigint[]), offer_after(text, text), offer_facts(offer),
    offer_open(offer, timestamptz), offer_end(offer, text, text, text, timestamptz),
    offer_add(bigint, bigint, bigint, json, timestamptz),
    offer_decide(bigint, bigint, integer, text, text, text, timestamptz),
    offer_accept(bigint, bigint, integer, text, text, text, text, timestamptz),
    offer_refuse(bigint, bigint, integer, text, text, text, text, text, bigint, date, timestamptz),
    offer_expire(timestamptz, bigint) to dunlin_app;
