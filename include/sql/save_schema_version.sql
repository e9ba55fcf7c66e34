-- The version that the tables have now.
INSERT INTO megaplan_sync.schema_version AS present (version)
VALUES (%(version)s)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, updated_at = now()
WHERE present.version <> excluded.version
