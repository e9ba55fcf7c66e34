-- name: save_account
-- Registers an account and the time zone of its days; writes nothing if both are known. A time zone that Postgres does not
-- know is an error here, and not later in the views.
INSERT INTO megaplan_sync.accounts AS present (account, timezone)
VALUES (%(account)s, CASE WHEN now() AT TIME ZONE %(timezone)s::text IS NOT NULL THEN %(timezone)s::text END)
ON CONFLICT (account) DO UPDATE SET timezone = excluded.timezone
WHERE present.timezone <> excluded.timezone


-- name: select_accounts
-- All accounts that were ever synchronised.
SELECT account FROM megaplan_sync.accounts ORDER BY account


-- name: save_account_settings
-- Saves what an account's connection says, for people to see; writes nothing if it is known and was seen within the hour.
INSERT INTO megaplan_sync.account_settings AS present (
  account, conn_id, deals_active, telephony_active, deals_to_uis, requests_per_hour, reserved_for_calls,
  directories_every_minutes
)
VALUES (
  %(account)s, %(conn_id)s, %(deals_active)s, %(telephony_active)s, %(deals_to_uis)s, %(requests_per_hour)s,
  %(reserved_for_calls)s, %(directories_every_minutes)s
)
ON CONFLICT (account) DO UPDATE SET
  conn_id = excluded.conn_id,
  deals_active = excluded.deals_active,
  telephony_active = excluded.telephony_active,
  deals_to_uis = excluded.deals_to_uis,
  requests_per_hour = excluded.requests_per_hour,
  reserved_for_calls = excluded.reserved_for_calls,
  directories_every_minutes = excluded.directories_every_minutes,
  seen_at = excluded.seen_at
WHERE present.seen_at < now() - interval '1 hour'
  OR (
    present.conn_id, present.deals_active, present.telephony_active, present.deals_to_uis, present.requests_per_hour,
    present.reserved_for_calls, present.directories_every_minutes
  ) IS DISTINCT FROM (
    excluded.conn_id, excluded.deals_active, excluded.telephony_active, excluded.deals_to_uis,
    excluded.requests_per_hour, excluded.reserved_for_calls, excluded.directories_every_minutes
  )


-- name: select_query_length
-- The longest query that an account accepts, as found within the last week.
SELECT characters
FROM megaplan_sync.query_lengths
WHERE account = %(account)s AND found_at > now() - interval '1 week'


-- name: save_query_length
-- Saves the longest query that an account accepts.
INSERT INTO megaplan_sync.query_lengths (account, characters) VALUES (%(account)s, %(characters)s)
ON CONFLICT (account) DO UPDATE SET characters = excluded.characters, found_at = now()
