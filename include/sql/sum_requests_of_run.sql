-- Requests that earlier tries of a run have sent to an account.
SELECT coalesce(sum(requests), 0) FROM megaplan_sync.reconciliations
WHERE run_id = %(run_id)s AND account = %(account)s
