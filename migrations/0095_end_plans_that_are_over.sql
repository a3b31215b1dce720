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
