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
