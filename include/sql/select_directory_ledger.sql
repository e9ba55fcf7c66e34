-- What UIS has of one kind of directory, and what it refuses.
SELECT ext_id, content_hash, content, parked_hash
FROM uis.directory_rows
WHERE account = %(account)s AND kind = %(kind)s
