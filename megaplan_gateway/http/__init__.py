"""The HTTP layer: server, limits, authentication and refusals."""
