-- name: has_uploads
-- Whether UIS has any deal of an account.
SELECT EXISTS (SELECT FROM uis.deals WHERE account = %(account)s AND sent IS NOT NULL)


-- name: count_uploads
-- Counts of an account's deals by their state in UIS.
SELECT
  (
    SELECT count(*) FROM megaplan_raw.deals AS deal
    WHERE deal.account = %(account)s AND deal.deleted_at IS NULL
  ) AS in_megaplan,
  count(*) FILTER (WHERE ledger.sent IS NOT NULL) AS in_uis,
  count(*) FILTER (WHERE ledger.sent_hash = ledger.verified_hash AND ledger.difference IS NULL) AS same,
  count(*) FILTER (
    WHERE ledger.sent IS NOT NULL AND ledger.difference IS NOT NULL
      AND (ledger.stale IS NOT NULL OR ledger.verified_hash = ledger.sent_hash)
  ) AS differing,
  count(*) FILTER (WHERE ledger.failed_hash IS NOT NULL) AS failed,
  count(*) FILTER (
    WHERE ledger.sent_hash IS NOT NULL AND ledger.verified_hash IS DISTINCT FROM ledger.sent_hash
  ) AS unseen,
  (
    SELECT count(*) FROM uis.directory_rows AS directory
    WHERE directory.account = %(account)s AND directory.difference IS NOT NULL
  ) AS directories_differing
FROM uis.deals AS ledger
WHERE ledger.account = %(account)s


-- name: count_uploads_between
-- Number of an account's deals created between two times, in UIS's format.
SELECT count(*) FROM uis.deals
WHERE account = %(account)s AND sent ->> 'created_date_time' BETWEEN %(first)s AND %(last)s


-- name: find_upload_id_range
-- Last id of the next range of deals.
SELECT max(next_ids.id)
FROM (
  SELECT id FROM megaplan_raw.deals
  WHERE account = %(account)s AND deleted_at IS NULL AND id > %(after)s
  ORDER BY id
  LIMIT %(deals)s
) AS next_ids


-- name: intend_upload
-- Saves what a request is about to contain, before it is made.
INSERT INTO uis.deals AS ledger (
  account, deal_id, ext_id, sending_hash, sending, sending_records, sending_since
)
SELECT %(account)s, given.deal_id, given.ext_id, given.hash, given.sending, given.records, now()
FROM unnest(
  %(deal_ids)s::bigint[], %(ext_ids)s::text[], %(hashes)s::text[], %(sending)s::jsonb[], %(records)s::integer[]
) AS given (deal_id, ext_id, hash, sending, records)
ON CONFLICT (account, deal_id) DO UPDATE SET
  sending_hash = excluded.sending_hash,
  sending = excluded.sending,
  sending_records = excluded.sending_records,
  sending_since = excluded.sending_since


-- name: accept_upload
-- UIS has accepted what was in flight.
UPDATE uis.deals
SET
  sent_hash = sending_hash,
  sent = sending,
  sent_at = now(),
  sent_records = sent_records + sending_records,
  sending_hash = NULL,
  sending = NULL,
  sending_records = NULL,
  sending_since = NULL,
  failed_hash = NULL,
  error = NULL,
  failed_at = NULL,
  remedy = NULL,
  retry_at = NULL,
  verify_tries = 0,
  difference = NULL,
  stale = NULL
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[]) AND sending IS NOT NULL


-- name: reset_lost_uploads
-- UIS has lost some deals, or never had them: they will be sent again.
UPDATE uis.deals
SET sent = NULL, sent_hash = NULL, sent_records = 0, difference = NULL, stale = NULL, verify_tries = 0
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])


-- name: withdraw_upload
-- UIS has certainly not accepted what was in flight.
UPDATE uis.deals
SET sending_hash = NULL, sending = NULL, sending_records = NULL, sending_since = NULL
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])


-- name: fail_upload
-- Saves a deal's failure; returns whether it is a new one.
INSERT INTO uis.deals AS ledger (account, deal_id, ext_id, failed_hash, error, failed_at, remedy, retry_at)
VALUES (%(account)s, %(deal_id)s, %(ext_id)s, %(hash)s, %(error)s, now(), %(remedy)s, %(retry_at)s)
ON CONFLICT (account, deal_id) DO UPDATE SET
  failed_hash = excluded.failed_hash,
  failed_at = CASE WHEN ledger.error = excluded.error THEN ledger.failed_at ELSE now() END,
  error = excluded.error,
  remedy = excluded.remedy,
  retry_at = excluded.retry_at,
  sending_hash = NULL,
  sending = NULL,
  sending_records = NULL,
  sending_since = NULL
RETURNING failed_at = now() AS is_new


