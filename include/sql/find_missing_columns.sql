-- Which of the named columns of megaplan_raw do not exist.
SELECT wanted.table_name, wanted.column_name
FROM unnest(%(tables)s::text[], %(columns)s::text[]) AS wanted (table_name, column_name)
WHERE NOT EXISTS (
  SELECT
  FROM pg_attribute
  WHERE attrelid = to_regclass('megaplan_raw.' || wanted.table_name)
    AND attname = wanted.column_name
    AND NOT attisdropped
)
ORDER BY 1, 2
