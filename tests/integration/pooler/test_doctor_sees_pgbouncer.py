"""The doctor says that a pooler stands before Postgres, and what that means for DAGs that wait."""

import pytest

from megaplan_sync.doctor.postgres_checks import ExaminingSession, check_pooler, check_server


@pytest.mark.parametrize(("has_direct_connection", "level"), [(False, "warning"), (True, "ok")])
def test_a_pooler_is_seen(database_uri: str, has_direct_connection: bool, level: str) -> None:
    with ExaminingSession.open(database_uri) as session:
        assert [finding.level for finding in check_server(session)] == ["ok"]
        (found,) = check_pooler(session, has_direct_connection=has_direct_connection)
    assert found.level == level


def test_without_a_pooler_nothing_is_said(direct_uri: str) -> None:
    with ExaminingSession.open(direct_uri) as session:
        assert list(check_pooler(session, has_direct_connection=False)) == []
