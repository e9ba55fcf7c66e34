-- Calls of which something was heard a moment ago: what a gateway that was killed may have stored and not acted upon.
SELECT DISTINCT latest.account, latest.call_session_id
FROM (
  SELECT account, call_session_id, received_at FROM telephony.events ORDER BY number DESC LIMIT 5000
) AS latest
WHERE latest.call_session_id IS NOT NULL
  AND latest.received_at > now() - make_interval(secs => %(seconds)s::float8)