-- name: delete_upload
-- UIS does not have the deal any more.
DELETE FROM uis.deals WHERE account = %(account)s AND deal_id = %(deal_id)s


-- name: reset_uploads
-- Clears what UIS has of an account, before it is read back.
UPDATE uis.deals
SET sent = NULL, sent_hash = NULL, verified_hash = NULL, verify_tries = 0, difference = NULL, stale = NULL
WHERE account = %(account)s AND sending IS NULL


-- name: adopt_uploads
-- Adds deals found in UIS; without a hash, they are compared with their facts again.
INSERT INTO uis.deals AS ledger (account, deal_id, ext_id, sent, sent_at, sent_records)
SELECT %(account)s, found.deal_id, found.ext_id, found.sent, now(), found.records
FROM unnest(%(deal_ids)s::bigint[], %(ext_ids)s::text[], %(sent)s::jsonb[], %(records)s::integer[])
  AS found (deal_id, ext_id, sent, records)
ON CONFLICT (account, deal_id) DO UPDATE SET
  sent = excluded.sent,
  sent_hash = NULL,
  sent_records = excluded.sent_records,
  verified_hash = NULL,
  verify_tries = 0


-- name: select_uploads_in_flight
-- Deals in flight: the outcome of their request is unknown.
SELECT deal_id, ext_id, sending, extract(epoch FROM now() - sending_since)::float8 AS age_seconds
FROM uis.deals
WHERE account = %(account)s AND sending IS NOT NULL
ORDER BY deal_id


-- name: select_failed_uploads
-- What failed, who can mend it, and why; newest first.
SELECT kind, ext_id, remedy, error FROM uis.failed
WHERE account = %(account)s
ORDER BY failed_at DESC, ext_id
LIMIT %(limit)s


-- name: count_failed_uploads
-- Number of failures by who can mend them.
SELECT remedy, count(*) FROM uis.failed WHERE account = %(account)s GROUP BY remedy ORDER BY remedy


-- name: clear_failed_uploads
-- Clears all failures of an account, so that its next run tries again.
WITH deals AS (
  UPDATE uis.deals SET failed_hash = NULL, error = NULL, failed_at = NULL, remedy = NULL, retry_at = NULL
  WHERE account = %(account)s AND failed_hash IS NOT NULL
  RETURNING 1
),
directory_rows AS (
  UPDATE uis.directory_rows SET failed_hash = NULL, error = NULL, failed_at = NULL, remedy = NULL
  WHERE account = %(account)s AND failed_hash IS NOT NULL
  RETURNING 1
),
unseen AS (
  UPDATE uis.deals SET verify_tries = 0, repaired_hash = NULL
  WHERE account = %(account)s AND (verified_hash IS DISTINCT FROM sent_hash OR difference IS NOT NULL)
)
SELECT (SELECT count(*) FROM deals) + (SELECT count(*) FROM directory_rows)


-- name: refuse_deletion
-- UIS does not delete a deal; it is not asked again until failures are cleared.
UPDATE uis.deals
SET failed_hash = 'deletion', error = %(error)s, failed_at = now(), remedy = %(remedy)s, retry_at = NULL
WHERE account = %(account)s AND deal_id = %(deal_id)s


-- name: forget_failures_of_deleted_deals
-- Deals that UIS never had and that are gone from Megaplan, and refused deletions of deals that are back.
WITH gone AS (
  DELETE FROM uis.deals AS ledger
  USING megaplan_raw.deals AS deal
  WHERE ledger.account = %(account)s AND deal.account = ledger.account AND deal.id = ledger.deal_id
    AND deal.deleted_at IS NOT NULL AND ledger.sent IS NULL AND ledger.sending IS NULL
)
UPDATE uis.deals AS ledger
SET failed_hash = NULL, error = NULL, failed_at = NULL, remedy = NULL
FROM megaplan_raw.deals AS deal
WHERE ledger.account = %(account)s AND ledger.failed_hash = 'deletion'
  AND deal.account = ledger.account AND deal.id = ledger.deal_id AND deal.deleted_at IS NULL


-- name: select_uploads_to_delete
-- Deals that UIS has and that are certainly gone from Megaplan, except those that it refused to delete.
SELECT ledger.deal_id, ledger.ext_id
FROM uis.deals AS ledger
JOIN megaplan_raw.deals AS deal ON deal.account = ledger.account AND deal.id = ledger.deal_id
WHERE ledger.account = %(account)s AND ledger.sent IS NOT NULL AND ledger.sending IS NULL
  AND deal.deleted_at IS NOT NULL AND ledger.failed_hash IS DISTINCT FROM 'deletion'
ORDER BY ledger.deal_id


-- name: analyze_upload_ledger
-- Without statistics the planner takes a new table for one of a single row, and scans all of it for each deal.
ANALYZE uis.directory_rows, uis.deals
