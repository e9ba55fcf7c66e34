-- Entities that this run has already finished for an account, with what was done.
SELECT entity, outcome FROM megaplan_sync.entity_runs WHERE run_id = %(run_id)s AND account = %(account)s
