-- UIS has lost some deals, or has never had them: they are sent anew.
UPDATE uis.deals
SET sent = NULL, sent_hash = NULL, sent_records = 0, difference = NULL, verify_tries = 0
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])
