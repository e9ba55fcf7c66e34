-- Version of the tables of schema uis.
INSERT INTO uis.schema_version (version) VALUES (%(version)s)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, updated_at = now()
