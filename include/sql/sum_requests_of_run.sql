-- Requests that earlier tries of a run have sent to an account for its raw tables; the comparison of calls has its own.
SELECT coalesce(sum(requests), 0) FROM megaplan_sync.reconciliations
WHERE run_id = %(run_id)s AND account = %(account)s AND entity <> 'calls'
