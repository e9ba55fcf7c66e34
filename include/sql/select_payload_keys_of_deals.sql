-- Top-level keys of the payloads of some rows, as far as these are objects.
SELECT id, ARRAY(SELECT jsonb_object_keys(payload)) AS keys
FROM megaplan_raw.deals
WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND jsonb_typeof(payload) = 'object'
