"""Calls: sessions with their legs, how people behave, and the machinery that plays a call."""
