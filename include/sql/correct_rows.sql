-- Columns of a raw table that differ from the staged ones are written, other rows are left alone.
SELECT pg_temp.correct_rows(%(entity)s, %(keys)s::text[], %(columns)s::text[])
