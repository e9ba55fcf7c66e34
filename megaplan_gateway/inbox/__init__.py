"""Receivers of notifications and webhooks, and the inbox they are stored in."""
