-- Whether a schema of ours has its table of versions.
SELECT to_regclass(format('%%I.schema_version', %(schema)s::text)) IS NOT NULL
