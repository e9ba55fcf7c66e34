"""Deleting old calls, for accounts that do not want to keep them."""
