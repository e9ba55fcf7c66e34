-- name: migrate_uploads_to_2
-- Version 2 says "failed" for what version 1 called "parked".
DO $$
DECLARE
  old record;
BEGIN
  FOR old IN
    SELECT attrelid::regclass AS relation, attname AS name
    FROM pg_attribute
    WHERE attrelid IN (to_regclass('uis.deals'), to_regclass('uis.directory_rows'), to_regclass('uis.parked'))
      AND attname IN ('parked_hash', 'parked_at')
  LOOP
    EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', old.relation, old.name, replace(old.name, 'parked', 'failed'));
  END LOOP;
END $$;
ALTER VIEW IF EXISTS uis.parked RENAME TO failed;
ALTER INDEX IF EXISTS uis.deals_on_their_way RENAME TO deals_in_flight;
