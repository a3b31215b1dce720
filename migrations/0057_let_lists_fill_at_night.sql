-- Calls and hand-overs are rows on a list, for people who come in the morning and know the hours:
-- whatever time it is, nobody is disturbed by one. Whether a reminder can become nothing else, from
-- the place of its cascade where it stands: one that could still become a message waits like one.
create function reminder_is_for_staff(places text[], place_from integer) returns boolean
    language sql immutable parallel safe
    return place_from < cardinality(places)
        and places[place_from + 1 :] <@ array['call', 'handover'];
