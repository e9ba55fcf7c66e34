"""What several DAGs declare alike: their owner, the kinds of runs they allow, and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow.sdk import Param, get_parsing_context

from megaplan_sync.kernel.accounts import DEFAULT_ACCOUNTS, configured_accounts

OWNER = "megaplan-integration"
RUN_TYPES = ("scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization")
"""All but backfills: a run works on the current state of both sides, so a run for a past date would repeat it."""

IN_RUSSIAN = {
    "advertising_ways": "рекламные каналы",
    "calls": "звонки",
    "contact_types": "типы контактов",
    "contacts": "контакты",
    "currencies": "валюты",
    "custom_fields": "дополнительные поля",
    "deals": "сделки",
    "departments": "отделы",
    "employees": "сотрудники",
    "pipelines": "воронки",
}


def accounts_param() -> Param:
    """Return the parameter ``accounts``, which limits a run to some connections."""
    return _choice_param(
        "Accounts",
        "Connection ids, as in the Variable megaplan_accounts. Choose none to include all.",
        {account: account for account in accounts_to_choose_from()},
    )


def entities_param(entities: Sequence[str]) -> Param:
    """Return the parameter ``entities``, which limits a run to some of these."""
    return _choice_param(
        "Entities",
        "What to work on. Choose none to include all.",
        {entity: f"{entity} – {IN_RUSSIAN[entity]}" for entity in entities},
    )


def accounts_to_choose_from() -> list[str]:
    """Return the configured accounts for a form; the default if they cannot be read, since a DAG has to parse.

    A task parses its DAG without showing a form, so it does not ask.
    """
    if get_parsing_context().dag_id is not None:
        return list(DEFAULT_ACCOUNTS)
    try:
        return configured_accounts()
    except Exception:  # a Variable that is no list, or no database: the run itself says so
        return list(DEFAULT_ACCOUNTS)


def _choice_param(title: str, description: str, choices: Mapping[str, str]) -> Param:
    """Return a new object each time: Airflow stores a run's value in it."""
    return Param(
        [],
        type=["array", "null"],  # with null, the form does not mark it as required
        items={"type": "string"},
        examples=list(choices),
        values_display=dict(choices),
        title=title,
        description=description,
    )
