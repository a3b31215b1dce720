-- Which link key sealed the reference a provider was given: asking again goes under that very
-- reference, or the provider would see two payments after a rotation. Null: made before this column.
alter table payment add column key_no smallint check (key_no between 0 and 15);
