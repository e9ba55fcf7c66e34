-- Version of the tables of schema telephony.
SELECT version FROM telephony.schema_version
