"""The integration: what moves between Megaplan, Postgres and UIS, in which order, with which guarantee."""
