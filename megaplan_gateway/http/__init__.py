"""The HTTP side: the server, its limits, authentication and refusals."""
