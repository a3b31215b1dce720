-- name: schema_version
select coalesce(max(version), 0)::bigint
from schema_migration;
