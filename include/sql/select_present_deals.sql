-- The ids of an account's present deals.
SELECT id FROM megaplan_raw.deals WHERE account = %(account)s AND deleted_at IS NULL ORDER BY id
