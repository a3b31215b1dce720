-- What each day's report on payouts said on the morning after: how it stood then, kept for good. The
-- report itself can be asked for again at any time, and then has what came in later.
create table payout_day (
    day date not null,
    provider text not null,
    account text not null,
    payout_count integer not null,
    line_count bigint not null,
    sums text not null,                 -- JSON, one object a currency
    disagreement_count integer not null,
    disagreements text not null,        -- JSON, the first hundred of them
    is_complete boolean not null,
    made_at timestamptz not null,
    primary key (day, provider, account)
);
grant select, insert on payout_day to dunlin_app;
