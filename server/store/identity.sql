-- Guesses at the fact that a customer is known by.

-- name: identity_take_try
-- $1 customer_id, $2 invoice_id, $3 now, $4 wrong tries at most, $5 in so many hours
-- number of the try, 0 when there were too many; the fact to compare with, or null
select the_try::bigint, fact
from identity_take_try($1::bigint, $2::bigint, $3::timestamptz, $4::bigint, $5::bigint);

-- name: identity_confirm
-- $1 customer_id, $2 invoice_id, $3 number of the try, $4 now
select identity_confirm($1::bigint, $2::bigint, $3::bigint, $4::timestamptz);
