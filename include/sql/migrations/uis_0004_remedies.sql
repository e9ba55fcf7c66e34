-- name: migrate_uploads_to_4
-- Version 4: failures say who can mend them, and everything that UIS has is compared once more: earlier versions left values in
-- UIS that had been removed in Megaplan, and did not see it.
ALTER TABLE IF EXISTS uis.deals
  ADD COLUMN IF NOT EXISTS remedy text,
  ADD COLUMN IF NOT EXISTS retry_at timestamptz,
  ADD COLUMN IF NOT EXISTS stale text[],
  ADD COLUMN IF NOT EXISTS repaired_hash text;
ALTER TABLE IF EXISTS uis.directory_rows
  ADD COLUMN IF NOT EXISTS remedy text,
  ADD COLUMN IF NOT EXISTS verified_hash text,
  ADD COLUMN IF NOT EXISTS difference text,
  ADD COLUMN IF NOT EXISTS repaired_hash text;
DO $$
BEGIN
  IF to_regclass('uis.deals') IS NOT NULL THEN
    UPDATE uis.deals SET verified_hash = NULL, verify_tries = 0, difference = NULL WHERE sent IS NOT NULL;
    UPDATE uis.deals
    SET
      remedy = CASE
        WHEN failed_hash = 'temporary' OR error ~* 'future' THEN 'wait'
        WHEN error ~ '^UIS answered entity_not_found' OR error ~ 'answered (dependency_error|data_limit_exceeded)'
          OR error ~ 'field .*(funnel|stage|employee|contact)_ext_id' THEN 'mend in UIS'
        WHEN error !~ 'UIS answered' OR error ~ 'field .*(name|revenue|comments|source|user_fields)'
          THEN 'mend in Megaplan'
        ELSE 'ours'
      END,
      retry_at = CASE WHEN failed_hash = 'temporary' OR error ~* 'future' THEN now() END
    WHERE failed_hash IS NOT NULL;
  END IF;
  IF to_regclass('uis.directory_rows') IS NOT NULL THEN
    UPDATE uis.directory_rows
    SET
      remedy = CASE
        WHEN error ~ 'answered (dependency_error|data_limit_exceeded|entity_not_found)' THEN 'mend in UIS'
        WHEN error !~ 'UIS answered' OR error ~ 'field .*(name|phone_numbers|emails|stages|order)' THEN 'mend in Megaplan'
        ELSE 'ours'
      END
    WHERE failed_hash IS NOT NULL;
  END IF;
END $$
