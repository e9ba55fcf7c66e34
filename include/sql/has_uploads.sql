-- Whether anything of an account was ever uploaded.
SELECT EXISTS (SELECT FROM uis.deals WHERE account = %(account)s AND sent IS NOT NULL)
