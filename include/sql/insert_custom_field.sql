-- A custom field with this label and type, from now on.
INSERT INTO megaplan_raw.custom_fields (account, entity, key, label, type, valid_from, payload, content_hash)
VALUES (
  %(account)s, %(entity)s, %(key)s, %(label)s, %(type)s, now(), %(payload)s::jsonb, %(content_hash)s
)
