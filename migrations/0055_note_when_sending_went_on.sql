-- When the red switch was last released: what had waited for it has its time from then on, and a
-- campaign does not end over it at once.
alter table sending add column went_at timestamptz;
