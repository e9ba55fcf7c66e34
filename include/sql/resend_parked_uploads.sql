-- Lets everything of an account that is parked be tried again.
WITH deals AS (
  UPDATE uis.deals SET parked_hash = NULL, error = NULL, parked_at = NULL
  WHERE account = %(account)s AND parked_hash IS NOT NULL
  RETURNING 1
),
directory_rows AS (
  UPDATE uis.directory_rows SET parked_hash = NULL, error = NULL, parked_at = NULL
  WHERE account = %(account)s AND parked_hash IS NOT NULL
  RETURNING 1
),
unseen AS (
  UPDATE uis.deals SET verify_tries = 0
  WHERE account = %(account)s AND verified_hash IS DISTINCT FROM sent_hash
)
SELECT (SELECT count(*) FROM deals) + (SELECT count(*) FROM directory_rows)
