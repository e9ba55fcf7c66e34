-- For this transaction: a thousand rows of many are looked up by their keys. A table that was loaded a minute ago has no
-- statistics, and the planner would read and sort all of it for every thousand.
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_sort = off
