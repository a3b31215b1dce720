-- The live link of a debt stands on the debt itself: whoever reads the debt has it, and a page is two
-- look-ups instead of three. Every link there ever was stays in paylink. Null: none is live.
alter table invoice add column link_no integer check (link_no between 1 and 524287);
update invoice i
set link_no = l.link_no
from paylink l
where l.customer_id = i.customer_id and l.invoice_id = i.invoice_id and l.state = 'active';
create unique index invoice_link on invoice (customer_id, link_no);

-- How many holds there ever were: a debt that never had one is read without looking for them.
alter table invoice add column hold_count integer not null default 0;
update invoice i
set hold_count = h.count
from (select customer_id, invoice_id, count(*) as count from hold group by 1, 2) h
where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id;
