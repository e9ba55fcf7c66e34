-- By hand: parked stages, or whatever the named calls have, begin anew, and look before they write.
UPDATE telephony.call_deliveries
SET
  history = CASE WHEN history = 'parked' OR %(is_named)s THEN 'unsure' ELSE history END,
  history_tries = CASE WHEN history = 'parked' OR %(is_named)s THEN 0 ELSE history_tries END,
  history_due_at = now(),
  recording = CASE WHEN recording = 'parked' OR %(is_named)s THEN 'waiting' ELSE recording END,
  recording_tries = CASE WHEN recording = 'parked' OR %(is_named)s THEN 0 ELSE recording_tries END,
  recording_due_at = now(),
  communication = CASE WHEN communication = 'parked' OR %(is_named)s THEN 'unsure' ELSE communication END,
  communication_tries = CASE WHEN communication = 'parked' OR %(is_named)s THEN 0 ELSE communication_tries END,
  communication_due_at = now(),
  changed_at = now()
WHERE account = %(account)s
  AND (claimed_until IS NULL OR claimed_until < now())
  AND CASE
    WHEN %(is_named)s THEN call_session_id = ANY (%(call_session_ids)s)
    ELSE 'parked' IN (history, recording, communication)
  END
RETURNING call_session_id
