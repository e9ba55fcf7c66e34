-- Megaplan has surely not got the object of a call: the batch lane makes it, once the call has ended.
UPDATE telephony.call_deliveries SET
  made_live = false, history = 'due', history_due_at = now(), changed_at = now()
WHERE account = %(account)s
  AND call_session_id = %(call_session_id)s
  AND call_info_id IS NULL
  AND made_live
  AND history = 'unsure'
  AND history_tries = 0
