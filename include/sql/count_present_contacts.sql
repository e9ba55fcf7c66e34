-- Present contacts of each kind: how many rows each list of contacts is thought to have.
SELECT count(*) FILTER (WHERE kind = 'human') AS humans, count(*) FILTER (WHERE kind = 'company') AS companies
FROM megaplan_raw.contacts
WHERE account = %(account)s AND deleted_at IS NULL
