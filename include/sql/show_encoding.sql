-- Encoding of the database.
SHOW server_encoding
