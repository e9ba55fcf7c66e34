-- UIS has surely not taken what was on its way.
UPDATE uis.deals
SET sending_hash = NULL, sending = NULL, sending_records = NULL, sending_since = NULL
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])
