"""The files of the containers agree with each other."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

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


def compose_file() -> dict[str, Any]:
    return dict(yaml.safe_load((CHECKOUT / "docker-compose.yaml").read_text()))


def is_airflow(service: dict[str, Any]) -> bool:
    return "env_file" in service


def test_every_service_reads_accounts_from_the_same_places() -> None:
    """The gateway had a list of accounts of its own, and a second account's connection reached nobody."""
    composed = compose_file()
    services = {name: service for name, service in composed["services"].items() if is_airflow(service)}
    assert {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "gateway", "gateway-2"} <= set(
        services
    )
    for name, service in services.items():
        assert service["env_file"] == [{"path": ".env", "required": False}], name
        backend = {key: value for key, value in service["environment"].items() if "SECRETS__BACKEND" in key}
        assert backend == composed["x-secrets-backend"], name
        assert {"connections.json", "fernet_key"} <= set(service["secrets"]), name
        assert not [
            key for key in service["environment"] if key.startswith(("AIRFLOW_CONN_", "AIRFLOW_VAR_"))
        ], name


def test_the_gateway_has_neither_the_owner_s_database_password_nor_keys_of_airflow_s_interface() -> None:
    for name in ("gateway", "gateway-2"):
        assert compose_file()["services"][name]["secrets"] == [
            "gateway_metadata_address",
            "connections.json",
            "fernet_key",
        ]


def test_each_file_that_a_service_reads_is_mounted_and_written_by_make_secrets(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    script = shutil.copy(CHECKOUT / "docker" / "create_secrets.sh", tmp_path / "docker")
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD='old password'\nAIRFLOW_FERNET_KEY=old-key=\n")
    subprocess.run([script], check=True)
    written = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    subprocess.run([script], check=True)
    assert written == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}, "kept"
    assert written["fernet_key"] == "old-key="
    assert written["metadata_address"] == "postgresql+psycopg://airflow:old password@postgres:5432/airflow"
    assert len(set(written.values())) == len(written)
    assert all(len(value) >= 8 for value in written.values())
    composed = compose_file()
    assert {name: f"./secrets/{name}" for name in written} == {
        name: secret["file"] for name, secret in composed["secrets"].items()
    }
    for name, service in composed["services"].items():
        scripts = (
            CHECKOUT / "docker" / Path(part).name
            for part in service.get("command") or []
            if "docker/" in part
        )
        text = str(service) + "".join(path.read_text() for path in scripts)
        assert set(re.findall(r"/run/secrets/([\w.]*\w)", text)) <= set(service.get("secrets", [])), name


def test_every_service_has_limits() -> None:
    for name, service in compose_file()["services"].items():
        assert service["logging"] == {
            "driver": "json-file",
            "options": {"max-size": "10m", "max-file": "5"},
        }, name
        assert service.get("read_only") or name in ("postgres", "megaplan-emulator", "uis-emulator"), name
        if "profiles" not in service or service["profiles"] == ["celery"]:
            assert name == "airflow-init" or service["deploy"]["resources"]["limits"]["memory"], name
