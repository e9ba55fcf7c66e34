-- When each table of an account was last compared to the end, or at least tried to be.
SELECT entity, max(issued_at) AS compared_at
FROM megaplan_raw.certificates
WHERE account = %(account)s AND verdict <> 'partial'
GROUP BY entity
