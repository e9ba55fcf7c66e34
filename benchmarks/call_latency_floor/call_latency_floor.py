"""An empty event-triggered DAG: the first line of its only task writes down that it has begun."""

import pendulum
from airflow.sdk import Asset, AssetWatcher, dag, task

from benchmarks.call_latency_floor.trigger import FloorTrigger

FLOOR_BELLS = Asset("floor_bells", watchers=[AssetWatcher(name="floor_bells", trigger=FloorTrigger())])


@dag(schedule=[FLOOR_BELLS], start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Moscow"), catchup=False)
def call_latency_floor() -> None:
    """Declare the task."""

    @task
    def begin() -> None:
        import psycopg
        from airflow.sdk import BaseHook

        database = BaseHook.get_connection("megaplan_postgres")
        address = {
            "host": database.host,
            "port": database.port,
            "user": database.login,
            "dbname": database.schema,
        }
        with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute("UPDATE floor_bells SET begun_at = clock_timestamp() WHERE begun_at IS NULL")

    begin()


call_latency_floor()
