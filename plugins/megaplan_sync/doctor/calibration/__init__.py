"""Finds out how an account behaves where the vendors' documentation is silent or wrong."""
