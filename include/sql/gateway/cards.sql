-- name: insert_card
-- Claims a pop-up before its object is created in Megaplan; only the process that inserts the row may create it, and only
-- the gateway that has the call inserts it.
INSERT INTO telephony.cards (account, provider_id, call_session_id, is_companion, employee_id, sent, due_at)
SELECT
  %(account)s, %(provider_id)s, %(call_session_id)s, %(is_companion)s, %(employee_id)s, %(sent)s,
  now() + make_interval(secs => %(due_in_seconds)s::float8)
FROM telephony.live_queue
WHERE account = %(account)s AND call_session_id = %(call_session_id)s AND gateway = %(gateway)s
FOR UPDATE
ON CONFLICT (account, provider_id) DO NOTHING
RETURNING provider_id


-- name: select_cards_of_call
-- The pop-ups of a call.
SELECT provider_id, is_companion, employee_id, state, sent, call_info_id, tries
FROM telephony.cards
WHERE account = %(account)s AND call_session_id = %(call_session_id)s


-- name: settle_card
-- Saves a pop-up's state after a request to Megaplan. If another process has changed the row meanwhile, which request
-- Megaplan received last is unknown: the last sent state is then reset, so that the right one is sent again at once.
UPDATE telephony.cards AS present SET
  state = CASE WHEN conflict.is_so THEN 'open' ELSE %(state)s END,
  sent = CASE WHEN NOT conflict.is_so THEN coalesce(%(sent)s, present.sent) END,
  employee_id = coalesce(%(employee_id)s, present.employee_id),
  call_info_id = coalesce(%(call_info_id)s, present.call_info_id),
  tries = CASE
    WHEN %(is_resolved)s THEN 0
    -- several events at once count as one attempt, or a burst of them would exhaust the retry schedule
    WHEN present.last_error IS NOT NULL AND present.changed_at > now() - interval '2 s' THEN present.tries
    ELSE present.tries + 1
  END,
  last_error = %(last_error)s,
  due_at = CASE WHEN conflict.is_so THEN now() ELSE now() + make_interval(secs => %(due_in_seconds)s::float8) END,
  changed_at = now()
FROM (
  SELECT (card.state, card.sent) IS DISTINCT FROM (%(known_state)s::text, %(known_sent)s::text) AS is_so
  FROM telephony.cards AS card
  WHERE card.account = %(account)s AND card.provider_id = %(provider_id)s
  FOR UPDATE
) AS conflict
WHERE present.account = %(account)s AND present.provider_id = %(provider_id)s


-- name: delete_claimed_card
-- Deletes a claimed pop-up for which no request was sent.
DELETE FROM telephony.cards
WHERE account = %(account)s AND provider_id = %(provider_id)s AND state = 'opening' AND call_info_id IS NULL


-- name: select_recent_calls
-- Calls with recent events, which another program may have stored without queueing them.
SELECT DISTINCT latest.account, latest.call_session_id
FROM (
  SELECT account, call_session_id, received_at FROM telephony.events ORDER BY number DESC LIMIT 5000
) AS latest
WHERE latest.call_session_id IS NOT NULL
  AND latest.account = ANY(%(accounts)s)
  AND latest.received_at > now() - make_interval(secs => %(seconds)s::float8)


-- name: claim_live_call
-- Claims a call in the outbox before the live lane creates its object, whose outcome is unknown until confirmed.
-- Returns no row if the batch lane has claimed the call or Megaplan already has it. Until the lease expires, the batch
-- lane leaves the call alone.
INSERT INTO telephony.call_deliveries AS present (account, call_session_id, stage, step, state, due_at)
VALUES (
  %(account)s, %(call_session_id)s, 'history', 1, 'unsure', now() + make_interval(secs => %(lease_seconds)s::float8)
)
ON CONFLICT (account, call_session_id, stage) DO UPDATE SET
  state = 'unsure', due_at = excluded.due_at, changed_at = clock_timestamp()
WHERE present.result_id IS NULL
  AND present.state IN ('due', 'unsure')
  AND present.tries = 0
  AND (present.claimed_until IS NULL OR present.claimed_until < now())
RETURNING present.call_session_id


-- name: confirm_live_call
-- Megaplan has the object created by the live lane; from now on the batch lane completes it.
UPDATE telephony.call_deliveries SET
  result_id = %(call_info_id)s,
  sent = coalesce(to_jsonb(%(history_hash)s::text), sent),
  changed_at = clock_timestamp()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND stage = 'history'
  AND (result_id IS NULL OR result_id = %(call_info_id)s)


-- name: release_live_call
-- The outcome of the live lane's request is known: the batch lane may complete or create the object of the call.
UPDATE telephony.call_deliveries SET state = 'due', due_at = now(), changed_at = clock_timestamp()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND stage = 'history'
  AND state = 'unsure'
  AND tries = 0
