-- A custom field was renamed, retyped or removed: its present row ends here.
UPDATE megaplan_raw.custom_fields
SET valid_to = now(), changed_at = now()
WHERE account = %(account)s AND entity = %(entity)s AND key = %(key)s AND valid_to IS NULL
