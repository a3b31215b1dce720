-- Where a day of a time zone ends, as an instant: one conversion for a debt instead of one for each of its
-- entries and messages. Where the clocks go back over midnight, midnight comes twice: the first one.
create function day_end(day date, time_zone text) returns timestamptz
    language sql stable parallel safe
    return (day + 1)::timestamp at time zone time_zone - case
        when (((day + 1)::timestamp at time zone time_zone - interval '1 hour')
            at time zone time_zone)::date > day then interval '1 hour'
        else interval '0' end;
grant execute on function day_end(date, text) to dunlin_app;
