-- name: audit_rows
-- Present rows whose hash (suspects) or columns do not match the payload.
SELECT id, is_suspect FROM megaplan_sync.audit_rows(%(table)s, %(account)s)


-- name: select_present_ids
-- Next present rows, by id.
SELECT megaplan_sync.present_ids(%(table)s, %(account)s, %(after)s, %(rows)s)


-- name: rederive_columns
-- Rederives generated columns that a changed reader left with old values.
SELECT megaplan_raw.rederive_columns(%(table)s, %(account)s, %(ids)s::bigint[])


-- name: count_present_by_type
-- Present rows of each content type: the expected number of rows of each list.
SELECT payload ->> 'contentType', count(*)
FROM megaplan_raw.{table}
WHERE account = %(account)s AND deleted_at IS NULL
GROUP BY 1


-- name: count_changed_since
-- Number of entities in the sweep that changed at that time or later: their place in the list sorted by latest change.
SELECT count(*)
FROM megaplan_sync.swept_rows
WHERE account = %(account)s AND entity = %(entity)s AND content_type = ANY (%(content_types)s)
  AND updated_at >= %(since)s


-- name: select_last_comparisons
-- When each table of an account was last compared, completely or with an error.
SELECT entity, max(issued_at) AS compared_at
FROM megaplan_raw.certificates
WHERE account = %(account)s AND verdict <> 'partial'
GROUP BY entity
