-- name: select_failed_calls
-- Failed stages of calls, newest first, after a key. Filters that are empty let everything through.
SELECT
  delivery.changed_at AS at, delivery.account, settings.conn_id, delivery.stage AS part,
  delivery.call_session_id::text AS id, calls.contact_phone AS about, calls.started_at AS about_at, delivery.error AS reason,
  NULL AS remedy, NULL::timestamptz AS retry_at
FROM telephony.call_deliveries AS delivery
LEFT JOIN telephony.calls
  ON calls.account = delivery.account AND calls.call_session_id = delivery.call_session_id
LEFT JOIN megaplan_sync.account_settings AS settings ON settings.account = delivery.account
WHERE delivery.state = 'parked'
  AND (delivery.changed_at, delivery.account, delivery.call_session_id::text, delivery.stage)
    < (%(after_at)s::timestamptz, %(after_account)s, %(after_id)s, %(after_part)s)
  AND (%(account)s = '' OR strpos(lower(delivery.account), lower(%(account)s)) > 0)
  AND (
    %(text)s = ''
    OR strpos(lower(delivery.error), lower(%(text)s)) > 0
    OR delivery.call_session_id::text = %(text)s
  )
ORDER BY delivery.changed_at DESC, delivery.account DESC, delivery.call_session_id::text DESC, delivery.stage DESC
LIMIT %(limit)s


-- name: select_refused_uploads
-- Deals and directory rows that UIS or its rules refuse, newest first, after a key.
SELECT
  failed.failed_at AS at, failed.account, settings.conn_id, failed.kind AS part, failed.ext_id AS id,
  failed.deal_id::text AS about, NULL::timestamptz AS about_at, failed.error AS reason,
  failed.remedy, failed.retry_at
FROM uis.failed
LEFT JOIN megaplan_sync.account_settings AS settings ON settings.account = failed.account
WHERE (failed.failed_at, failed.account, failed.ext_id, failed.kind)
    < (%(after_at)s::timestamptz, %(after_account)s, %(after_id)s, %(after_part)s)
  AND (%(account)s = '' OR strpos(lower(failed.account), lower(%(account)s)) > 0)
  AND (
    %(text)s = ''
    OR strpos(lower(failed.error), lower(%(text)s)) > 0
    OR failed.ext_id = %(text)s
    OR failed.deal_id::text = %(text)s
  )
ORDER BY failed.failed_at DESC, failed.account DESC, failed.ext_id DESC, failed.kind DESC
LIMIT %(limit)s


-- name: select_unreadable_rows
-- Rows of Megaplan that no table can hold, newest first, after a key.
SELECT
  unreadable.last_failed_at AS at, unreadable.account, settings.conn_id, unreadable.entity AS part, unreadable.id,
  NULL AS about, unreadable.acknowledged_at AS about_at, unreadable.reason,
  NULL AS remedy, NULL::timestamptz AS retry_at
FROM megaplan_raw.unreadable_rows AS unreadable
LEFT JOIN megaplan_sync.account_settings AS settings ON settings.account = unreadable.account
WHERE (unreadable.last_failed_at, unreadable.account, unreadable.id, unreadable.entity)
    < (%(after_at)s::timestamptz, %(after_account)s, %(after_id)s, %(after_part)s)
  AND (%(account)s = '' OR strpos(lower(unreadable.account), lower(%(account)s)) > 0)
  AND (%(text)s = '' OR strpos(lower(unreadable.reason), lower(%(text)s)) > 0 OR unreadable.id = %(text)s)
ORDER BY unreadable.last_failed_at DESC, unreadable.account DESC, unreadable.id DESC, unreadable.entity DESC
LIMIT %(limit)s
