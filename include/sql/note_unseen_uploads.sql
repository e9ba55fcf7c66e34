-- The report did not show some deals.
UPDATE uis.deals
SET verify_tries = verify_tries + 1, difference = 'the report does not show the deal'
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])
