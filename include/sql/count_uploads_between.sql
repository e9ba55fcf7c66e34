-- How many deals of an account lie between two moments of creation, as UIS writes them.
SELECT count(*) FROM uis.deals
WHERE account = %(account)s AND sent ->> 'created_date_time' BETWEEN %(first)s AND %(last)s
