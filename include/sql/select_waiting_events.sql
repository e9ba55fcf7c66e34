-- The newest event that is not derived yet and may end a call or bring a recording; null when there is none.
SELECT max(number)
FROM telephony.events
WHERE derived_at IS NULL
  AND call_session_id IS NOT NULL
  AND (
    mnemonic IN ('call_session_finished', 'lost_call_session', 'talk_record_file', 'voice_message')
    OR source = 'uis_report'
  )
