"""Reads Megaplan into the raw tables: the entities, how they are requested, and how they are written."""
