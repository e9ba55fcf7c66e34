"""Each incident is told once to each recipient, and once more when it is over, whatever fails meanwhile."""

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from psycopg import Connection

from megaplan_gateway.accounts.airflow_connections import (
    read_notice_setting,
    read_postgres_address,
)
from megaplan_gateway.notices import Notices
from megaplan_sync.kernel.incidents import open_incident, record_failure, record_late_run, record_success
from megaplan_sync.kernel.session import Session
from megaplan_sync.notices.delivery import deliver, write_messages
from megaplan_sync.notices.operators import NotifyOperator
from megaplan_sync.notices.sinks import Sink, read_sinks
from tests.integration.notices.conftest import make_stale
from tests.integration.notices.sinks import MailSink, WebhookSink

pytestmark = pytest.mark.usefixtures("recipients")


def notify(running_runs: int = 0) -> None:
    """Run the DAG's task."""
    instance = SimpleNamespace(get_dr_count=lambda **_: running_runs)
    NotifyOperator(task_id="notify").execute({"ti": instance})  # type: ignore[typeddict-item]


def task(task_id: str = "load", accounts: list[str] | None = None, error: Exception | None = None) -> Any:
    """Return what a callback of a task is called with."""
    instance = SimpleNamespace(
        dag_id="megaplan_deals_sync", task_id=task_id, run_id="a run", log_url="http://log"
    )
    return {"ti": instance, "task": SimpleNamespace(accounts=accounts), "exception": error}


REFUSED = AirflowFailException("Megaplan refused the login of 'megaplan_default'.\nCorrect the password.")


def test_a_failure_is_told_once_however_often_it_happens_and_once_when_it_is_over(
    mail: MailSink, webhook: WebhookSink
) -> None:
    for _ in range(3):
        record_failure(task(accounts=["megaplan_default"], error=REFUSED))
        notify()
    ((subject, text),) = mail.mails
    assert subject == "Megaplan: megaplan_deals_sync.load failed for megaplan_default"
    assert "Megaplan refused the login of 'megaplan_default'. Correct the password." in text
    assert "http://log" in text
    (post,) = webhook.posts
    assert (post["title"], post["type"]) == (subject, "failure")

    record_failure(task(accounts=["another"], error=ValueError("+7 916 123-45-67")))
    record_failure(task("choose", error=None))
    notify()
    subject, text = mail.mails[1]
    assert subject == "Megaplan: megaplan_deals_sync.load failed for another, and 1 more"
    assert "ValueError, which was not expected: see the log." in text
    assert "+7" not in text, "only our own sentences are known to contain no data of clients"
    assert "The task was killed, or its worker has disappeared" in text

    record_success(task(accounts=["megaplan_default", "third"]))
    record_success(task("choose"))
    notify()
    notify()
    subject, text = mail.mails[2]
    assert subject == "Megaplan: Over: megaplan_deals_sync.load failed for megaplan_default, and 1 more"
    assert "another" not in text
    assert [len(mail.mails), len(webhook.posts), webhook.posts[2]["type"]] == [3, 3, "success"]

    record_failure(task("choose", error=REFUSED))
    record_success(task("choose"))
    notify()
    assert "Correct the password" in mail.mails[3][1], "what was over before anybody was told is told, too"


def test_many_incidents_are_one_message(mail: MailSink) -> None:
    for number in range(40):
        record_failure(task(f"task_{number}", accounts=[f"account_{number}", "b", "c", "d"], error=REFUSED))
    notify()
    ((subject, text),) = mail.mails
    assert subject.endswith("failed for account_0, b, c and 1 more, and 39 more")
    assert "And 30 more: see the table notices.incidents" in text
    assert len(text) < 4000, "a messenger cuts longer ones off"


def test_a_recipient_that_fails_gets_everything_later_and_others_nothing_twice(
    mail: MailSink, webhook: WebhookSink, database: Connection[Any]
) -> None:
    webhook.is_refusing = True
    record_failure(task(error=REFUSED))
    with pytest.raises(
        AirflowException, match=r"address 2 \(json://…\) of connection megaplan_notices"
    ) as failed:
        notify()
    assert "s3cret" not in str(failed.value)
    asked = webhook.requests
    notify()
    assert webhook.requests == asked, "it is not asked again at once"
    record_success(task())
    with pytest.raises(AirflowException):
        notify()

    webhook.is_refusing = False
    database.execute("UPDATE notices.messages SET next_try_at = now()")
    notify()
    notify()
    titles = ["Megaplan: megaplan_deals_sync.load failed", "Megaplan: Over: megaplan_deals_sync.load failed"]
    assert [post["title"] for post in webhook.posts] == [subject for subject, _ in mail.mails] == titles


def test_whoever_delivers_at_the_same_time_sends_each_message_once(
    database: Connection[Any], database_uri: str, webhook: WebhookSink
) -> None:
    """The DAG's task and several gateways."""
    notify()  # creates the tables

    def tell() -> None:
        sinks = read_sinks(SimpleNamespace(password=webhook.address))
        with Session.open(database_uri) as connection:
            write_messages(connection, sinks)
            deliver(connection, sinks)

    for number in range(3):
        open_incident(database, "failure", f"task {number}", remedy="?")
        tellers = [threading.Thread(target=tell) for _ in range(4)]
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join()
    assert [post["title"] for post in webhook.posts] == [
        f"Megaplan: task {number} failed" for number in range(3)
    ]


