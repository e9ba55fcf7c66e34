"""Telephony, batch lane: employees and their numbers, the inbox of events, calls, and what Megaplan gets of them."""
