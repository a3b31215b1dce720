-- A message whose fate nobody knows waits to be asked about again under its own code, where its gateway
-- knows codes. What ends it meanwhile (a payment, a newer step, another version of its scenario) does
-- not make it unsent: it ends uncertain, counts as sent, and does not come back when it is owed again.
alter table reminder add column perhaps_sent_at timestamptz; -- claimed then; null: it never was

create function reminder_keep_uncertain() returns trigger language plpgsql as $$
begin
    new.state := 'uncertain';
    new.claimed_at := coalesce(new.claimed_at, new.perhaps_sent_at);
    return new;
end
$$;
create trigger reminder_keep_uncertain before update on reminder
    for each row when (new.perhaps_sent_at is not null and new.state in ('cancelled', 'skipped'))
    execute function reminder_keep_uncertain();
