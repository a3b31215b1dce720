-- To show that an event is under an anchor one had to show the hashes of all events that the anchor
-- covers, which may be a million. Anchors made from now on hash their events in blocks: the hashes of
-- the event's own block, and one digest for each other block, are enough.
alter table chain_anchor add column block_events integer not null default 0
    check (block_events >= 0); -- 0: made before; all of its events are one block, hashed once

-- A time as exports write it: UTC, to the second.
create function evidence_time(at timestamptz) returns text
    language sql stable parallel safe
    return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');

-- The version of the page that a form says it stood on, by the version's beginning; null when no such
-- page was kept. For the facts of events: 'page', page_version_named($1).
create function page_version_named(name text) returns text
    language sql stable parallel safe
    return (select v.version from page_version v where left(v.version, 16) = name);
