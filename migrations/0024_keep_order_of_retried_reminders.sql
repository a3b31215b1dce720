-- When a reminder that was given back is tried again (null: it was not). Its due_at stays: it is the
-- place among the steps of the ladder, which a later attempt must not change.
alter table reminder add column try_at timestamptz;
create index reminder_next on reminder (greatest(due_at, try_at), customer_id, invoice_id, step)
    where state = 'scheduled';
drop index reminder_due;
