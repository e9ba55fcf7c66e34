-- Staged rows into megaplan_raw.currencies: new ones are inserted, changed ones updated, equal ones not written at all.
INSERT INTO megaplan_raw.currencies AS present (
  account, id, name, code, sign, rate, is_main, payload, content_hash
)
SELECT
  account, id, name, code, sign, rate, is_main, payload::jsonb, content_hash
FROM staged_currencies
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  code = excluded.code,
  sign = excluded.sign,
  rate = excluded.rate,
  is_main = excluded.is_main,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.content_hash <> excluded.content_hash
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new
