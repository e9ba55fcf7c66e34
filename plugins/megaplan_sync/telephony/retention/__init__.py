"""Deletion of old calls, for accounts that limit how long calls are kept."""
