-- Whoever asked for something and got an answer, or none in time, hears of it: a plan that waited was
-- refused or lapsed, a dispute answered, a request for restructuring decided. It is a message of its own
-- (the template 'answered'), once for each, under all manners of sending. On the ladder it stands as an
-- offer does, half a day later: see offer_open() in 0084.
create function answer_tell(the_customer bigint, the_invoice bigint, the_step text, now timestamptz)
    returns void
    language plpgsql as $$
begin
    insert into reminder (customer_id, invoice_id, step, due_at, ladder_at, state, reason)
    select i.customer_id, i.invoice_id, the_step, now, now + interval '12 hours', 'scheduled', 'answered'
    from invoice i
    where i.customer_id = the_customer and i.invoice_id = the_invoice and i.due_minor > 0
        and i.link_no is not null
    on conflict (customer_id, invoice_id, step) do nothing;
    notify dunlin_reminder;
end
$$;
grant execute on function answer_tell(bigint, bigint, text, timestamptz) to dunlin_app;

-- Behind the last statement of each.
do $$
declare
    new text;
    change text[];
begin
    foreach change slice 1 in array array[
        ['plan_refuse', 'and i.invoice_id = the.invoice_id;', 'and i.invoice_id = the.invoice_id;
    perform answer_tell(the.customer_id, the.invoice_id, ''answered_plan_'' || the.plan_no, now);'],
        ['dispute_answer', 'return ''answered'';',
            'perform answer_tell(the_customer, the_invoice, ''answered_dispute_'' || no, now);
    return ''answered'';'],
        ['restructuring_decide', 'return query select ''done'', decision;',
            'perform answer_tell(the_customer, the_invoice, ''answered_request_'' || the_no, now);
    return query select ''done'', decision;']]
    loop
        new := pg_get_functiondef(change[1]::regproc);
        if position(change[2] in new) = 0 then
            raise exception '% has no %', change[1], change[2];
        end if;
        execute replace(new, change[2], change[3]);
    end loop;
end
$$;
