-- Stages of an account, by which its histories are read; deleted ones too, for old moves lead to them.
SELECT id, pipeline_id, name
FROM megaplan_raw.pipeline_stages
WHERE account = %(account)s
