"""Where data comes from and goes to, as Airflow's asset graph shows it: Megaplan → tables → UIS → calls → Megaplan.

A DAG file knows no address of a database, so these assets have none, and Airflow notes an event for them whenever a
task that writes there succeeds. Schedule DAGs on the aliases instead: they get an event only when rows have changed.
"""

from airflow.sdk import Asset

MEGAPLAN_RECORDS = Asset(
    "Megaplan: deals, contacts, employees", uri="x-megaplan://megaplan/records", group="megaplan"
)
MEGAPLAN_CALLS = Asset(
    "Megaplan: calls and communications", uri="x-megaplan://megaplan/calls", group="megaplan"
)
RAW_TABLES = Asset("Postgres: megaplan_raw", uri="x-megaplan://postgres/megaplan_raw", group="postgres")
TELEPHONY_TABLES = Asset("Postgres: telephony", uri="x-megaplan://postgres/telephony", group="postgres")
UIS_DEALS = Asset("UIS: deals", uri="x-megaplan://uis/deals", group="uis")
UIS_CALLS = Asset("UIS: calls and recordings", uri="x-megaplan://uis/calls", group="uis")
UIS_EMPLOYEES = Asset("UIS: employees and numbers", uri="x-megaplan://uis/employees", group="uis")
