-- Before a pop-up is asked for: whoever writes this row may ask for it, nobody else.
INSERT INTO telephony.cards (account, provider_id, call_session_id, is_companion, employee_id, told, due_at)
VALUES (
  %(account)s, %(provider_id)s, %(call_session_id)s, %(is_companion)s, %(employee_id)s, %(told)s,
  now() + make_interval(secs => %(due_in_seconds)s::float8)
)
ON CONFLICT (account, provider_id) DO NOTHING
RETURNING provider_id
