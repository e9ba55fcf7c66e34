-- name: select_setup_accounts
-- What is known of the accounts of some connections: their names, and how many errors the doctor has found last.
SELECT
  given.conn_id,
  coalesce(examined.account, settings.account) AS account,
  examined.examined_at,
  jsonb_array_length(jsonb_path_query_array(examined.findings, '$[*] ? (@.level == "error")')) AS errors
FROM unnest(%(conn_ids)s::text[]) WITH ORDINALITY AS given (conn_id, place)
LEFT JOIN LATERAL (
  SELECT account FROM megaplan_sync.account_settings WHERE conn_id = given.conn_id ORDER BY seen_at DESC LIMIT 1
) AS settings ON true
LEFT JOIN megaplan_sync.examinations AS examined ON examined.conn_id = given.conn_id
ORDER BY given.place


-- name: select_examination
-- What the doctor has found last of a connection's account.
SELECT findings, examined_at FROM megaplan_sync.examinations WHERE conn_id = %(conn_id)s


-- name: select_calibration
-- What the doctor has seen of how an account behaves, what differs first.
SELECT side, name, assumed, seen, setting, value, seen_at
FROM megaplan_sync.calibrations
WHERE account = %(account)s
ORDER BY seen IS NULL, seen = assumed, side, name


-- name: select_setup_of_deals
-- How far the first load and the first night of an account are.
SELECT
  tables.number AS tables,
  tables.loading,
  tables.rows_read,
  tables.read_at,
  night.day,
  night.certificates,
  night.unproven
FROM (
  SELECT
    count(*) AS number,
    count(*) FILTER (WHERE read_at IS NULL) AS loading,
    coalesce(sum(rows_read), 0)::bigint AS rows_read,
    max(read_at) AS read_at
  FROM megaplan_sync.table_freshness
  WHERE account = %(account)s
) AS tables
LEFT JOIN LATERAL (
  SELECT day, count(*) AS certificates, count(*) FILTER (WHERE verdict NOT IN ('proven', 'partial')) AS unproven
  FROM (
    SELECT DISTINCT ON (entity) entity, day, verdict
    FROM megaplan_raw.certificates
    WHERE account = %(account)s
      AND day = (
        SELECT max(day) FROM megaplan_raw.certificates WHERE account = %(account)s AND day >= current_date - 13
      )
    ORDER BY entity, issued_at DESC
  ) AS latest
  GROUP BY day
) AS night ON true


-- name: select_setup_of_telephony
-- What has arrived of an account's webhooks, notifications, users and numbers. The cabinet's tests of an address are counted
-- as long as no call has arrived: then the account has few events.
SELECT
  EXISTS (SELECT FROM telephony.gateways WHERE alive_until > now()) AS has_gateway,
  EXISTS (SELECT FROM telephony.events WHERE account = %(account)s AND source = 'megaplan_webhook') AS has_webhooks,
  calls.mnemonics,
  tests.number AS tests,
  tests.first_at AS first_test_at,
  (SELECT count(*) FROM telephony.users WHERE account = %(account)s) AS users,
  (SELECT count(*) FROM telephony.mismatches WHERE account = %(account)s) AS mismatches,
  (SELECT count(*) FROM telephony.directories
    WHERE account = %(account)s AND directory = 'uis_statuses' AND gone_at IS NULL) AS statuses,
  (SELECT coalesce(array_agg(name), '{}') FROM telephony.directories
    WHERE account = %(account)s AND directory = 'virtual_numbers' AND gone_at IS NULL) AS numbers,
  EXISTS (SELECT FROM telephony.call_deliveries WHERE account = %(account)s AND state = 'done') AS has_delivered
FROM (
  SELECT coalesce(array_agg(DISTINCT event.mnemonic ORDER BY event.mnemonic), '{}') AS mnemonics
  FROM (
    SELECT call_session_id
    FROM telephony.calls
    WHERE account = %(account)s
    ORDER BY call_session_id DESC -- the latest ones, by the key
    LIMIT 20
  ) AS latest
  JOIN telephony.events AS event
    ON event.account = %(account)s AND event.call_session_id = latest.call_session_id
  WHERE event.source = 'uis_notification' AND event.mnemonic IS NOT NULL
) AS calls
CROSS JOIN LATERAL (
  SELECT coalesce(sum(times_received), 0)::bigint AS number, min(received_at) AS first_at
  FROM telephony.events
  WHERE account = %(account)s AND source = 'uis_notification' AND call_session_id IS NULL AND payload ? 'is_test_send'
    AND calls.mnemonics = '{}'
) AS tests


-- name: select_setup_of_uploads
-- How far the first upload of an account's deals to UIS is.
SELECT
  (SELECT count(*) FROM uis.deals WHERE account = %(account)s AND sent_hash IS NOT NULL) AS sent,
  (SELECT count(*) FROM uis.failed WHERE account = %(account)s) AS failed,
  run.began_at,
  run.unfinished
FROM (VALUES (0)) AS only_row (place)
LEFT JOIN LATERAL (
  SELECT began_at, unfinished FROM uis.upload_runs WHERE account = %(account)s ORDER BY began_at DESC LIMIT 1
) AS run ON true
