-- Version of the tables of schema uis.
SELECT version FROM uis.schema_version
