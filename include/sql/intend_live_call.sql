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
