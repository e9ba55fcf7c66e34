"""Writing: what a body may hold, and what it changes."""
