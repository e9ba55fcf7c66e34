-- UIS has no such deal any more.
DELETE FROM uis.deals WHERE account = %(account)s AND deal_id = %(deal_id)s
