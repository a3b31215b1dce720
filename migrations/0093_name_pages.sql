-- The events of what a customer does name the version of the page that they had before them, and those of
-- an agreement the version of its terms: evidence_collect follows both. The functions of 0078 and 0082 to
-- 0086 did not.
create function pg_temp.change_function(the regprocedure, is_called_otherwise boolean, changes text[])
    returns void
    language plpgsql as $$
declare
    new text := pg_get_functiondef(the);
    change text[];
begin
    foreach change slice 1 in array changes
    loop
        if position(change[1] in new) = 0 then
            raise exception '% has no %', the, change[1];
        end if;
        new := replace(new, change[1], change[2]);
    end loop;
    if is_called_otherwise then -- or there would be two of its name
        execute 'drop function ' || the;
    end if;
    execute new;
end
$$;

-- Each of these takes the version of the page last; there is none where nothing is said.
select pg_temp.change_function('promise_give(bigint, bigint, timestamptz, text, date, date, timestamptz,
    text, text)', true, array[
        ['nonce text)', 'nonce text, seen_page text default null)'],
        ['''hold'', debt.hold_count + 1));', '''hold'', debt.hold_count + 1, ''page'', seen_page));']]);
grant execute on function promise_give(bigint, bigint, timestamptz, text, date, date, timestamptz,
    text, text, text) to dunlin_app;

select pg_temp.change_function('dispute_open(bigint, bigint, timestamptz, text, date, text, bytea, text)',
    true, array[
        ['personal text)', 'personal text, seen_page text default null)'],
        ['''hold'', debt.hold_count + 1), salt',
            '''hold'', debt.hold_count + 1, ''page'', seen_page), salt']]);
grant execute on function dispute_open(bigint, bigint, timestamptz, text, date, text, bytea, text, text)
    to dunlin_app;

select pg_temp.change_function('dispute_withdraw(bigint, bigint, integer, timestamptz)', true, array[
    ['now timestamp with time zone)', 'now timestamp with time zone, seen_page text default null)'],
    ['(''dispute_no'', no));', '(''dispute_no'', no, ''page'', seen_page));']]);
grant execute on function dispute_withdraw(bigint, bigint, integer, timestamptz, text) to dunlin_app;

select pg_temp.change_function('rating_keep(bigint, bigint, integer, text, bytea, text, timestamptz)', true,
    array[
        ['now timestamp with time zone)', 'now timestamp with time zone, seen_page text default null)'],
        ['(''stars'', the_stars)', '(''stars'', the_stars, ''page'', seen_page)']]);
grant execute on function rating_keep(bigint, bigint, integer, text, bytea, text, timestamptz, text)
    to dunlin_app;

select pg_temp.change_function('plan_begin(plan, invoice, text, text, timestamptz)', false, array[
    ['''reason'', why,', '''reason'', why, ''terms'', the.terms_version,']]);

select pg_temp.change_function('offer_accept(bigint, bigint, integer, text, text, text, text, timestamptz)',
    false, array[
        ['''offer_no'', the_no, ''debt_minor''',
            '''offer_no'', the_no, ''terms'', terms, ''page'', seen_page, ''debt_minor''']]);
drop function pg_temp.change_function(regprocedure, boolean, text[]);
