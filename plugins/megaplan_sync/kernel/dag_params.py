"""Parameters that several DAGs ask for, with the same words in each trigger form."""

from collections.abc import Sequence

from airflow.sdk import Param


def accounts_param() -> Param:
    """Return the parameter ``accounts``: which connections a run is about."""
    return _list_param(
        "Accounts", "Connection ids; empty means every account of the Variable megaplan_accounts."
    )


def entities_param(entities: Sequence[str]) -> Param:
    """Return the parameter ``entities``: which of these a run is about."""
    return _list_param("Entities", f"Some of {', '.join(entities)}; empty means all.")


def _list_param(title: str, description: str) -> Param:
    """Return a new one each time: Airflow keeps the value given for a run inside of it."""
    return Param(
        [],
        type=["array", "null"],  # null: the form does not call it required
        items={"type": "string"},
        title=title,
        description=description,
    )
