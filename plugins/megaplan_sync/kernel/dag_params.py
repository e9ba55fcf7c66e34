"""Parameters that several DAGs share, so that their trigger forms read alike."""

from collections.abc import Sequence

from airflow.sdk import Param


def accounts_param() -> Param:
    """Return the parameter ``accounts``, which limits a run to some connections."""
    return _list_param(
        "Accounts", "Connection ids; empty means all accounts of the Variable megaplan_accounts."
    )


def entities_param(entities: Sequence[str]) -> Param:
    """Return the parameter ``entities``, which limits a run to some of these."""
    return _list_param("Entities", f"Any of {', '.join(entities)}; empty means all.")


def _list_param(title: str, description: str) -> Param:
    """Return a new object each time: Airflow stores a run's value in it."""
    return Param(
        [],
        type=["array", "null"],  # with null, the form does not mark it as required
        items={"type": "string"},
        title=title,
        description=description,
    )
