-- Before a request that must not be made twice: from now on, until the answer is noted, it is not known whether it was.
UPDATE telephony.call_deliveries
SET
  history = CASE %(stage)s WHEN 'history' THEN 'unsure' ELSE history END,
  history_tries = history_tries + (%(stage)s = 'history')::integer,
  communication = CASE %(stage)s WHEN 'communication' THEN 'unsure' ELSE communication END,
  communication_tries = communication_tries + (%(stage)s = 'communication')::integer,
  claimed_until = now() + make_interval(secs => %(lease_seconds)s::float8),
  changed_at = now()
WHERE account = %(account)s
  AND claimed_by = %(claimed_by)s
  AND call_session_id = ANY (%(call_session_ids)s)
RETURNING call_session_id
