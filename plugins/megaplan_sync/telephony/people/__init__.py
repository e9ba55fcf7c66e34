"""Employees of both sides and their numbers, and who is joined with whom."""
