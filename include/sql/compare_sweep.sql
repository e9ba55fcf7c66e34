-- Notes what the finished sweep and the raw table disagree about.
SELECT megaplan_sync.compare_sweep(%(run_id)s, %(account)s, %(entity)s, %(began_at)s)
