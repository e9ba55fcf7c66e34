-- UIS has taken what was on its way.
UPDATE uis.deals
SET
  sent_hash = sending_hash,
  sent = sending,
  sent_at = now(),
  sent_records = sent_records + sending_records,
  sending_hash = NULL,
  sending = NULL,
  sending_records = NULL,
  sending_since = NULL,
  parked_hash = NULL,
  error = NULL,
  parked_at = NULL,
  verify_tries = 0,
  difference = NULL
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[]) AND sending IS NOT NULL
