-- How far the segments of customers are recomputed: the night's pass over all, and the events behind
-- which payments are still to be looked at.
create table segment_run (
    only_row boolean primary key default true check (only_row),
    day date not null,              -- of the last night's pass; in UTC
    through_customer bigint not null, -- how far that pass has come
    is_done boolean not null,
    position bigint not null        -- payments up to this event were looked at, with time to spare
);
grant select, insert, update on segment_run to dunlin_app;
