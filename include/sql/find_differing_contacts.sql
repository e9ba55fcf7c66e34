-- Contacts whose columns or contact details are not what their own payload says: changed here by hand.
SELECT contact.id
FROM staged_contacts AS staged
JOIN megaplan_raw.contacts AS contact ON contact.account = staged.account AND contact.id = staged.id
WHERE (
  contact.kind, contact.name, contact.first_name, contact.middle_name, contact.last_name, contact.company_id,
  contact.type_id, contact.advertising_way_id, contact.responsible_ids, contact.created_at, contact.updated_at,
  contact.is_dropped, contact.custom_fields
) IS DISTINCT FROM (
  staged.kind, staged.name, staged.first_name, staged.middle_name, staged.last_name, staged.company_id,
  staged.type_id, staged.advertising_way_id, staged.responsible_ids, staged.created_at, staged.updated_at,
  staged.is_dropped, staged.custom_fields
)
UNION
SELECT coalesce(staged.contact_id, point.contact_id)
FROM staged_contact_points AS staged
FULL JOIN (
  SELECT present.*, contact.payload -> 'contactInfo' -> present.position AS sent
  FROM staged_contacts AS contact_here
  JOIN megaplan_raw.contacts AS contact ON contact.account = contact_here.account AND contact.id = contact_here.id
  JOIN megaplan_raw.contact_points AS present
    ON present.account = contact.account AND present.contact_id = contact.id
  WHERE present.deleted_at IS NULL
) AS point
  ON point.account = staged.account AND point.contact_id = staged.contact_id AND point.position = staged.position
WHERE (
  point.contact_id, point.type, point.value, point.phone_e164, point.is_main, point.content_hash, point.payload
) IS DISTINCT FROM (
  staged.contact_id, staged.type, staged.value, staged.phone_e164, staged.is_main, staged.content_hash, point.sent
)
