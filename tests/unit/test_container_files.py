"""The files of the containers agree with each other."""

import re
from pathlib import Path

import yaml
from airflow.sdk import Connection

from megaplan_hook.settings import AccountSettings
from uis_hook.settings import UisSettings

CHECKOUT = Path(__file__).parents[2]


def test_the_build_is_given_everything_that_the_dockerfile_copies() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    copied = {
        source.rstrip("/")
        for line in re.findall(r"^COPY (.+)$", dockerfile, flags=re.MULTILINE)
        for source in line.split()[:-1]
        if not source.startswith("--")
    }
    let_in = {
        line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert copied == let_in
    assert all((CHECKOUT / name).exists() for name in copied)


def demo_connections() -> dict[str, Connection]:
    """Return the connections that .env.example offers for the emulated accounts."""
    lines = re.findall(
        r"^#AIRFLOW_CONN_(\w+)='(.*-emulator:.*)'$",
        (CHECKOUT / ".env.example").read_text(),
        flags=re.MULTILINE,
    )
    return {name.lower(): Connection.from_json(value, conn_id=name.lower()) for name, value in lines}


def test_the_emulated_accounts_send_to_the_paths_that_their_connections_open() -> None:
    services = yaml.safe_load((CHECKOUT / "docker-compose.yaml").read_text())["services"]
    connections = demo_connections()
    megaplan = AccountSettings.from_connection(connections["megaplan_default"])
    uis = UisSettings.from_connection(connections["uis_default"])
    gateway = f"{megaplan.gateway_url}/{megaplan.account}"
    assert megaplan.gateway_url == "http://gateway.localhost:8070"
    assert services["gateway"]["networks"]["default"]["aliases"] == ["gateway.localhost"]
    assert {
        f"--knob=hook_url={gateway}/{megaplan.webhook_secret}/megaplan",
        f"--knob=hook_account_name={megaplan.account}",
    } <= set(services["megaplan-emulator"]["command"])
    assert {
        f"--knob=notify_url={gateway}/{uis.webhook_secret}/uis",
        f"--knob=interactive_url={gateway}/{uis.webhook_secret}/route",
        f"--public-url={connections['uis_default'].host}",
    } <= set(services["uis-emulator"]["command"])
