-- Whether a contact is a human or a company.
SELECT kind FROM megaplan_raw.contacts WHERE account = %(account)s AND id = %(id)s
