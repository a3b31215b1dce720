-- The demand that a lender sends to a late consumer (Banking Law art. 75c), its clock of working days, the
-- request for restructuring that may follow, and its decision with written reasons. Each is a document of
-- the debt, numbered in one row, that its customer can read and print.
alter table invoice add column demand_no integer; -- the newest one

create table demand (
    customer_id bigint not null,
    invoice_id bigint not null,
    demand_no integer not null check (demand_no >= 1),
    step text,                      -- the reminder that carried it; null: it was sent otherwise
    by_whom text,                   -- the API key that said so; null: a step of the scenario
    sent_at timestamptz not null,
    received_on date not null,      -- where the customer is
    is_assumed boolean not null,    -- nobody said when it was received
    pay_by date not null,
    request_by date not null,
    over_at timestamptz not null,   -- its clock has run out from then on
    due_minor bigint not null check (due_minor > 0),
    document_no integer not null,
    primary key (customer_id, invoice_id, demand_no),
    check (pay_by > received_on and request_by > received_on)
);
create unique index demand_step on demand (customer_id, invoice_id, step) where step is not null;
grant select, insert, update on demand to dunlin_app;

create table restructuring_request (
    customer_id bigint not null,
    invoice_id bigint not null,
    request_no integer not null check (request_no >= 1),
    state text not null check (state in ('open', 'granted', 'refused')),
    demand_no integer not null,     -- within whose clock it was made
    requested_at timestamptz not null,
    asked_event integer not null,   -- its personal part has what the customer wrote
    decide_by date not null,        -- where the customer is
    hold_no integer not null,       -- all reminding rests until it is decided
    form_nonce text,                -- one form submit is one request
    language text not null,
    page text,
    decided_at timestamptz,
    decided_by text,
    decided_event integer,          -- its personal part has the written reasons
    document_no integer not null,
    decision_no integer,            -- the document of the decision
    primary key (customer_id, invoice_id, request_no),
    check ((state = 'open') = (decided_at is null))
);
create unique index restructuring_open on restructuring_request (customer_id, invoice_id)
    where state = 'open';
create unique index restructuring_form on restructuring_request (customer_id, form_nonce)
    where form_nonce is not null;
create index restructuring_listed on restructuring_request (state, customer_id, invoice_id, request_no);
grant select, insert, update on restructuring_request to dunlin_app;

create table document (
    customer_id bigint not null,
    invoice_id bigint not null,
    document_no integer not null check (document_no >= 1),
    kind text not null check (kind in ('demand', 'request', 'decision')),
    of_no integer not null,         -- of the demand, or of the request
    made_at timestamptz not null,
    primary key (customer_id, invoice_id, document_no)
);
grant select, insert on document to dunlin_app;

-- The customer is locked by the caller of each of these, then the debt.

create function document_add(the_customer bigint, the_invoice bigint, the_kind text, no integer,
    now timestamptz) returns integer
    language sql
begin atomic
    insert into document (customer_id, invoice_id, document_no, kind, of_no, made_at)
    select the_customer, the_invoice, coalesce(max(d.document_no), 0) + 1, the_kind, no, now
    from document d
    where d.customer_id = the_customer and d.invoice_id = the_invoice
    returning document_no;
end;

-- Its number; null for a debt that is not there or of which nothing is due.
create function demand_make(the_customer bigint, the_invoice bigint, the_step text, whom text,
    sent timestamptz, received date, assumed boolean, pay date, request date, now timestamptz)
    returns integer
    language plpgsql as $$
declare
    debt invoice;
    no integer;
    paper integer;
begin
    select * into debt
    from invoice i where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    if debt.invoice_id is null or debt.due_minor <= 0 then
        return null;
    end if;
    select coalesce(max(d.demand_no), 0) + 1 into no
    from demand d where d.customer_id = the_customer and d.invoice_id = the_invoice;
    paper := document_add(the_customer, the_invoice, 'demand', no, sent);
    insert into demand (customer_id, invoice_id, demand_no, step, by_whom, sent_at, received_on,
        is_assumed, pay_by, request_by, over_at, due_minor, document_no)
    select the_customer, the_invoice, no, the_step, whom, sent, received, assumed, pay, request,
        (greatest(pay, request) + 1)::timestamp at time zone k.time_zone, debt.due_minor, paper
    from customer k where k.customer_id = the_customer;
    update invoice i
    set demand_no = no, help_count = i.help_count + 1
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    perform event_add(the_customer, the_invoice, now, 'demand.sent', json_build_object('demand_no', no,
        'step', the_step, 'by', whom, 'sent_at', sent, 'received_on', received, 'is_assumed', assumed,
        'pay_by', pay, 'request_by', request, 'due_minor', debt.due_minor, 'document', paper));
    return no;
end
$$;

-- Of reminders that carried one and were just recorded as sent, or perhaps sent. Each is noted once.
create function demand_note(the_customer bigint, the_invoice bigint, the_step text, received date,
    pay date, request date, now timestamptz) returns integer
    language plpgsql as $$
declare
    sent timestamptz;
begin
    select coalesce(r.claimed_at, now) into sent
    from reminder r
    where r.customer_id = the_customer and r.invoice_id = the_invoice and r.step = the_step
        and r.state in ('sent', 'uncertain')
        and not exists (
            select from demand d
            where d.customer_id = the_customer and d.invoice_id = the_invoice and d.step = the_step);
    if not found then
        return null;
    end if;
    return demand_make(the_customer, the_invoice, the_step, null, sent, received, true, pay, request,
        now);
end
$$;

