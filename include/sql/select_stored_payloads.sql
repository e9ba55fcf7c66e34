-- The next rows of a raw table with their own payload, in the order of ids, deleted ones too.
SELECT id, payload, content_hash, is_deleted
FROM pg_temp.stored_payloads(%(entity)s, %(account)s, %(after)s::bigint, %(rows)s::integer)
