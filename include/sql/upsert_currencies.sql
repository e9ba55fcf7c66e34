-- Staged rows into megaplan_raw.currencies: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
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
WHERE present.deleted_at IS NOT NULL OR (
  present.name, present.code, present.sign, present.rate, present.is_main, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.name, excluded.code, excluded.sign, excluded.rate, excluded.is_main, excluded.payload,
  excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.currencies AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part
