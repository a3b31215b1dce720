-- Most transfers are told by the creditor's system as a smaller amount of the invoice, which is a
-- correction in the ledger. To the customer they are payments: they go to the first parts of a plan, or
-- somebody would be told that they missed a part they paid. What all corrections together add to the debt
-- is owed in the last part, as before.
do $$
declare
    old text := pg_get_functiondef('plan_follow_money'::regproc);
    new text := replace(replace(old,
        'select coalesce(-sum(e.amount_minor), 0)
    into came_in',
        'select greatest(0, coalesce(-sum(e.amount_minor) filter (where e.kind <> ''correction''), 0))
        + greatest(0, coalesce(-sum(e.amount_minor) filter (where e.kind = ''correction''), 0))
    into came_in'),
        '''chargeback'', ''chargeback_reversal'')',
        '''chargeback'', ''chargeback_reversal'', ''correction'')');
begin
    new := replace(new, 'greatest(0, came_in)', 'came_in');
    if new not like '%<> ''correction''%' or new not like '%reversal'', ''correction'')%'
            or new like '%greatest(0, came_in)%' then
        raise exception 'plan_follow_money does not count what came in';
    end if;
    execute new;
end
$$;
