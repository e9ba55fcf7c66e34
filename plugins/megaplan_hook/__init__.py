"""Client of Megaplan's HTTP API. Imports nothing: every part of Airflow loads this package."""
