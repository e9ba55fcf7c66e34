-- Moves on the claims of a run; a call that is missing in the answer belongs to another run by now.
UPDATE telephony.call_deliveries
SET claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8)
WHERE account = %(account)s
  AND claimed_by = %(claimed_by)s
  AND call_session_id = ANY (%(call_session_ids)s)
RETURNING call_session_id
