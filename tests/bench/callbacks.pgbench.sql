-- The ceiling of `callbacks`: the same rows that one callback moves, as one transaction each.
-- pgbench -n -M prepared -c 16 -f this -D first=… -D count=… : customers first … first + count - 1
-- have an invoice of 100.00 with payment 1 not yet paid. A customer met twice moves on as far as the
-- keys let him, like a duplicate: keep count well above what one run reaches.
\set customer random(:first, :first + :count - 1)
\set key random(1, 9000000000000000)
begin;
select c.money_version, p.state, p.amount_minor, p.currency, a.invoice_id from payment p join customer c using (customer_id) join payment_allocation a using (customer_id, payment_no) where p.customer_id = :customer and p.payment_no = 1 for no key update of c;
update customer set money_version = money_version + 1 where customer_id = :customer;
insert into callback (provider, account, dedup_key, received_at, headers, body) values ('sandbox', 'bench', :key::text, now(), '{"webhook-id":"msg_1234567890123456","webhook-timestamp":"1795385376","webhook-signature":"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}', '{"type":"payment.paid","timestamp":"2026-11-22T22:33:13.000Z","data":{"id":"sb_a_1","reference":"WMTAMNXfap9Hg19i0r","movement":"mv_a_1","amount_minor":10000,"currency":"PLN"}}') on conflict do nothing;
insert into callback_outcome (provider, account, dedup_key, state, reason, customer_id, payment_no, decided_at, reference, provider_reference) values ('sandbox', 'bench', :key::text, 'applied', 'booked', :customer, 1, now(), 'WMTAMNXfap9Hg19i0r', 'sb_a_1') on conflict do nothing;
update payment set state = 'paid', paid_minor = paid_minor + 10000, changed_at = now() where customer_id = :customer and payment_no = 1;
with booked as (update invoice i set due_minor = i.due_minor - 10000, paid_at = coalesce(i.paid_at, now()), entry_count = i.entry_count + 1, event_count = i.event_count + 1, chain_head = event_hash(i.chain_head, i.customer_id, i.invoice_id, i.event_count + 1, now(), 'payment.paid', '{"payment_no":1,"amount_minor":10000,"currency":"PLN","movement":"mv_a_1"}', null), changed_at = now() from invoice b where i.customer_id = :customer and b.customer_id = i.customer_id and b.invoice_id = i.invoice_id returning i.customer_id, i.invoice_id, i.entry_count, i.event_count, b.chain_head as prev_hash, i.chain_head), told as (insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash) select customer_id, invoice_id, event_count, now(), 'payment.paid', '{"payment_no":1,"amount_minor":10000,"currency":"PLN","movement":"mv_a_1"}', prev_hash, chain_head from booked) insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, payment_no, source_reference, at) select customer_id, invoice_id, entry_count, 'payment', -10000, 'PLN', 1, :key::text, now() from booked;
update reminder set state = 'cancelled', reason = 'paid', finished_at = now() where customer_id = :customer and state = 'scheduled';
insert into reminder (customer_id, invoice_id, step, due_at, state, reason) select customer_id, invoice_id, 'thanks_1', now(), 'scheduled', 'paid' from invoice where customer_id = :customer on conflict do nothing;
commit;
