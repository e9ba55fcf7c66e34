"""The embedded default: Postgres, an emulated Megaplan and a real Airflow on one machine, by one command."""
