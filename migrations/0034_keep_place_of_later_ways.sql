-- The place on the ladder of a reminder that goes a later way of its step ('due+1'): when the step
-- itself was due, so that a newer step takes it out of the way, and never the reverse. Null: due_at.
alter table reminder add column ladder_at timestamptz;
