"""Megaplan's deals into the UIS cabinet: what is sent, in which order, and the ledger of what has arrived."""
