-- A person has approved these proposals by triggering a run with their numbers.
UPDATE megaplan_sync.deletion_proposals
SET state = 'approved', approved_by = %(run_id)s
WHERE number = ANY (%(numbers)s::integer[]) AND state = 'open'
