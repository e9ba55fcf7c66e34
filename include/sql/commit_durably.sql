-- The commit of this transaction waits until it and everything before it is on disk.
SET LOCAL synchronous_commit = on
