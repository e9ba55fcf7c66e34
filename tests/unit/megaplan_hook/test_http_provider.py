"""What the hook uses of Airflow's HTTP provider: public names only, of the versions that pyproject.toml allows."""

from __future__ import annotations

import ast
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

from airflow.providers.http.hooks.http import HttpHook
from packaging.requirements import Requirement

from megaplan_hook import call_delivery, client, hook

PROVIDER = "apache-airflow-providers-http"
PROJECT = Path(__file__).parents[3]

USED = {
    "__init__": "method, http_conn_id, tcp_keep_alive",
    "base_url": "set, for run()",
    "check_response": "overridden, called by run_and_check()",
    "conn_name_attr": "overridden",
    "conn_type": "overridden",
    "default_conn_name": "overridden",
    "get_conn": "overridden, called by run()",
    "get_connection": "of BaseHook",
    "hook_name": "overridden",
    "log": "of LoggingMixin",
    "merged_extra": "set, for run()",
    "run_and_check": "sends every request",
    "test_connection": "overridden, of BaseHook",
}
"""Every name of HttpHook that the hook's classes use or override, and how."""


def names_of_http_hook() -> set[str]:
    return {name for name in {*dir(HttpHook), *vars(HttpHook())} if name not in dir(object)} | {"__init__"}


def names_in(module: object) -> set[str]:
    """Return what the classes of a module define, and what they read or set of ``self`` and ``super()``."""
    found: set[str] = set()
    for each in ast.walk(ast.parse(inspect.getsource(module))):  # type: ignore[arg-type]
        if isinstance(each, ast.ClassDef):
            found |= {part.name for part in each.body if isinstance(part, ast.FunctionDef)}
            assigned = [part for part in each.body if isinstance(part, ast.Assign)]
            found |= {ast.unparse(target) for part in assigned for target in part.targets}
        elif isinstance(each, ast.Attribute) and ast.unparse(each.value) in ("self", "super()"):
            found.add(each.attr)
    return found


def requirement(lines: list[str]) -> Requirement:
    (found,) = [each for each in map(Requirement, lines) if each.name == PROVIDER]
    return found


def test_what_is_used_of_http_hook() -> None:
    own = names_in(client) | names_in(call_delivery) | names_in(hook)
    assert own & names_of_http_hook() == USED.keys()


def test_nothing_private_of_http_hook_is_used() -> None:
    own = names_in(client) | names_in(call_delivery) | names_in(hook)
    private = {name for name in names_of_http_hook() if name.startswith("_")} - {"__init__"}
    assert "_set_base_url" in private, "this test looks at nothing"
    assert not own & private


def test_the_installed_provider_is_within_the_range_that_was_tested() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = requirement(project["dependencies"]).specifier
    assert "<" in {each.operator for each in allowed}, "a version that nobody has tried may behave otherwise"
    assert allowed.contains(version(PROVIDER)), f"{PROVIDER} {version(PROVIDER)} is not within {allowed}"
    pins = [
        line.partition(";")[0]
        for line in (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    ]
    (pin,) = requirement(pins).specifier
    assert allowed.contains(pin.version)
