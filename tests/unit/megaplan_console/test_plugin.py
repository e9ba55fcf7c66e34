"""How Airflow finds the console, and what it costs the components that do not show it."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

from airflow.plugins_manager import is_valid_plugin

from megaplan_console.plugin import MegaplanConsolePlugin
from megaplan_sync.provider_info import get_provider_info


def test_metadata_and_entry_point_lead_to_the_plugin() -> None:
    (plugin,) = get_provider_info()["plugins"]
    assert plugin["name"] == MegaplanConsolePlugin.name
    assert plugin["plugin-class"] == f"{MegaplanConsolePlugin.__module__}.{MegaplanConsolePlugin.__name__}"
    (entry,) = entry_points(group="airflow.plugins", name="megaplan_console")
    assert entry.load() is MegaplanConsolePlugin
    assert is_valid_plugin(MegaplanConsolePlugin)


def test_loading_the_plugin_loads_no_page() -> None:
    """Every component loads it, tasks included."""
    code = (
        "import json, sys, airflow.plugins_manager; before = set(sys.modules); import megaplan_console.plugin;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(loaded.splitlines()[-1]) == ["megaplan_console", "megaplan_console.plugin"]


def test_the_page_is_below_airflows_own_address() -> None:
    (view,) = MegaplanConsolePlugin.external_views
    assert view["href"].endswith("/megaplan/")
    assert view["icon"].startswith("data:image/svg+xml;base64,")
