"""Rebuilds from ``payload`` what is made of it, without asking Megaplan: columns, parts, versions, moves and views.

``account_rebuild`` is one account in one run. ``made_anew`` says which payloads are believed, ``chunks`` how far one
transaction reaches, ``entity_table`` rebuilds the columns of a table; the other files are what is particular to one.
"""
