"""Telephony: users and their numbers, calls, and their delivery to Megaplan."""
