-- A call that Megaplan made some calls before one of its own ids: where to begin to read the list of calls, if that
-- goes by id. Not the very last one, since what is looked for may have been made twice.
SELECT call_info_id
FROM telephony.call_deliveries
WHERE account = %(account)s
  AND call_info_id ~ '^[0-9]{1,18}$'
  AND CASE WHEN call_info_id ~ '^[0-9]{1,18}$' THEN call_info_id::bigint < %(before)s END
ORDER BY call_info_id::bigint DESC
OFFSET 50
LIMIT 1
