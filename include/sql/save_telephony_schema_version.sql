-- Version of the tables of schema telephony.
INSERT INTO telephony.schema_version (version) VALUES (%(version)s)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, updated_at = now()
