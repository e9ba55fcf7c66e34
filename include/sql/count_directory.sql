-- How many entries of a directory are known.
SELECT count(*)
FROM telephony.directories
WHERE account = %(account)s AND directory = %(directory)s AND gone_at IS NULL
