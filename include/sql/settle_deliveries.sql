-- Notes how a stage of some calls stands now, given as JSON; the claim ends unless another step follows at once. A call
-- that is not wanted at all has no later stages either.
UPDATE telephony.call_deliveries AS delivery
SET
  history = CASE %(stage)s WHEN 'history' THEN verdict.state ELSE delivery.history END,
  history_tries = CASE %(stage)s
    WHEN 'history' THEN delivery.history_tries + verdict.more_tries ELSE delivery.history_tries
  END,
  history_due_at = CASE %(stage)s
    WHEN 'history' THEN now() + make_interval(secs => verdict.due_in_seconds) ELSE delivery.history_due_at
  END,
  history_done_at = CASE
    WHEN %(stage)s = 'history' AND verdict.state = 'done' THEN now() ELSE delivery.history_done_at
  END,
  history_hash = coalesce(verdict.history_hash, delivery.history_hash),
  call_changed_at = coalesce(verdict.call_changed_at, delivery.call_changed_at),
  call_info_id = CASE WHEN verdict.forget_call THEN NULL ELSE coalesce(verdict.call_info_id, delivery.call_info_id) END,
  made_live = delivery.made_live AND NOT verdict.forget_call,
  recording = CASE
    WHEN %(stage)s = 'recording' OR (%(stage)s = 'history' AND verdict.state = 'none') THEN verdict.state
    ELSE delivery.recording
  END,
  recording_tries = CASE %(stage)s
    WHEN 'recording' THEN delivery.recording_tries + verdict.more_tries ELSE delivery.recording_tries
  END,
  recording_due_at = CASE %(stage)s
    WHEN 'recording' THEN now() + make_interval(secs => verdict.due_in_seconds) ELSE delivery.recording_due_at
  END,
  recording_done_at = CASE
    WHEN %(stage)s = 'recording' AND verdict.state = 'done' THEN now() ELSE delivery.recording_done_at
  END,
  recording_links = coalesce(verdict.recording_links, delivery.recording_links),
  communication = CASE
    WHEN %(stage)s = 'communication' OR (%(stage)s = 'history' AND verdict.state = 'none') THEN verdict.state
    ELSE delivery.communication
  END,
  communication_tries = CASE %(stage)s
    WHEN 'communication' THEN delivery.communication_tries + verdict.more_tries ELSE delivery.communication_tries
  END,
  communication_due_at = CASE %(stage)s
    WHEN 'communication' THEN now() + make_interval(secs => verdict.due_in_seconds) ELSE delivery.communication_due_at
  END,
  communication_done_at = CASE
    WHEN %(stage)s = 'communication' AND verdict.state = 'done' THEN now() ELSE delivery.communication_done_at
  END,
  todo_id = CASE WHEN verdict.forget_todo THEN NULL ELSE coalesce(verdict.todo_id, delivery.todo_id) END,
  history_error = CASE %(stage)s WHEN 'history' THEN verdict.error ELSE delivery.history_error END,
  recording_error = CASE %(stage)s WHEN 'recording' THEN verdict.error ELSE delivery.recording_error END,
  communication_error = CASE %(stage)s WHEN 'communication' THEN verdict.error ELSE delivery.communication_error END,
  claimed_by = CASE WHEN verdict.keep_claim THEN delivery.claimed_by END,
  claimed_until = CASE WHEN verdict.keep_claim THEN delivery.claimed_until END,
  changed_at = now()
FROM jsonb_to_recordset(%(verdicts)s::jsonb) AS verdict (
  call_session_id bigint, state text, due_in_seconds float8, more_tries integer, error text, call_info_id text,
  history_hash text, call_changed_at timestamptz, recording_links text[], todo_id text, forget_call boolean,
  forget_todo boolean, keep_claim boolean
)
WHERE delivery.account = %(account)s
  AND delivery.call_session_id = verdict.call_session_id
  AND delivery.claimed_by = %(claimed_by)s
