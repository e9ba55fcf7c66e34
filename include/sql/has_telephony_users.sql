-- Whether the employees were ever matched.
SELECT EXISTS (SELECT FROM telephony.users WHERE account = %(account)s)
