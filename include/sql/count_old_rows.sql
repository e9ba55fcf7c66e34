-- What is older than it is to be kept, and why it is there nevertheless.
SELECT
  (
    SELECT count(*) FROM telephony.calls
    WHERE account = %(account)s AND started_at < %(began_before)s AND NOT is_finished
  ) AS unfinished_calls,
  (
    SELECT count(*) FROM telephony.calls
    WHERE account = %(account)s AND started_at < %(began_before)s AND is_finished
  ) AS unsettled_calls,
  (
    SELECT count(*) FROM telephony.events
    WHERE account = %(account)s AND received_at < %(began_before)s AND derived_at IS NULL
      AND (call_session_id IS NOT NULL OR source = 'megaplan_webhook')
  ) AS waiting_messages
