"""Megaplan into the raw tables: which entities there are, how they are read, flattened and written."""
