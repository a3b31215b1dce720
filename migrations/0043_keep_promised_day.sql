-- A promise given on the telephone rests the debt for a day more than was promised, as transfers take
-- their time. Steps that count from a promise count from the day that was named.
alter table hold add column promised_on date; -- null: the day that `until` begins
drop index hold_promised;
create index hold_promised
    on hold ((coalesce(promised_on, (until at time zone 'UTC')::date)), customer_id)
    where kind = 'promise' and released_at is null;

-- In the planner's rule, which is long, that is all that changes.
do $$
declare
    old text := pg_get_functiondef('plan_judge'::regproc);
    new text := replace(old, '(p.until at time zone ''UTC'')::date',
        'coalesce(p.promised_on, (p.until at time zone ''UTC'')::date)');
begin
    if new = old then
        raise exception 'plan_judge does not count from promises';
    end if;
    execute new;
end
$$;
