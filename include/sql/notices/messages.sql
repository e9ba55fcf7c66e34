-- name: lock_notices
-- Lets one session at a time write messages, until the end of its transaction.
SELECT pg_advisory_xact_lock(hashtextextended('airflow-provider-megaplan notices', 0))


-- name: select_untold_incidents
-- Incidents of which nobody knows yet that they have begun, or that they are over.
SELECT
  id, kind, subject, accounts, remedy, link, opened_at, closed_at, told_at IS NOT NULL AS is_known,
  extract(epoch FROM coalesce(closed_at, now()) - opened_at)::bigint AS seconds
FROM notices.incidents
WHERE told_at IS NULL OR (closed_at IS NOT NULL AND end_told_at IS NULL)
ORDER BY closed_at IS NOT NULL, id


-- name: mark_told
-- The message about these incidents is written.
UPDATE notices.incidents
SET told_at = coalesce(told_at, now()), end_told_at = CASE WHEN closed_at IS NOT NULL THEN now() END
WHERE id = ANY (%(ids)s)


-- name: write_messages
-- Writes a message to each recipient.
INSERT INTO notices.messages (sink, title, body, is_bad_news)
SELECT sink, %(title)s, %(body)s, %(is_bad_news)s FROM unnest(%(sinks)s::text[]) AS sink


-- name: claim_message
-- Takes the next message that is due for one of the recipients. It is due again later, unless it is marked as sent.
UPDATE notices.messages
SET tries = tries + 1, next_try_at = now() + least(interval '1 hour', interval '1 minute' * 2 ^ least(tries + 1, 6))
WHERE id = (
  SELECT id
  FROM notices.messages
  WHERE sent_at IS NULL AND next_try_at <= now() AND sink = ANY (%(sinks)s)
  ORDER BY id
  LIMIT 1
  FOR UPDATE SKIP LOCKED
)
RETURNING id, sink, title, body, is_bad_news


-- name: mark_sent
-- A message has been accepted by its recipient's server.
UPDATE notices.messages SET sent_at = now() WHERE id = %(id)s


-- name: delete_old_notices
-- Sent messages are kept for 30 days; those to recipients that were removed from the setting are given up.
DELETE FROM notices.messages
WHERE sent_at < now() - interval '30 days' OR (sent_at IS NULL AND sink <> ALL (%(sinks)s::text[]))
