-- Forgets what UIS has of one kind of directory; what is refused stays refused.
UPDATE uis.directory_rows SET content_hash = NULL, content = NULL WHERE account = %(account)s AND kind = %(kind)s
