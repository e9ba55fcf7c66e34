"""What both vendors' clients share: settings of a connection, errors, transport, retries. Imports nothing."""
