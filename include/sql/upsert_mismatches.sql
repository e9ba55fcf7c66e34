-- The mismatches of an account: known ones keep the time when they were first found.
INSERT INTO telephony.mismatches AS present (
  account, kind, employee_id, uis_employee_id, internal_number, told, name, uis_name
)
SELECT %(account)s, found.*
FROM unnest(
  %(kinds)s::text[], %(employee_ids)s::bigint[], %(uis_employee_ids)s::bigint[], %(internal_numbers)s::text[],
  %(told)s::text[], %(names)s::text[], %(uis_names)s::text[]
) AS found
ON CONFLICT (account, kind, employee_id, uis_employee_id, internal_number) DO UPDATE SET
  told = excluded.told,
  name = excluded.name,
  uis_name = excluded.uis_name
WHERE (present.told, present.name, present.uis_name) IS DISTINCT FROM (excluded.told, excluded.name, excluded.uis_name)
