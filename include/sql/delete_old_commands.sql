-- Forgets commands nobody repeats any more.
DELETE FROM telephony.commands
WHERE account = %(account)s AND taken_at < now() - make_interval(days => %(days)s)
