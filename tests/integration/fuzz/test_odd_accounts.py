"""Accounts full of odd rows: no run and no night stops, and every row is loaded or set aside with its reason.

``make fuzz`` tries 10 000 accounts. ``FUZZ_ROUNDS`` says how many, ``FUZZ_SEED`` which is the first: a failure
names the seed of its account, and ``FUZZ_ROUNDS=1 FUZZ_SEED=<seed>`` repeats it.
"""

import json
import os
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import emulated_megaplan
from demo.processes import free_port
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from tests.integration.conftest import UNHURRIED
from tests.integration.databases import address_of, create_database, drop_database
from tests.integration.fuzz.loaded_rows import Loaded
from tests.integration.fuzz.odd_megaplan import OddMegaplan

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "8"))
FIRST_SEED = int(os.environ.get("FUZZ_SEED", "1"))
NIGHT_EVERY = 8
MOST_FAILURES = 20


@pytest.fixture(scope="module")
def odd_megaplan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddMegaplan]:
    log = tmp_path_factory.mktemp("emulator") / "megaplan.log"
    size = ["--contacts", "14", "--knob", "rps=0", "--knob", "rph=0"]
    with emulated_megaplan(free_port(0), 14, log, size) as emulator:
        odd = OddMegaplan(emulator)
        yield odd
        odd.close()


@pytest.fixture(scope="module")
def tables(postgres: str, prepared_template: str) -> Iterator[Connection[Any]]:
    name = create_database(postgres, prepared_template)
    with Session.open(address_of(postgres, name)) as connection:
        yield connection
    drop_database(postgres, name)


def hook_of(odd: OddMegaplan, monkeypatch: pytest.MonkeyPatch) -> MegaplanHook:
    described = {
        "conn_type": "megaplan",
        "host": "http://127.0.0.1",
        "port": odd.port,
        "login": "demo@example.org",
        "password": "demo-password",
        "extra": json.dumps({**UNHURRIED, "page_size": 5, "deletion_brake": 100}),
    }
    monkeypatch.setenv("AIRFLOW_CONN_ODD", json.dumps(described))
    return MegaplanHook("odd", sleep=lambda seconds: None)


def test_no_run_stops_for_a_row(
    odd_megaplan: OddMegaplan,
    tables: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = Loaded(tables)
    told: Counter[str] = Counter()
    failures: list[str] = []
    for seed in range(FIRST_SEED, FIRST_SEED + ROUNDS):
        try:
            loaded.wipe()
            odd_megaplan.become(seed)
            outcomes = AccountSync(hook_of(odd_megaplan, monkeypatch), tables, run_id=f"load {seed}").run(
                (), full_refresh=False
            )
            loaded.check(odd_megaplan, outcomes)
            told.update(_sums(outcomes))
            if seed % NIGHT_EVERY == 0:
                depth = "full" if seed % (3 * NIGHT_EVERY) else "ids"
                odd_megaplan.become(seed + 1_000_000)
                certificates = AccountReconciliation(
                    hook_of(odd_megaplan, monkeypatch),
                    tables,
                    run_id=f"night {seed}",
                    depth=depth,
                    sleep=lambda s: None,
                ).run(())
                loaded.check_night(odd_megaplan, certificates, depth)
                told["nights"] += 1
        except Exception as failure:
            if len(failures) == MOST_FAILURES:
                break
            failures.append(f"FUZZ_ROUNDS=1 FUZZ_SEED={seed}: {_traced(failure)}")
    print(dict(told))
    assert not failures, "\n".join(failures)


def _traced(failure: Exception) -> str:
    causes = getattr(failure, "failures", {"": failure})
    frames = [traceback.extract_tb(each.__traceback__)[-3:] for each in causes.values()]
    places = [" < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(each)) for each in frames]
    return "; ".join(
        f"{name} {type(each).__name__} {str(each)[:300]} at {place}"
        for (name, each), place in zip(causes.items(), places, strict=True)
    )


def _sums(outcomes: list[EntityOutcome]) -> dict[str, int]:
    return {
        "accounts": 1,
        "rows": sum(each.read for each in outcomes),
        "loaded": sum(each.inserted for each in outcomes),
        "set aside": sum(each.unreadable for each in outcomes),
        "requests": sum(each.requests for each in outcomes),
    }
