-- name: count_present_contacts
-- Present contacts of each kind: how many rows each list of contacts is thought to have.
SELECT count(*) FILTER (WHERE kind = 'human') AS humans, count(*) FILTER (WHERE kind = 'company') AS companies
FROM megaplan_raw.contacts
WHERE account = %(account)s AND deleted_at IS NULL


-- name: count_changed_since
-- Of the entities that the sweep has seen, how many had changed at that time or later: how far down the list that begins
-- with the latest change they reach.
SELECT count(*)
FROM megaplan_sync.swept_rows
WHERE account = %(account)s AND entity = %(entity)s AND content_type = ANY (%(content_types)s)
  AND updated_at >= %(since)s


-- name: select_last_comparisons
-- When each table of an account was last compared to the end, or at least tried to be.
SELECT entity, max(issued_at) AS compared_at
FROM megaplan_raw.certificates
WHERE account = %(account)s AND verdict <> 'partial'
GROUP BY entity
