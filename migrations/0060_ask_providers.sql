-- Providers are asked what became of payments that they are silent about, and for the confirmation of
-- payments that are ours only then. Refunds may come back.

-- When the provider is asked next, by the wall clock; null: not. `asks` counts.
alter table payment
    add column ask_at timestamptz,
    add column asks integer not null default 0;
create index payment_ask on payment (provider, account, ask_at)
    where state in ('created', 'started', 'pending') and ask_at is not null;

create index callback_outcome_to_confirm on callback_outcome (provider, account, next_try_at)
    where state = 'parked' and reason = 'to_confirm';

alter table ledger_entry
    drop constraint ledger_entry_kind_check,
    drop constraint ledger_entry_check,
    add constraint ledger_entry_kind_check check (kind in ('charge', 'payment', 'refund',
        'refund_reversal', 'chargeback', 'chargeback_reversal', 'fee', 'interest', 'write_off',
        'correction')),
    add constraint ledger_entry_check check (case kind
        when 'charge' then amount_minor > 0
        when 'payment' then amount_minor < 0 and payment_no is not null
        when 'refund' then amount_minor > 0
        when 'refund_reversal' then amount_minor < 0
        when 'chargeback' then amount_minor > 0
        when 'chargeback_reversal' then amount_minor < 0
        else true end);
