-- Moves of one deal as its history tells them; one that was derived from the versions meanwhile is overruled.
INSERT INTO megaplan_raw.deal_stage_moves AS present (
  account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id, source
)
SELECT DISTINCT ON (told.moved_at, told.to_state_id)
  %(account)s, %(deal_id)s, told.moved_at, told.from_program_id, told.from_state_id, told.to_program_id,
  told.to_state_id, told.employee_id, %(source)s
FROM unnest(
  %(moved_at)s::timestamptz[], %(from_program_id)s::bigint[], %(from_state_id)s::bigint[],
  %(to_program_id)s::bigint[], %(to_state_id)s::bigint[], %(employee_id)s::bigint[]
) AS told (moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id)
ON CONFLICT (account, deal_id, moved_at, to_state_id) DO UPDATE SET
  from_program_id = excluded.from_program_id,
  from_state_id = excluded.from_state_id,
  to_program_id = excluded.to_program_id,
  employee_id = excluded.employee_id,
  source = excluded.source
WHERE present.source = 'versions'
