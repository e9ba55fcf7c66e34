-- Pipelines for UIS, with stages in their order: the active ones, and all that deals are in or have gone through.
-- Stages that Megaplan no longer lists come last, and only where present deals still stand in them.
SELECT
  pipeline.id,
  coalesce(nullif(btrim(pipeline.name), ''), 'Воронка ' || pipeline.id) AS name,
  (
    SELECT coalesce(
      jsonb_agg(
        jsonb_build_object(
          'id', stage.id,
          'name', coalesce(nullif(btrim(stage.name), ''), 'Этап ' || stage.id),
          'type', stage.type
        )
        ORDER BY stage.deleted_at IS NOT NULL, stage.position, stage.id
      ),
      '[]'
    )
    FROM megaplan_raw.pipeline_stages AS stage
    WHERE stage.account = pipeline.account
      AND stage.pipeline_id = pipeline.id
      AND (
        stage.deleted_at IS NULL
        OR EXISTS (
          SELECT FROM megaplan_raw.deals AS deal
          WHERE deal.account = stage.account AND deal.state_id = stage.id AND deal.deleted_at IS NULL
        )
      )
  ) AS stages
FROM megaplan_raw.pipelines AS pipeline
WHERE pipeline.account = %(account)s
  AND (
    (pipeline.deleted_at IS NULL AND pipeline.is_active)
    OR EXISTS (
      SELECT FROM megaplan_raw.deals AS deal
      WHERE deal.account = pipeline.account AND deal.program_id = pipeline.id AND deal.deleted_at IS NULL
    )
  )
ORDER BY pipeline.id
