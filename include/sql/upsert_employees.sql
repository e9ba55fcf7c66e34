-- Staged rows into megaplan_raw.employees: new ones are inserted, changed ones updated, equal ones not written at all.
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
WHERE present.content_hash <> excluded.content_hash
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new
