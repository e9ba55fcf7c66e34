"""Local stand-ins for the vendors this project talks to."""
