-- Which of the named tables exist.
SELECT name FROM unnest(%(names)s::text[]) AS wanted (name) WHERE to_regclass(name) IS NOT NULL
