-- name: audit_rows
-- Next present rows by id, with suspects and rows whose columns have to be rederived.
SELECT ids, coalesce(suspects, '{}'), coalesce(underived, '{}')
FROM megaplan_sync.audit_rows(%(table)s, %(account)s, %(after)s, %(rows)s)


-- name: rederive_columns
-- Rederives generated columns that a changed reader left with old values.
SELECT megaplan_raw.rederive_columns(%(table)s, %(account)s, %(ids)s::bigint[])
