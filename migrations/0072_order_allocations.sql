-- One payment may be for several debts. What comes in fills them in the order of their due dates as
-- they stood when the payment was begun, and goes back in the reverse one: a due date that changes
-- later must not change that order, so it is kept.
alter table payment_allocation add column place integer not null default 1 check (place >= 1);
