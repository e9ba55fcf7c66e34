-- How an account's deals stand in UIS.
SELECT
  (
    SELECT count(*) FROM megaplan_raw.deals AS deal
    WHERE deal.account = %(account)s AND deal.deleted_at IS NULL
  ) AS in_megaplan,
  count(*) FILTER (WHERE ledger.sent IS NOT NULL) AS in_uis,
  count(*) FILTER (WHERE ledger.sent_hash = ledger.verified_hash AND ledger.difference IS NULL) AS same,
  count(*) FILTER (WHERE ledger.sent_hash = ledger.verified_hash AND ledger.difference IS NOT NULL) AS differing,
  count(*) FILTER (WHERE ledger.parked_hash IS NOT NULL) AS parked,
  count(*) FILTER (
    WHERE ledger.sent_hash IS NOT NULL AND ledger.verified_hash IS DISTINCT FROM ledger.sent_hash
  ) AS unseen
FROM uis.deals AS ledger
WHERE ledger.account = %(account)s
