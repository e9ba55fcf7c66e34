"""Megaplan, spoken: its HTTP and its JSON. Imports nothing: every part of Airflow loads this package."""
