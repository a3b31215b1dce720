-- How customers say they were treated.

-- name: rating_keep
-- $1 customer_id, $2 invoice_id, $3 stars, $4 nonce of the form, $5 salt of the word, $6 the word, may
-- be empty, $7 now, $8 name of the page. Whether it was kept: false when it is too late to change it.
select rating_keep($1::bigint, $2::bigint, $3::bigint::integer, $4::text, $5::bytea, $6::text,
    $7::timestamptz, page_version_named($8::text));
