-- name: select_calls_by_day
-- Calls of the last fortnight by outcome, of the accounts whose name contains a text.
SELECT shown.day::date AS day, counted.answered, counted.missed, counted.unanswered
FROM generate_series(
  (now() AT TIME ZONE 'UTC')::date - 13, (now() AT TIME ZONE 'UTC')::date, interval '1 day'
) AS shown (day)
CROSS JOIN LATERAL ( -- day by day: the index has the order
  SELECT
    count(*) FILTER (WHERE outcome = 'answered') AS answered,
    count(*) FILTER (WHERE outcome = 'missed') AS missed,
    count(*) FILTER (WHERE outcome = 'unanswered') AS unanswered
  FROM telephony.calls
  WHERE started_at >= shown.day AT TIME ZONE 'UTC' AND started_at < (shown.day + interval '1 day') AT TIME ZONE 'UTC'
    AND (%(account)s = '' OR strpos(lower(account), lower(%(account)s)) > 0)
) AS counted
ORDER BY day


-- name: select_console_mismatches
-- Mismatched users with their names, accounts in order, the longest known first.
SELECT account, kind, employee_id, uis_employee_id, internal_number, name, uis_name, message, first_found_at
FROM telephony.mismatches
WHERE %(account)s = '' OR strpos(lower(account), lower(%(account)s)) > 0
ORDER BY account, first_found_at, kind, employee_id, uis_employee_id, internal_number
LIMIT %(limit)s OFFSET %(offset)s


-- name: select_calls_found
-- The newest calls with a number of UIS, or with a client's phone.
SELECT account, call_session_id, direction, outcome, contact_phone, started_at
FROM (
  SELECT calls.*
  FROM (SELECT account FROM megaplan_sync.accounts UNION SELECT account FROM megaplan_sync.account_settings) AS known
  JOIN telephony.calls ON calls.account = known.account AND calls.call_session_id = %(number)s::bigint
  UNION ALL
  SELECT * FROM telephony.calls WHERE contact_phone = %(phone)s
) AS found
ORDER BY started_at DESC NULLS LAST
LIMIT 50


-- name: select_call
-- One call with the employee to whom it belongs.
SELECT
  calls.account, calls.call_session_id, calls.direction, calls.outcome, calls.is_finished, calls.contact_phone,
  calls.virtual_phone, calls.started_at, calls.answered_at, calls.finished_at, calls.talk_seconds, calls.wait_seconds,
  calls.finish_reason, coalesce(users.name, users.uis_name) AS employee
FROM telephony.calls
LEFT JOIN telephony.users ON users.account = calls.account AND users.uis_employee_id = calls.uis_employee_id
WHERE calls.account = %(account)s AND calls.call_session_id = %(number)s


-- name: select_timeline
-- Everything that is known of one call, from the first ring to what Megaplan has, in the order of time.
SELECT at, side, what, detail, extract(epoch FROM received_at - at)::float8 AS delay_seconds
FROM (
  SELECT coalesce(occurred_at, received_at) AS at, 1 AS place, 'uis' AS side, mnemonic AS what, broken AS detail, received_at
  FROM telephony.events
  WHERE account = %(account)s AND call_session_id = %(number)s AND source <> 'megaplan_webhook'
  UNION ALL
  SELECT command.taken_at, 2, 'widget', command.kind, coalesce(command.error, command.state), NULL
  FROM telephony.commands AS command
  WHERE command.account = %(account)s AND command.call_session_id = %(number)s
  UNION ALL
  SELECT step.at, 3, 'card', step.what, coalesce(step.error, users.name, users.uis_name), NULL
  FROM telephony.cards
  LEFT JOIN telephony.users ON users.account = cards.account AND users.employee_id = cards.employee_id
  CROSS JOIN LATERAL (
    VALUES (cards.created_at, 'card_asked', NULL), (cards.changed_at, 'card_' || cards.state, cards.last_error)
  ) AS step (at, what, error)
  WHERE cards.account = %(account)s AND cards.call_session_id = %(number)s
  UNION ALL
  SELECT
    coalesce(delivery.done_at, delivery.changed_at), 3 + delivery.step, 'delivery', delivery.stage || '_' || delivery.state,
    concat_ws(' · ', delivery.error, '№ ' || delivery.result_id), NULL
  FROM telephony.call_deliveries AS delivery
  WHERE delivery.account = %(account)s AND delivery.call_session_id = %(number)s
) AS step
ORDER BY at, place
