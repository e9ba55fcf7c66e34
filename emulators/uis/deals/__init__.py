"""Deals as the platform keeps them: a history of records, uploaded from outside."""
