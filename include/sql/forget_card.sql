-- A pop-up that was not asked for after all: surely no request was sent.
DELETE FROM telephony.cards
WHERE account = %(account)s AND provider_id = %(provider_id)s AND state = 'opening' AND call_info_id IS NULL
