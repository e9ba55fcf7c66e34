-- The parts of some owners become what is staged; what is not staged is marked.
SELECT corrected, inserted, marked
FROM pg_temp.settle_parts(
  %(entity)s, %(keys)s::text[], %(columns)s::text[], %(owner)s, %(owner_key)s, %(account)s, %(owner_ids)s::bigint[]
)
