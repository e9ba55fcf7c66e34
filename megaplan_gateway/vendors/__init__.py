"""Asynchronous clients for Megaplan and UIS."""
