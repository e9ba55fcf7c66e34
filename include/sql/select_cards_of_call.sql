-- The pop-ups of a call, as they stand.
SELECT provider_id, is_companion, employee_id, state, told, call_info_id, tries
FROM telephony.cards
WHERE account = %(account)s AND call_session_id = %(call_session_id)s
