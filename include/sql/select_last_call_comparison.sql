-- Until when the calls of an account were last compared to the end.
SELECT max(watermark) FROM megaplan_raw.certificates
WHERE account = %(account)s AND entity = 'calls' AND verdict IN ('proven', 'unresolved')
