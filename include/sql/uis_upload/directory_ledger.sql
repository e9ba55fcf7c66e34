-- name: select_directory_ledger
-- What UIS has and refuses of one kind of directory.
SELECT ext_id, content_hash, content, failed_hash, remedy
FROM uis.directory_rows
WHERE account = %(account)s AND kind = %(kind)s


-- name: save_directory_rows
-- Saves directory rows that UIS has accepted.
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, content_hash, content, sent_at, error)
SELECT %(account)s, %(kind)s, given.ext_id, given.hash, given.content, now(), given.error
FROM unnest(%(ext_ids)s::text[], %(hashes)s::text[], %(contents)s::jsonb[], %(errors)s::text[])
  AS given (ext_id, hash, content, error)
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  content_hash = excluded.content_hash,
  content = excluded.content,
  sent_at = now(),
  error = excluded.error,
  failed_hash = NULL,
  failed_at = NULL,
  remedy = NULL,
  difference = NULL


-- name: fail_directory_row
-- Saves a directory row that UIS refuses, with the reason.
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, failed_hash, error, failed_at, remedy)
VALUES (%(account)s, %(kind)s, %(ext_id)s, %(hash)s, %(error)s, now(), %(remedy)s)
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  failed_hash = excluded.failed_hash, error = excluded.error, failed_at = now(), remedy = excluded.remedy


-- name: reset_directory_rows
-- Clears what UIS has of one kind of directory; failures stay.
UPDATE uis.directory_rows
SET content_hash = NULL, content = NULL, verified_hash = NULL, difference = NULL, repaired_hash = NULL
WHERE account = %(account)s AND kind = %(kind)s


-- name: adopt_directory_rows
-- Replaces what UIS has of one kind by what was read from it. Rows with the content that was sent keep their hash, and so
-- what had to be left out of them; the others get one that matches no facts.
WITH found AS (
  SELECT * FROM unnest(%(ext_ids)s::text[], %(contents)s::jsonb[]) AS row (ext_id, content)
),
missing AS (
  UPDATE uis.directory_rows AS ledger
  SET content_hash = NULL, content = NULL, verified_hash = NULL, difference = NULL, repaired_hash = NULL
  WHERE ledger.account = %(account)s AND ledger.kind = %(kind)s
    AND NOT EXISTS (SELECT FROM found WHERE found.ext_id = ledger.ext_id)
)
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, content_hash, content, sent_at)
SELECT %(account)s, %(kind)s, found.ext_id, 'adopted', found.content, now()
FROM found
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  content_hash = CASE WHEN ledger.content = excluded.content THEN ledger.content_hash ELSE 'adopted' END,
  error = CASE WHEN ledger.content = excluded.content THEN ledger.error END,
  content = excluded.content,
  verified_hash = NULL,
  difference = NULL,
  repaired_hash = NULL


-- name: forget_kept_stages
-- UIS may let go of stages that it kept: a deal has left it, or failures are cleared.
DELETE FROM uis.directory_rows WHERE account = %(account)s AND kind = 'stage'


-- name: doubt_directory_rows
-- UIS lacks something that a deal refers to: everything is read back again.
UPDATE uis.directory_rows SET verified_hash = NULL WHERE account = %(account)s AND verified_hash IS NOT NULL


-- name: select_unverified_directory_rows
-- What has not been read back from UIS yet of one kind of directory.
SELECT ext_id, content_hash, content
FROM uis.directory_rows
WHERE account = %(account)s AND kind = %(kind)s AND content_hash IS NOT NULL
  AND verified_hash IS DISTINCT FROM content_hash
ORDER BY ext_id


-- name: save_verified_directory_rows
-- Saves how some rows differ in UIS; null: they are equal. A differing row is sent once again with the same content: one
-- that UIS lacks is created, another is changed.
UPDATE uis.directory_rows AS ledger
SET
  verified_hash = CASE WHEN seen.difference IS NULL OR ledger.repaired_hash = seen.hash THEN seen.hash END,
  content_hash = CASE
    WHEN seen.difference IS NULL OR ledger.repaired_hash = seen.hash THEN ledger.content_hash
    WHEN seen.is_there THEN 'differs'
  END,
  content = CASE
    WHEN seen.difference IS NOT NULL AND ledger.repaired_hash IS DISTINCT FROM seen.hash AND ledger.kind = 'contact'
      THEN NULLIF(seen.shown, 'null')
    ELSE ledger.content
  END,
  repaired_hash = CASE WHEN seen.difference IS NOT NULL THEN seen.hash END,
  difference = seen.difference
FROM unnest(
  %(ext_ids)s::text[], %(hashes)s::text[], %(differences)s::text[], %(are_there)s::boolean[], %(shown)s::jsonb[]
) AS seen (ext_id, hash, difference, is_there, shown)
WHERE ledger.account = %(account)s AND ledger.kind = %(kind)s AND ledger.ext_id = seen.ext_id


-- name: retry_missing_links
-- Deals that were refused since UIS lacks something: the next run creates it first.
UPDATE uis.deals SET retry_at = now()
WHERE account = %(account)s AND failed_hash IS NOT NULL AND remedy = 'mend in UIS' AND failed_hash <> 'deletion'
