-- Starting a payment may take more than one call to the provider: a double tap, or "try again" after
-- no answer, which repeats the same payment under the same reference. The calls are counted for the
-- limits, and where the provider sent the customer is kept, so that the same form leads there again.
alter table payment
    add column start_calls integer not null default 1,
    add column redirect_url text;
