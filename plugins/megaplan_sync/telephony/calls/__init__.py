"""Calls, derived from their events in any order."""
