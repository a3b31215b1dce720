-- What a customer says against a debt, and the creditor's answer. What they write lies in the personal
-- part of the events that tell of it, nowhere else: there it is proved by its hash, and erased with the
-- person.

-- event_add() with a personal part: JSON and its salt, or nulls.
create function event_add_personal(the_customer bigint, the_invoice bigint, now timestamptz,
    the_kind text, the_facts json, the_salt bytea, personal text) returns integer
    language plpgsql as $$
declare
    head bytea;
    no integer;
    told text := json_strip_nulls(the_facts)::text;
    -- event_personal_hash() of domain/event.h.
    personal_hash bytea := sha256(the_salt || convert_to(personal, 'UTF8'));
begin
    select chain_head, event_count + 1
    into strict head, no
    from invoice
    where customer_id = the_customer and invoice_id = the_invoice
    for no key update;
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, personal_hash, prev_hash,
        hash)
    values (the_customer, the_invoice, no, now, the_kind, told, personal_hash, head,
        event_hash(head, the_customer, the_invoice, no, now, the_kind, told, personal_hash));
    if personal_hash is not null then
        insert into event_personal (customer_id, invoice_id, event_no, salt, data)
        values (the_customer, the_invoice, no, the_salt, personal);
    end if;
    update invoice
    set event_count = no, chain_head = event_hash(head, the_customer, the_invoice, no, now, the_kind,
        told, personal_hash)
    where customer_id = the_customer and invoice_id = the_invoice;
    return no;
end
$$;
grant execute on function event_add_personal(bigint, bigint, timestamptz, text, json, bytea, text)
    to dunlin_app;

alter table invoice add column dispute_no integer; -- one that was accepted: the debt is to be corrected

create table dispute (
    customer_id bigint not null,
    invoice_id bigint not null,
    dispute_no integer not null check (dispute_no >= 1),
    reason text not null check (reason in ('already_paid', 'not_mine', 'wrong_amount', 'cannot_pay',
        'other')),
    state text not null check (state in ('open', 'accepted', 'rejected', 'withdrawn', 'ended')),
    hold_no integer not null,
    form_nonce text,                -- one form submit is one dispute
    opened_at timestamptz not null,
    opened_event integer not null,  -- its personal part has what the customer wrote
    answer_by date not null,        -- where the customer is
    answered_at timestamptz,
    answered_by text,               -- a name or role of the creditor's
    answered_event integer,         -- its personal part has the answer
    entry_from integer,             -- accepted: entries of the ledger up to this one were there
    ended_at timestamptz,           -- withdrawn, or the debt was corrected
    primary key (customer_id, invoice_id, dispute_no),
    check ((answered_at is null) = (state in ('open', 'withdrawn')))
);
create unique index dispute_open on dispute (customer_id, invoice_id) where state = 'open';
create unique index dispute_form on dispute (customer_id, form_nonce) where form_nonce is not null;
create index dispute_listed on dispute (state, answer_by, customer_id, invoice_id, dispute_no);
grant select, insert, update on dispute to dunlin_app;

-- The customer is locked by the caller of each of these, then the debt, then its dispute.

create function dispute_open(the_customer bigint, the_invoice bigint, now timestamptz,
    the_reason text, the_answer_by date, nonce text, salt bytea, personal text) returns integer
    language plpgsql as $$
declare
    debt invoice;
    no integer;
    event_no integer;
begin
    select * into strict debt
    from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    select coalesce(max(d.dispute_no), 0) + 1 into no
    from dispute d
    where d.customer_id = the_customer and d.invoice_id = the_invoice;
    update invoice i
    set hold_count = debt.hold_count + 1, help_count = debt.help_count + 1
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    insert into hold (customer_id, invoice_id, hold_no, kind, reason, created_at)
    values (the_customer, the_invoice, debt.hold_count + 1, 'dispute', the_reason, now);
    event_no := event_add_personal(the_customer, the_invoice, now, 'dispute.opened',
        json_build_object('dispute_no', no, 'reason', the_reason, 'answer_by', the_answer_by,
            'hold', debt.hold_count + 1), salt, personal);
    insert into dispute (customer_id, invoice_id, dispute_no, reason, state, hold_no, form_nonce,
        opened_at, opened_event, answer_by)
    values (the_customer, the_invoice, no, the_reason, 'open', debt.hold_count + 1, nonce, now,
        event_no, the_answer_by);
    return no;
end
$$;
grant execute on function dispute_open(bigint, bigint, timestamptz, text, date, text, bytea, text)
    to dunlin_app;

-- Its hold goes: reminding goes on.
create function dispute_release(the dispute, now timestamptz) returns void
    language sql
begin atomic
    update hold h
    set released_at = now
    where h.customer_id = the.customer_id and h.invoice_id = the.invoice_id
        and h.hold_no = the.hold_no and h.released_at is null;
    select pg_notify('dunlin_reminder', '');
