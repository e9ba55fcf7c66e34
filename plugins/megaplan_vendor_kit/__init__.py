"""The fields of an Airflow connection, read and checked alike for every vendor. Imports nothing."""
