-- What runs did is kept for ninety days, as that of the syncs; certificates for ever.
DELETE FROM uis.upload_runs WHERE account = %(account)s AND began_at < now() - interval '90 days'
