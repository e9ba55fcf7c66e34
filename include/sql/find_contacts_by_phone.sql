-- Who has a number, as far as the raw tables know: living contacts; those of the employee first, then the oldest.
SELECT contacts.kind, contacts.id
FROM megaplan_raw.contact_points AS point
JOIN megaplan_raw.contacts ON contacts.account = point.account AND contacts.id = point.contact_id
WHERE point.account = %(account)s
  AND point.phone_e164 = %(phone)s
  AND point.deleted_at IS NULL
  AND contacts.deleted_at IS NULL
  AND NOT coalesce(contacts.is_dropped, false)
GROUP BY contacts.kind, contacts.id, contacts.responsible_ids
ORDER BY coalesce(%(employee_id)s::bigint = ANY (contacts.responsible_ids), false) DESC, contacts.id
