-- Version of the tables.
SELECT version FROM megaplan_sync.schema_version
