-- name: delete_old_certificates
-- Deletes certificates that are older than so many days. Those that something still asks for are kept: of each table the
-- newest one and the newest that compared it completely, of calls the last one that proves until when they were compared, and
-- certificates whose deletion proposal is not settled.
DELETE FROM megaplan_raw.certificates
WHERE account = %(account)s AND (entity, run_id) IN (
  SELECT old.entity, old.run_id
  FROM megaplan_raw.certificates AS old
  WHERE old.account = %(account)s
    AND old.issued_at < now() - make_interval(days => %(days)s)
    AND EXISTS (
      SELECT
      FROM megaplan_raw.certificates AS later
      WHERE later.account = old.account
        AND later.entity = old.entity
        AND later.issued_at > old.issued_at
        AND (old.verdict = 'partial' OR later.verdict <> 'partial')
        AND (
          old.entity <> 'calls'
          OR old.verdict NOT IN ('proven', 'unresolved')
          OR later.verdict IN ('proven', 'unresolved') AND later.watermark >= old.watermark
        )
    )
    AND NOT EXISTS (
      SELECT
      FROM megaplan_sync.deletion_proposals AS proposal
      WHERE proposal.number = old.proposal AND proposal.state IN ('open', 'approved')
    )
  LIMIT %(limit)s
)


-- name: delete_old_versions
-- Deletes past versions of deals that ended more than so many days ago, the oldest first. Moves between stages stay, and so
-- does the current version, which is in deals.
WITH deleted AS (
  DELETE FROM megaplan_raw.past_deal_versions
  WHERE account = %(account)s AND (deal_id, valid_from) IN (
    SELECT deal_id, valid_from
    FROM megaplan_raw.past_deal_versions
    WHERE account = %(account)s AND valid_to >= %(after)s AND valid_to < now() - make_interval(days => %(days)s)
    ORDER BY valid_to
    LIMIT %(limit)s
  )
  RETURNING valid_to
)
SELECT count(*) AS deleted, max(valid_to) AS until FROM deleted


-- name: delete_old_findings
-- Deletes differences that nights of all accounts found more than 30 days ago.
DELETE FROM megaplan_sync.findings
WHERE (run_id, account, entity, id, part) IN (
  SELECT run_id, account, entity, id, part
  FROM megaplan_sync.findings
  WHERE found_at < now() - interval '30 days'
  LIMIT %(limit)s
)


-- name: delete_old_reconciliations
-- Deletes the states of reconciliations of all accounts that began more than 30 days ago.
DELETE FROM megaplan_sync.reconciliations
WHERE (run_id, account, entity) IN (
  SELECT run_id, account, entity
  FROM megaplan_sync.reconciliations
  WHERE began_at < now() - interval '30 days'
  LIMIT %(limit)s
)
