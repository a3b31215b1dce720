-- The hold-out measures messages: held-out customers get none, but people still work on their cases. A
-- step all of whose ways are work lists happens for them as for everybody.
do $$
declare
    old text := pg_get_functiondef('plan_judge'::regproc);
    new text := old;
    change text[];
begin
    foreach change slice 1 in array array[
        ['s.anchor = ''paid'' as is_paid,',
            's.anchor = ''paid'' as is_paid, s.channels <@ array[''call'', ''handover''] as is_work,'],
        ['t.is_missed, t.is_paid,', 't.is_missed, t.is_paid, t.is_work,'],
        ['$15 > 0 and holdout_place', '$15 > 0 and not r.is_work and holdout_place']
    ] loop
        if position(change[1] in new) = 0 then
            raise exception 'plan_judge has no "%"', change[1];
        end if;
        new := replace(new, change[1], change[2]);
    end loop;
    execute new;
end
$$;
