-- name: stage_currencies
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_currencies (
  account, id, name, code, sign, rate, is_main, payload, content_hash
) FROM STDIN


-- name: upsert_currencies
-- Staged rows into megaplan_raw.currencies: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.currencies AS present (
  account, id, name, code, sign, rate, is_main, payload, content_hash
)
SELECT
  account, id, name, code, sign, rate, is_main, payload::jsonb, content_hash
FROM staged_currencies
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  code = excluded.code,
  sign = excluded.sign,
  rate = excluded.rate,
  is_main = excluded.is_main,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.name, present.code, present.sign, present.rate, present.is_main, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.name, excluded.code, excluded.sign, excluded.rate, excluded.is_main, excluded.payload,
  excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.currencies AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part


-- name: stage_departments
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_departments (
  account, id, name, parent_id, payload, content_hash
) FROM STDIN


-- name: upsert_departments
-- Staged rows into megaplan_raw.departments: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.departments AS present (
  account, id, name, parent_id, payload, content_hash
)
SELECT
  account, id, name, parent_id, payload::jsonb, content_hash
FROM staged_departments
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  parent_id = excluded.parent_id,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.name, present.parent_id, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.name, excluded.parent_id, excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.departments AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part


-- name: stage_advertising_ways
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_advertising_ways (
  account, id, name, is_default, payload, content_hash
) FROM STDIN


-- name: upsert_advertising_ways
-- Staged rows into megaplan_raw.advertising_ways: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.advertising_ways AS present (
  account, id, name, is_default, payload, content_hash
)
SELECT
  account, id, name, is_default, payload::jsonb, content_hash
FROM staged_advertising_ways
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  is_default = excluded.is_default,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.name, present.is_default, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.name, excluded.is_default, excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.advertising_ways AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part


-- name: stage_contact_types
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_contact_types (
  account, id, name, type, payload, content_hash
) FROM STDIN


-- name: upsert_contact_types
-- Staged rows into megaplan_raw.contact_types: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.contact_types AS present (
  account, id, name, type, payload, content_hash
)
SELECT
  account, id, name, type, payload::jsonb, content_hash
FROM staged_contact_types
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  type = excluded.type,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.name, present.type, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.name, excluded.type, excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.contact_types AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part


-- name: stage_employees
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_employees (
  account, id, name, first_name, middle_name, last_name, position, department_id, email, is_working,
  can_login, uid, payload, content_hash
) FROM STDIN


-- name: upsert_employees
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
