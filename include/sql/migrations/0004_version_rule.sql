-- name: migrate_to_4
-- Version 4: is_changed_deal (raw/history.sql), which is created after the migrations, decides on versions of deals. Tables
-- and earlier versions stay as they are.
-- derivations: ccd217f4d1deff84
SELECT;
