-- Settings of a session of the syncs. Times without a zone are UTC. Commits do not wait for the disk: rows and cursor
-- are lost together or not at all, and the next run goes on from the cursor.
SET TIME ZONE 'UTC';
SET synchronous_commit = off;
