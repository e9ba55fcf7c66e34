-- What an earlier sweep has seen is of no use any more.
DELETE FROM megaplan_sync.swept_rows WHERE account = %(account)s AND entity = %(entity)s
