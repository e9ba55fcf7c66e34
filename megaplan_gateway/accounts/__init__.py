"""The accounts served, read from Airflow's connections."""
