-- Payloads of deals that may be overwritten next: their present versions will need them once they are superseded.
-- As text: they only travel through the client.
SELECT id, payload::text
FROM megaplan_raw.deals
WHERE account = %(account)s AND id = ANY (%(ids)s::bigint[]) AND deleted_at IS NULL
