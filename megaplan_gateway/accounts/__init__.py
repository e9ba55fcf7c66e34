"""The accounts that are served, read from Airflow's connections."""
