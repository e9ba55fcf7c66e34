"""Proves that the raw tables are Megaplan, repairs what is not, and says so in a certificate.

``account_reconciliation`` is one account in one run; it leads through the other files in this order:
``audit`` (rows against their own payload), ``sweep`` (Megaplan's lists), ``repair`` (fetch what is missing or
stale), ``vanished`` (deletions with evidence and a brake), ``certificate`` (what all that came to).
"""
