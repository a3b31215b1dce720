-- To show that an event is under an anchor one had to show the hashes of all events that the anchor
-- covers, which may be a million. Anchors made from now on hash their events in blocks: the hashes of
-- the event's own block, and one digest for each other block, are enough.
alter table chain_anchor add column block_events integer not null default 0
    check (block_events >= 0); -- 0: made before; all of its events are one block, hashed once

-- A time as exports write it: UTC, to the second.
create function evidence_time(at timestamptz) returns text
    language sql stable parallel safe
    return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
