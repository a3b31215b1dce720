-- What became of each push that was ever claimed, one row each: so many sent, refused, expired,
-- cancelled, of unknown fate and still open as were claimed. Cancelled: not accepted by the time its
-- reminder came to an end for another reason (paid, overtaken, gone out another way). Lost: claimed by
-- nobody, which must not be.
create view push_fate as
select p.customer_id, p.invoice_id, p.step, p.installation, p.push_id, p.attempts, p.unknown_count,
    p.claimed_at, p.finished_at, p.reason,
    case
        when p.state = 'accepted' then 'sent'
        when p.state in ('refused', 'expired') then p.state
        when p.state = 'claimed' then case r.state when 'claimed' then 'open' else 'lost' end
        when r.state in ('scheduled', 'claimed') then 'open'
        when p.state = 'unknown' and r.state not in ('cancelled', 'skipped') then 'unknown'
        else 'cancelled'
    end as fate
from push p
join reminder r using (customer_id, invoice_id, step);
grant select on push_fate to dunlin_app;
