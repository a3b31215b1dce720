-- Thousands of reminders are due at the same moment, ten o'clock. Whoever looks through them in
-- windows goes on behind the last one seen, so the order must be a whole one, in the index.
create index reminder_due on reminder (due_at, customer_id, invoice_id, step)
    where state = 'scheduled';
drop index reminder_scheduled;
