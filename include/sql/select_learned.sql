-- What an account has shown.
SELECT value FROM telephony.learned WHERE account = %(account)s AND topic = %(topic)s
