-- Keys of the custom fields that the account has now.
SELECT DISTINCT key
FROM megaplan_raw.custom_fields
WHERE account = %(account)s AND entity = ANY (%(owners)s::text[]) AND valid_to IS NULL
ORDER BY key
