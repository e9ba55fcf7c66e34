"""Client of the Data API and Call API of UIS / CoMagic / Novofon. Imports nothing: all of Airflow loads this."""
