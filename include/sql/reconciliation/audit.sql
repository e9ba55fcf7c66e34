-- name: audit_rows
-- Present rows whose hash (suspects) or columns do not match the payload.
SELECT id, is_suspect FROM megaplan_sync.audit_rows(%(table)s, %(account)s)


-- name: select_present_ids
-- Next present rows, by id.
SELECT megaplan_sync.present_ids(%(table)s, %(account)s, %(after)s, %(rows)s)


-- name: rederive_columns
-- Rederives generated columns that a changed reader left with old values.
SELECT megaplan_raw.rederive_columns(%(table)s, %(account)s, %(ids)s::bigint[])
