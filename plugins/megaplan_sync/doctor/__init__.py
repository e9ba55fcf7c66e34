"""Checks everything an account needs, changes nothing, and says what to do in which cabinet."""
