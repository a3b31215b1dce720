-- A notice that a payment by BLIK failed may not say why. The provider is then asked once more, although
-- the payment is decided, so `ask_at` of a failed payment means something now: when its provider is asked
-- for the reason; infinity: it has been asked; null: nobody asks.
update payment set ask_at = null where state = 'failed' and ask_at is not null;

drop index payment_ask;
create index payment_ask on payment (provider, account, ask_at)
    where state in ('created', 'started', 'pending', 'failed') and ask_at is not null;
