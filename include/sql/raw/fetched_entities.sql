-- name: select_newer_rows
-- Of fetched entities, those that the table may have in a better version, and whether that is in doubt.
SELECT id, is_doubtful
FROM megaplan_sync.newer_rows(
  %(entity)s, %(account)s, %(ids)s::bigint[], %(updated_at)s::timestamptz[], %(distrusted)s::boolean[],
  %(asked_at)s::timestamptz
)


-- name: select_payload_keys_of_deals
-- Top-level keys of the payloads of some rows, as far as these are objects.
SELECT id, ARRAY(SELECT jsonb_object_keys(payload)) AS keys
FROM megaplan_raw.deals
WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND jsonb_typeof(payload) = 'object'


-- name: select_payload_keys_of_contacts
-- Top-level keys of the payloads of some rows, as far as these are objects.
SELECT id, ARRAY(SELECT jsonb_object_keys(payload)) AS keys
FROM megaplan_raw.contacts
WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND jsonb_typeof(payload) = 'object'
