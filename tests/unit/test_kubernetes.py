"""The manifests are valid, and agree with the gateway and with the compose file."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "deploy" / "kubernetes"
KUBERNETES = "1.30"


def manifests() -> dict[str, dict[str, Any]]:
    return {found["kind"]: found for found in yaml.safe_load_all((FOLDER / "gateway.yaml").read_text())}


def test_the_manifests_follow_the_schemas_of_kubernetes() -> None:
    found = manifests()
    assert set(found) == {"Deployment", "Service", "PodDisruptionBudget", "Ingress"}
    for manifest in found.values():
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_two_gateways_of_which_one_always_stays_and_only_ready_ones_get_requests() -> None:
    found = manifests()
    deployment, budget = found["Deployment"]["spec"], found["PodDisruptionBudget"]["spec"]
    (container,) = deployment["template"]["spec"]["containers"]
    assert (deployment["replicas"], budget["minAvailable"]) == (2, 1)
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health", (
        "an outage of Postgres must restart nobody"
    )
    labels = deployment["template"]["metadata"]["labels"]
    selectors = [deployment["selector"]["matchLabels"], budget["selector"]["matchLabels"]]
    assert [*selectors, found["Service"]["spec"]["selector"]] == [labels] * 3


def test_both_proxies_pass_on_the_same_addresses() -> None:
    ((rule,),) = [[rule["http"]["paths"][0]["path"] for rule in manifests()["Ingress"]["spec"]["rules"]]]
    caddy = re.search(r"path_regexp \^(\S+)", (CHECKOUT / "deploy" / "caddy" / "Caddyfile").read_text())
    assert caddy is not None
    assert rule == caddy.group(1)
    assert re.fullmatch(rule, "/account/secret/widget/hang-up")
    assert not re.fullmatch(rule, "/metrics")


def test_the_values_choose_an_executor_and_share_no_volume() -> None:
    common = yaml.safe_load((FOLDER / "values.yaml").read_text())
    executors = {
        name: yaml.safe_load((FOLDER / f"values-{name}.yaml").read_text())["executor"]
        for name in ("celery", "kubernetes")
    }
    assert executors == {"celery": "CeleryExecutor", "kubernetes": "KubernetesExecutor"}
    assert not any(common[part]["persistence"]["enabled"] for part in ("dags", "logs", "triggerer"))
