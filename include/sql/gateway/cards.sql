-- name: begin_card
-- Before a pop-up is asked for: whoever writes this row may ask for it, nobody else.
INSERT INTO telephony.cards (account, provider_id, call_session_id, is_companion, employee_id, told, due_at)
VALUES (
  %(account)s, %(provider_id)s, %(call_session_id)s, %(is_companion)s, %(employee_id)s, %(told)s,
  now() + make_interval(secs => %(due_in_seconds)s::float8)
)
ON CONFLICT (account, provider_id) DO NOTHING
RETURNING provider_id


-- name: claim_due_cards
-- Calls with pop-ups to look at again without any event: a request failed, or nothing was heard of them for long. They
-- are not due again for a while, whatever comes out of it.
WITH due AS (
  UPDATE telephony.cards SET due_at = now() + make_interval(secs => %(pause_seconds)s::float8)
  WHERE state IN ('opening', 'open') AND (due_at <= now() OR %(everything)s)
  RETURNING account, call_session_id
)
SELECT DISTINCT account, call_session_id FROM due


-- name: select_cards_of_call
-- The pop-ups of a call, as they stand.
SELECT provider_id, is_companion, employee_id, state, told, call_info_id, tries
FROM telephony.cards
WHERE account = %(account)s AND call_session_id = %(call_session_id)s


-- name: settle_card
-- How a pop-up stands after a request to Megaplan. Where another process has told something meanwhile, nobody knows which
-- came last: the row then says that nothing was told, so that the right state is told once more, at once.
UPDATE telephony.cards AS present SET
  state = CASE WHEN overtaken.is_so THEN 'open' ELSE %(state)s END,
  told = CASE WHEN NOT overtaken.is_so THEN coalesce(%(told)s, present.told) END,
  employee_id = coalesce(%(employee_id)s, present.employee_id),
  call_info_id = coalesce(%(call_info_id)s, present.call_info_id),
  tries = CASE
    WHEN %(is_over)s THEN 0
    -- several events at once are one try: or the pause would grow with what is heard meanwhile
    WHEN present.last_error IS NOT NULL AND present.changed_at > now() - interval '2 s' THEN present.tries
    ELSE present.tries + 1
  END,
  last_error = %(last_error)s,
  due_at = CASE WHEN overtaken.is_so THEN now() ELSE now() + make_interval(secs => %(due_in_seconds)s::float8) END,
  changed_at = now()
FROM (
  SELECT (card.state, card.told) IS DISTINCT FROM (%(known_state)s::text, %(known_told)s::text) AS is_so
  FROM telephony.cards AS card
  WHERE card.account = %(account)s AND card.provider_id = %(provider_id)s
  FOR UPDATE
) AS overtaken
WHERE present.account = %(account)s AND present.provider_id = %(provider_id)s


-- name: forget_card
-- A pop-up that was not asked for after all: surely no request was sent.
DELETE FROM telephony.cards
WHERE account = %(account)s AND provider_id = %(provider_id)s AND state = 'opening' AND call_info_id IS NULL


-- name: select_latest_calls
-- Calls of which something was heard a moment ago: what a gateway that was killed may have stored and not acted upon.
SELECT DISTINCT latest.account, latest.call_session_id
FROM (
  SELECT account, call_session_id, received_at FROM telephony.events ORDER BY number DESC LIMIT 5000
) AS latest
WHERE latest.call_session_id IS NOT NULL
  AND latest.received_at > now() - make_interval(secs => %(seconds)s::float8)


-- name: intend_live_call
-- Before the live lane makes the object of a call: the ledger knows of it, and that nobody knows yet whether it exists.
-- No row comes back when the batch lane is at the call already, or Megaplan has it. Until the request is surely over,
-- the batch lane leaves the call alone.
INSERT INTO telephony.call_deliveries AS present (account, call_session_id, made_live, history, history_due_at)
VALUES (
  %(account)s, %(call_session_id)s, true, 'unsure', now() + make_interval(secs => %(lease_seconds)s::float8)
)
ON CONFLICT (account, call_session_id) DO UPDATE SET
  made_live = true, history = 'unsure', history_due_at = excluded.history_due_at, changed_at = now()
WHERE present.call_info_id IS NULL
  AND present.history IN ('due', 'unsure')
  AND present.history_tries = 0
  AND (present.claimed_until IS NULL OR present.claimed_until < now())
RETURNING present.call_session_id


-- name: confirm_live_call
-- Megaplan has the object that the live lane made; from now on the batch lane completes it.
UPDATE telephony.call_deliveries SET
  call_info_id = %(call_info_id)s,
  made_live = true,
  history = CASE WHEN history = 'unsure' AND history_tries = 0 THEN 'due' ELSE history END,
  history_due_at = CASE WHEN history = 'unsure' AND history_tries = 0 THEN now() ELSE history_due_at END,
  history_hash = coalesce(%(history_hash)s, history_hash),
  changed_at = now()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND (call_info_id IS NULL OR call_info_id = %(call_info_id)s)


-- name: take_back_live_call
-- Megaplan has surely not got the object of a call: the batch lane makes it, once the call has ended.
UPDATE telephony.call_deliveries SET
  made_live = false, history = 'due', history_due_at = now(), changed_at = now()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND call_info_id IS NULL
  AND made_live
  AND history = 'unsure'
  AND history_tries = 0
