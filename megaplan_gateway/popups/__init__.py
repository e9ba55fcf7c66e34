"""Pop-ups on employees' screens while a call is in progress."""
