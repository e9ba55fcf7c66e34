"""Looks at an account from all sides, changes nothing, and says what to do in which cabinet."""
