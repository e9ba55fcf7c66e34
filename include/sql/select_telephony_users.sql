-- Who telephones at present, and who was already missing in an earlier read of both sides.
SELECT employee_id, missing_since < now() - make_interval(mins => %(second_look_minutes)s) AS is_confirmed
FROM telephony.users
WHERE account = %(account)s