def test_a_message_survives_whoever_was_about_to_send_it(
    database: Connection[Any], database_uri: str, webhook: WebhookSink
) -> None:
    notify()
    (sink,) = read_sinks(SimpleNamespace(password=webhook.address))

    class Killed(Sink):
        def send(self, title: str, body: str, is_bad_news: bool) -> bool:
            raise KeyboardInterrupt

    open_incident(database, "failure", "task", remedy="?")
    write_messages(database, [sink])
    with Session.open(database_uri) as connection, pytest.raises(KeyboardInterrupt):
        deliver(connection, [Killed(sink.key, sink.name, None)])
    database.execute("UPDATE notices.messages SET next_try_at = now()")
    notify()
    assert len(webhook.posts) == 1


def test_stale_tables_of_an_account_are_one_incident(
    mail: MailSink, webhook: WebhookSink, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow.example.org/")
    notify()
    assert mail.mails == [], "everything has been read just now"
    make_stale(database, hours=3)
    notify()
    make_stale(database, hours=5)
    notify()
    ((subject, text),) = mail.mails
    assert "has stale tables" in subject
    assert "(3 h)" in text
    assert "and 4 more. See whether megaplan_deals_sync is paused or fails" in text
    assert "http://airflow.example.org/dags/megaplan_deals_sync" in text
    make_stale(database, hours=0)
    database.execute(
        """INSERT INTO megaplan_raw.certificates (account, entity, run_id, day, depth, verdict, in_table, missing,
        stale, extra, repaired, deleted, unresolved, requests_used, duration, doc, issued_at)
        SELECT account, 'deals', 'old', now()::date - 3, 'full', 'proven', 0, 0, 0, 0, 0, 0, 0, 0, interval '1 s', '',
        now() - interval '3 days' FROM megaplan_sync.accounts"""
    )
    notify()
    assert len(mail.mails) == 1, "the account is still late, with something else"
    database.execute("UPDATE megaplan_raw.certificates SET issued_at = now()")
    notify()
    assert mail.mails[1][0].startswith("Megaplan: Over: ")


def test_a_run_that_takes_too_long(mail: MailSink, monkeypatch: pytest.MonkeyPatch) -> None:
    late = {
        "dag_run": {"dag_id": "megaplan_reconciliation", "dag_run_id": "tonight"},
        "deadline": {"id": "1", "deadline_time": "2026-12-01 10:30:00+00:00"},
    }
    asyncio.run(record_late_run(late))
    notify(running_runs=1)
    asyncio.run(record_late_run(late))
    notify(running_runs=1)
    ((subject, text),) = mail.mails
    assert subject == "Megaplan: megaplan_reconciliation takes too long"
    assert "Run tonight has not ended by 2026-12-01 10:30:00+00:00" in text
    notify(running_runs=0)
    assert mail.mails[1][0] == "Megaplan: Over: megaplan_reconciliation takes too long"
    monkeypatch.delenv("AIRFLOW_CONN_MEGAPLAN_NOTICES")
    asyncio.run(record_late_run(late))
    assert len(mail.mails) == 2


def test_the_gateway_tells_what_the_dag_cannot_while_the_scheduler_is_dead(
    webhook: WebhookSink, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_stale(database, hours=3)
    notices = Notices(read_postgres_address(), read_notice_setting, interval_seconds=0.05)

    async def run_until(number: int) -> None:
        running = asyncio.create_task(notices.run())
        async with asyncio.timeout(60):
            while len(webhook.posts) < number:
                await asyncio.sleep(0.05)
        running.cancel()

    asyncio.run(run_until(1))
    make_stale(database, hours=0)
    asyncio.run(run_until(2))
    assert [post["type"] for post in webhook.posts] == ["failure", "success"]
    notify()
    assert len(webhook.posts) == 2, "the DAG knows what the gateway has told"


def test_notices_that_are_off(
    webhook: WebhookSink, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_MEGAPLAN_NOTICES")
    record_failure(task(error=REFUSED))
    with pytest.raises(AirflowSkipException, match="there is no connection megaplan_notices"):
        notify()
    assert read_notice_setting() is None
    (found,) = database.execute("SELECT to_regnamespace('notices') IS NULL").fetchone() or (False,)
    assert found, "nothing is even created"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"password": ""}, "there is no address in it"),
        ({"password": "json://127.0.0.1 pigeon://s3cret/loft"}, "address 2, pigeon://…, is not valid"),
        ({"extra": {"late_minutes": "soon"}}, "late_minutes is 'soon' instead of a number of minutes"),
        ({"extra": {"certificate_minutes": 0}}, "certificate_minutes is 0 instead"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense(
    setting: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = {"conn_type": "generic", "password": "json://127.0.0.1", **setting}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_NOTICES", json.dumps(described))
    with pytest.raises(AirflowFailException, match=message) as failed:
        notify()
    assert "s3cret" not in str(failed.value)


def test_a_database_that_is_down_fails_no_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    down = {"conn_type": "postgres", "host": "127.0.0.1", "port": 9, "login": "nobody", "schema": "none"}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(down))
    record_failure(task(error=REFUSED))
    record_success(task())
