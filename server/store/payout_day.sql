-- The report on a day's payouts, made once on the morning after and kept.

-- name: payout_day_due
-- $1 now, $2 hour of the day from which on it is made, $3 days back at most
-- One row: the oldest day that wants its report, null when none does. Days end in Warsaw. Before the
-- first report only yesterday does.
with passed as (
    select ($1::timestamptz at time zone 'Europe/Warsaw' - make_interval(hours => $2::bigint::integer))::date
        - 1 as last_day
), made as (
    select max(day) as last_day
    from payout_day
)
select case
        when m.last_day is null then p.last_day
        when m.last_day < p.last_day then greatest(m.last_day + 1, p.last_day - $3::bigint::integer)
    end
from passed p, made m;

-- name: payout_day_keep
-- $1 day, $2 is_complete, $3 now; an account each: $4 provider[], $5 account[], $6 payout_count[], $7
-- line_count[], $8 sums[], $9 disagreement_count[], $10 disagreements[]
-- Those that are kept by this, and by nobody before: a row each with provider, account and both counts.
insert into payout_day (day, provider, account, payout_count, line_count, sums, disagreement_count,
    disagreements, is_complete, made_at)
select $1::date, w.provider, w.account, w.payout_count, w.line_count, w.sums, w.disagreement_count,
    w.disagreements, $2::boolean, $3::timestamptz
from unnest($4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::text[])
    as w (provider, account, payout_count, line_count, sums, disagreement_count, disagreements)
order by w.provider, w.account
on conflict do nothing
returning provider, account, payout_count::bigint, disagreement_count::bigint;

-- name: payout_day_list
-- $1 before this day (null: all), $2 days at most. Whole days, the newest first.
select p.day, p.provider, p.account, p.payout_count::bigint, p.line_count, p.sums,
    p.disagreement_count::bigint, p.disagreements, p.is_complete, p.made_at
from payout_day p
where p.day in (
    select distinct d.day
    from payout_day d
    where $1::date is null or d.day < $1::date
    order by d.day desc
    limit $2::bigint)
order by p.day desc, p.provider, p.account;
