-- Staged rows into megaplan_raw.employees: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.employees AS present (
  account, id, name, first_name, middle_name, last_name, position, department_id, email, is_working,
  can_login, uid, payload, content_hash
)
SELECT
  account, id, name, first_name, middle_name, last_name, position, department_id, email, is_working,
  can_login, uid, payload::jsonb, content_hash
FROM staged_employees
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  first_name = excluded.first_name,
  middle_name = excluded.middle_name,
  last_name = excluded.last_name,
  position = excluded.position,
  department_id = excluded.department_id,
  email = excluded.email,
  is_working = excluded.is_working,
  can_login = excluded.can_login,
  uid = excluded.uid,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.name, present.first_name, present.middle_name, present.last_name, present.position,
  present.department_id, present.email, present.is_working, present.can_login, present.uid, present.payload,
  present.content_hash
) IS DISTINCT FROM (
  excluded.name, excluded.first_name, excluded.middle_name, excluded.last_name, excluded.position,
  excluded.department_id, excluded.email, excluded.is_working, excluded.can_login, excluded.uid, excluded.payload,
  excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.employees AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part
