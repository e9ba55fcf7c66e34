-- Calls with pop-ups to look at again without any event: a request failed, or nothing was heard of them for long. They
-- are not due again for a while, whatever comes out of it.
WITH due AS (
  UPDATE telephony.cards SET due_at = now() + make_interval(secs => %(pause_seconds)s::float8)
  WHERE state IN ('opening', 'open') AND (due_at <= now() OR %(everything)s)
  RETURNING account, call_session_id
)
SELECT DISTINCT account, call_session_id FROM due
