"""Calls: sessions with their legs, how people behave, and the machine that lets a call happen."""
