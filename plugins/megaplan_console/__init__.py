"""The console: pages in Airflow's own interface that show what the integration does, behind its login and rights."""
