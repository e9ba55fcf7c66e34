"""The configured accounts, and how they share tasks."""

import json

import pytest

from megaplan_sync.kernel.accounts import (
    ACCOUNTS_PER_TASK,
    MOST_TASKS,
    chosen_accounts,
    configured_accounts,
    in_batches,
)
from megaplan_sync.kernel.exceptions import AccountListError, UnknownAccountError
from megaplan_sync.raw.operators import ChooseMegaplanAccountsOperator

VARIABLE = "AIRFLOW_VAR_MEGAPLAN_ACCOUNTS"


def test_the_variable_lists_the_accounts_in_order_without_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, '["second", "first", "second"]')
    assert configured_accounts() == ["second", "first"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("first, second", "not JSON"),
        ('{"first": 1}', "a JSON dict"),
        ('"first"', "a JSON str"),
        ("[]", "a JSON list"),
        ("[1, 2]", "a JSON list"),
        ("", "not JSON"),
    ],
)
def test_anything_but_a_list_of_ids_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str, problem: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(AccountListError, match=f"Variable megaplan_accounts is {problem}") as failed:
        configured_accounts()
    assert not failed.value.retryable


def test_an_account_that_is_added_is_in_the_next_run_of_the_same_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No deploy and no restart: the operator asks for the Variable each time it is executed."""
    choose = ChooseMegaplanAccountsOperator(task_id="choose_accounts")
    for listed in (["a"], ["a", "b"], ["b"]):
        monkeypatch.setenv(VARIABLE, json.dumps(listed))
        assert choose.execute({}) == [listed]


def test_wanted_accounts_keep_the_order_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, '["a", "b", "c"]')
    assert chosen_accounts(["c", "a"]) == ["a", "c"]
    assert chosen_accounts([]) == ["a", "b", "c"]


def test_an_unknown_account_is_reported_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, '["a", "b"]')
    with pytest.raises(UnknownAccountError, match=r"accounts: x, y is not among .* \(a, b\)"):
        chosen_accounts(["x", "a", "y"])


@pytest.mark.parametrize(
    ("accounts", "tasks"),
    [
        (0, 0),
        (1, 1),
        (ACCOUNTS_PER_TASK, 1),
        (ACCOUNTS_PER_TASK + 1, 2),
        (ACCOUNTS_PER_TASK * MOST_TASKS + 3, MOST_TASKS),
    ],
)
def test_every_account_is_in_exactly_one_batch(accounts: int, tasks: int) -> None:
    names = [f"account_{number}" for number in range(accounts)]
    batches = in_batches(names)
    assert sorted(name for batch in batches for name in batch) == sorted(names)
    assert len(batches) == tasks
    sizes = [len(batch) for batch in batches]
    assert not sizes or max(sizes) - min(sizes) <= 1
