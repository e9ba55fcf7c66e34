-- name: migrate_to_10
-- Version 10: a deletion proposal can be rejected, and says who decided on it. Older ones name the run that was triggered
-- with the number. The expressions of derived columns are those of version 9.
-- derivations: 159dbea4fe1df64f
ALTER TABLE IF EXISTS megaplan_sync.deletion_proposals
  ADD COLUMN IF NOT EXISTS decided_by text,
  ADD COLUMN IF NOT EXISTS decided_at timestamptz,
  ADD COLUMN IF NOT EXISTS approved_by text,
  DROP CONSTRAINT IF EXISTS deletion_proposals_state_check,
  ADD CONSTRAINT deletion_proposals_state_check
    CHECK (state IN ('open', 'approved', 'rejected', 'settled', 'withdrawn'));
UPDATE megaplan_sync.deletion_proposals SET decided_by = approved_by WHERE approved_by IS NOT NULL;
ALTER TABLE megaplan_sync.deletion_proposals DROP COLUMN approved_by;