-- Over the API: one that was sent otherwise (`sent` is said), or one to be sent by a message now. While the
-- clock of one runs there is no second one. The verdict: 'made', 'scheduled', 'same' (one runs, or waits to
-- be sent), 'paid', 'unknown'.
create function demand_order(the_customer bigint, the_invoice bigint, whom text, sent timestamptz,
    received date, assumed boolean, pay date, request date, now timestamptz)
    returns table (verdict text, made_no integer)
    language plpgsql as $$
declare
    debt invoice;
begin
    perform from customer k where k.customer_id = the_customer for no key update;
    select * into debt
    from invoice i where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    select d.demand_no into made_no
    from demand d
    where d.customer_id = the_customer and d.invoice_id = the_invoice and d.over_at > now
    order by d.demand_no desc
    limit 1;
    verdict := case when debt.invoice_id is null then 'unknown'
        when debt.due_minor <= 0 then 'paid'
        when made_no is not null or exists (
            select from reminder r
            where r.customer_id = the_customer and r.invoice_id = the_invoice
                and starts_with(r.step, 'demand_') and r.state in ('scheduled', 'claimed')
                and r.scenario_id is null) then 'same' end;
    if verdict is null and sent is not null then
        verdict := 'made';
        made_no := demand_make(the_customer, the_invoice, null, whom, sent, received, assumed, pay,
            request, now);
    elsif verdict is null then
        verdict := 'scheduled';
        insert into reminder (customer_id, invoice_id, step, due_at, ladder_at, state, reason)
        -- On the ladder half a day later: see offer_open() in 0084.
        select the_customer, the_invoice, 'demand_' || count(*) + 1, now, now + interval '12 hours',
            'scheduled', 'ordered'
        from reminder r
        where r.customer_id = the_customer and r.invoice_id = the_invoice
            and r.step ~ '^demand_[0-9]+$';
        perform event_add(the_customer, the_invoice, now, 'demand.ordered',
            json_build_object('by', whom));
        notify dunlin_reminder;
    end if;
    return query select verdict, coalesce(made_no, 0);
end
$$;

-- The customer's request, behind the debt's guard. All reminding rests until it is decided.
create function restructuring_ask(the_customer bigint, the_invoice bigint, the_demand integer,
    no integer, nonce text, spoken text, seen_page text, decide date, salt bytea, personal text,
    now timestamptz) returns void
    language plpgsql as $$
declare
    paper integer := document_add(the_customer, the_invoice, 'request', no, now);
    held integer;
    told integer;
begin
    update invoice i
    set hold_count = i.hold_count + 1, help_count = i.help_count + 1, needs_plan = true
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    returning i.hold_count into strict held;
    insert into hold (customer_id, invoice_id, hold_no, kind, reason, created_at)
    values (the_customer, the_invoice, held, 'admin', 'restructuring request', now);
    told := event_add_personal(the_customer, the_invoice, now, 'restructuring.asked',
        json_build_object('request_no', no, 'demand_no', the_demand, 'decide_by', decide, 'hold', held,
            'document', paper, 'language', spoken, 'page', seen_page), salt, personal);
    insert into restructuring_request (customer_id, invoice_id, request_no, state, demand_no,
        requested_at, asked_event, decide_by, hold_no, form_nonce, language, page, document_no)
    values (the_customer, the_invoice, no, 'open', the_demand, now, told, decide, held, nonce, spoken,
        seen_page, paper);
end
$$;

-- The creditor's answer, with its written reasons. The verdict: 'done', 'same' (it was the answer before),
-- 'decided' (it was another one), 'unknown'.
create function restructuring_decide(the_customer bigint, the_invoice bigint, the_no integer,
    decision text, whom text, salt bytea, personal text, now timestamptz)
    returns table (verdict text, request_state text)
    language plpgsql as $$
declare
    the restructuring_request;
    paper integer;
    told integer;
begin
    update customer k set money_version = k.money_version + 1 where k.customer_id = the_customer;
    perform from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice
    for no key update;
    select * into the
    from restructuring_request r
    where r.customer_id = the_customer and r.invoice_id = the_invoice and r.request_no = the_no;
    verdict := case when the.request_no is null then 'unknown' when the.state = decision then 'same'
        when the.state <> 'open' then 'decided' end;
    if verdict is not null then
        return query select verdict, the.state;
        return;
    end if;
    paper := document_add(the_customer, the_invoice, 'decision', the_no, now);
    update hold h set released_at = now
    where h.customer_id = the_customer and h.invoice_id = the_invoice and h.hold_no = the.hold_no
        and h.released_at is null;
    update invoice i
    set help_count = i.help_count + 1, needs_plan = true
    where i.customer_id = the_customer and i.invoice_id = the_invoice;
    told := event_add_personal(the_customer, the_invoice, now, 'restructuring.' || decision,
        json_build_object('request_no', the_no, 'by', whom, 'document', paper), salt, personal);
    update restructuring_request r
    set state = decision, decided_at = now, decided_by = whom, decided_event = told,
        decision_no = paper
    where r.customer_id = the_customer and r.invoice_id = the_invoice and r.request_no = the_no;
    notify dunlin_plan;
    return query select 'done', decision;
end
$$;

grant execute on function document_add(bigint, bigint, text, integer, timestamptz),
    demand_make(bigint, bigint, text, text, timestamptz, date, boolean, date, date, timestamptz),
    demand_note(bigint, bigint, text, date, date, date, timestamptz),
    demand_order(bigint, bigint, text, timestamptz, date, boolean, date, date, timestamptz),
    restructuring_ask(bigint, bigint, integer, integer, text, text, text, date, bytea, text,
        timestamptz),
    restructuring_decide(bigint, bigint, integer, text, text, bytea, text, timestamptz)
    to dunlin_app;
