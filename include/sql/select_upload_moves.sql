-- Moves between stages of some deals, oldest first, with the names of the stages.
SELECT move.deal_id, move.moved_at, move.to_program_id, move.to_state_id, stage.name
FROM megaplan_raw.deal_stage_moves AS move
LEFT JOIN megaplan_raw.pipeline_stages AS stage ON stage.account = move.account AND stage.id = move.to_state_id
WHERE move.account = %(account)s AND move.deal_id = ANY (%(ids)s::bigint[])
ORDER BY move.deal_id, move.moved_at