end;
grant execute on function dispute_release(dispute, timestamptz) to dunlin_app;

-- The debt of an accepted dispute was corrected, or nothing is left of it.
create function dispute_end(the dispute, now timestamptz) returns void
    language plpgsql as $$
begin
    update dispute d
    set state = 'ended', ended_at = now
    where d.customer_id = the.customer_id and d.invoice_id = the.invoice_id
        and d.dispute_no = the.dispute_no;
    update invoice i
    set dispute_no = null
    where i.customer_id = the.customer_id and i.invoice_id = the.invoice_id;
    perform dispute_release(the, now);
    perform event_add(the.customer_id, the.invoice_id, now, 'dispute.ended',
        json_build_object('dispute_no', the.dispute_no));
end
$$;
grant execute on function dispute_end(dispute, timestamptz) to dunlin_app;

-- 'answered'; 'same' when this very answer was given before; 'other' when another one was, or the
-- customer has withdrawn it; 'unknown'.
create function dispute_answer(the_customer bigint, the_invoice bigint, no integer, outcome text,
    by_whom text, now timestamptz, salt bytea, personal text) returns text
    language plpgsql as $$
declare
    debt invoice;
    the dispute;
    told integer;
begin
    select * into debt
    from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    select * into the
    from dispute d
    where d.customer_id = the_customer and d.invoice_id = the_invoice and d.dispute_no = no
    for no key update;
    if not found then
        return 'unknown';
    end if;
    if the.state <> 'open' then
        return case when exists (
                select
                from event e
                left join event_personal p using (customer_id, invoice_id, event_no)
                where e.customer_id = the_customer and e.invoice_id = the_invoice
                    and e.event_no = the.answered_event and e.facts::json ->> 'outcome' = outcome
                    and p.data = personal)
            then 'same' else 'other' end;
    end if;
    told := event_add_personal(the_customer, the_invoice, now, 'dispute.answered',
        json_build_object('dispute_no', no, 'outcome', outcome, 'by', by_whom,
            'days_late', greatest(0, now::date - the.answer_by)), salt, personal);
    update dispute d
    set state = outcome, answered_at = now, answered_by = by_whom, answered_event = told,
        entry_from = debt.entry_count
    where d.customer_id = the_customer and d.invoice_id = the_invoice and d.dispute_no = no;
    update invoice i
    set help_count = i.help_count + 1,
        dispute_no = case when outcome = 'accepted' then no else i.dispute_no end
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    if outcome = 'rejected' then
        perform dispute_release(the, now);
    elsif debt.due_minor <= 0 then
        perform dispute_end(the, now);
    end if;
    return 'answered';
end
$$;
grant execute on function dispute_answer(bigint, bigint, integer, text, text, timestamptz, bytea,
    text) to dunlin_app;

-- By the customer; false when it is not open any more.
create function dispute_withdraw(the_customer bigint, the_invoice bigint, no integer,
    now timestamptz) returns boolean
    language plpgsql as $$
declare
    the dispute;
begin
    perform from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    update dispute d
    set state = 'withdrawn', ended_at = now
    where d.customer_id = the_customer and d.invoice_id = the_invoice and d.dispute_no = no
        and d.state = 'open'
    returning d.* into the;
    if not found then
        return false;
    end if;
    update invoice i
    set help_count = i.help_count + 1
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    perform dispute_release(the, now);
    perform event_add(the_customer, the_invoice, now, 'dispute.withdrawn',
        json_build_object('dispute_no', no));
    return true;
end
$$;
grant execute on function dispute_withdraw(bigint, bigint, integer, timestamptz) to dunlin_app;

-- Rests until the creditor has corrected the debt, whichever way that comes in; money of the customer's
-- is no correction until nothing is left.
create function dispute_follow_money() returns trigger
    language plpgsql as $$
declare
    debt invoice;
    the dispute;
begin
    select * into strict debt
    from invoice i where i.customer_id = new.customer_id and i.invoice_id = new.invoice_id;
    select * into the
    from dispute d
    where d.customer_id = debt.customer_id and d.invoice_id = debt.invoice_id
        and d.dispute_no = debt.dispute_no and d.state = 'accepted'
    for no key update;
    if found and (debt.due_minor <= 0 or exists (
            select
            from ledger_entry e
            where e.customer_id = the.customer_id and e.invoice_id = the.invoice_id
                and e.entry_no > the.entry_from and e.payment_no is null)) then
        perform dispute_end(the, debt.changed_at);
    end if;
    return null;
end
$$;
create constraint trigger dispute_follow_money
    after update of due_minor on invoice
    deferrable initially deferred
    for each row
    when (new.dispute_no is not null and new.due_minor is distinct from old.due_minor)
    execute function dispute_follow_money();
