"""Rebuilds everything derived from ``payload`` without requests to Megaplan: columns, children, history, views.

``account_rebuild`` rebuilds one account in one run, ``entity_rebuild`` each entity; ``chunks`` splits the work
into transactions.
"""
