"""A test deal goes from the emulated Megaplan through both DAGs into the cabinet."""

import json

from ..airflow_runs import TestedAirflow, postgres_connection
from .upload_world import UploadWorld

pytest_plugins = ["tests.emulators.uis_fixtures"]


def test_a_test_deal_is_seen_in_the_cabinet(world: UploadWorld, migrated_airflow: TestedAirflow) -> None:
    airflow = migrated_airflow
    airflow.environment = {
        **world.connections(),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(world.uri)),
    }
    world.uis.control("knobs", {"deals_processing_s": 4})
    made = world.mutate("create_deal", fields={"name": "Тестовая сделка"})
    world.mutate("add_position", id=made["id"], quantity=3, price=150000, touch=True)
    run = airflow.dags_test()
    assert run.state == "success", run.output[-3000:]
    run = airflow.dags_test(dag_id="uis_deals_upload")
    assert run.state == "success", run.output[-3000:]
    assert set(run.states.values()) == {"success"}
    assert "Pausing task as DEFERRED" in run.output
    row = world.report()[made["id"]]
    assert row["deal_name"]["value"] == "Тестовая сделка"
    assert row["deal_revenue"] == 450000
    assert row["deal_user_field_mp_currency"] == "RUB"
    assert " × 3" in row["deal_user_field_mp_goods"]
    (certificate,) = world.rows("SELECT * FROM megaplan_raw.certificates WHERE entity = 'uis_deals'")
    assert (certificate["verdict"], certificate["unresolved"]) == ("proven", 0)
    world.uis.control("knobs", {"refused_deals": made["id"]})
    world.database.execute(
        """UPDATE megaplan_raw.deals SET payload = payload || '{"name": "Другая"}' WHERE id = %s""",
        (made["id"],),
    )
    run = airflow.dags_test(
        {"accounts": ["megaplan_default"], "since": "2026-01-01"}, dag_id="uis_deals_upload"
    )
    assert run.state == "failed"
    assert run.states["wait_for_processing"] == "skipped", "no upload waits to be verified"
    assert run.states["report_upload"] == "failed"
    assert run.tries["report_upload"] == 1
    assert "1 failed: 1 to mend in Megaplan" in run.error("report_upload")
    assert "failed by who can mend them: mend in Megaplan 1" in run.output
    assert "uis-demo-token" not in airflow.written()
