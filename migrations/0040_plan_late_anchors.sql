-- Whether a scenario that is in force now, or will be, has a step that counts from such a date. What is
-- paid or promised today may be reminded of on a day that is planned already: the debt is planned
-- by itself then.
create function plan_counts_from(the_anchor text, now timestamptz) returns boolean
    language sql stable parallel safe
    return exists (
        select
        from scenario_version v
        join scenario_step s on s.scenario_id = v.scenario_id and s.version = v.version
        where v.in_force_from is not null
            and (v.in_force_until is null or v.in_force_until > plan_counts_from.now)
            and s.anchor = plan_counts_from.the_anchor);
