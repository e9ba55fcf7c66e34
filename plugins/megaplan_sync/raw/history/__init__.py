"""Versions of deals and their moves from stage to stage."""
