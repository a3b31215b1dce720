-- A version says what was sent and why, so nobody rewrites one: the application may only say when it
-- is in force. Of one scenario one version is in force at a time.
revoke update on scenario_version from dunlin_app;
grant update (in_force_from, in_force_until) on scenario_version to dunlin_app;
revoke update on scenario from dunlin_app;
grant update (position) on scenario to dunlin_app;

alter table scenario_version
    add constraint scenario_version_in_force_order
        check (in_force_until is null or in_force_until > in_force_from),
    -- A range of its id alone stands for the id, as GiST has no other way to compare numbers.
    add constraint scenario_version_one_in_force exclude using gist (
        int8range(scenario_id, scenario_id, '[]') with &&,
        tstzrange(in_force_from, in_force_until) with &&)
        where (in_force_from is not null)
        deferrable initially deferred,
    add constraint scenario_version_draft check (in_force_from is not null or in_force_until is null);
