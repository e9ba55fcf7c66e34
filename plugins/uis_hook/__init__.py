"""UIS / CoMagic / Novofon, spoken: Data API and Call API. Imports nothing: every part of Airflow loads this."""
