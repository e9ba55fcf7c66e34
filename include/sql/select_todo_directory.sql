-- The id of a directory's entry of some kind; of several the first.
SELECT id::text
FROM telephony.directories
WHERE account = %(account)s
  AND directory = %(directory)s
  AND payload ->> 'masterType' = %(master_type)s
  AND gone_at IS NULL
ORDER BY id
LIMIT 1
