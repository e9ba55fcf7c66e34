"""Compares the raw tables with Megaplan, repairs differences, and certifies the result.

``account_reconciliation`` runs one account; it uses the other modules in this order: ``audit`` (compare rows with
their own payload), ``sweep`` (read Megaplan's lists), ``repair`` (fetch missing and stale rows), ``vanished``
(deletions, with evidence and a limit), ``certificate`` (the result).
"""
