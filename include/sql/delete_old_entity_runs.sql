-- The log of finished readings is kept for ninety days.
DELETE FROM megaplan_sync.entity_runs WHERE account = %(account)s AND finished_at < now() - interval '90 days'
