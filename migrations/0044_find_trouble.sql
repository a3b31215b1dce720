-- Somebody must be able to look at what may or may not have gone out, and at what did not.
create index reminder_trouble on reminder (finished_at, customer_id, invoice_id, step)
    where state in ('uncertain', 'failed');
