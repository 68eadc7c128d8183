"""The Helm chart, rendered by Helm's own engine and held against Kubernetes' own schemas."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import helm_python
import kubernetes_validate
import pytest
import yaml

from service.db.lifecycle import WEBHOOKS_QUEUE
from service.scans.queue import QUEUES
from tests.deploy.operator import DEPLOY, strings, unknown_settings

CHART: Final = DEPLOY / "chart"
KUBERNETES: Final = ("1.29", "1.37")
FOREIGN: Final = frozenset({"ScaledObject", "PodMonitor", "PrometheusRule"})
"""Kinds that KEDA and the Prometheus operator bring along; Kubernetes has no schema of them."""

EVERYTHING: Final[Mapping[str, Any]] = {
    "host": "assay.example.org",
    "image": {"api": {"digest": "sha256:" + 64 * "0"}, "pullSecrets": [{"name": "registry"}]},
    "settings": {"ASSAY_KEEP_DAYS": "90"},
    "storage": {"url": "s3://assay/blobs", "serviceAccount": "with-a-bucket"},
    "environmentFrom": [{"secretRef": {"name": "more"}}],
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
    "keda": {"enabled": True},
    "watching": {"enabled": True, "labels": {"release": "prometheus"}},
    "seccompProfile": {"type": "Localhost", "localhostProfile": "profiles/assay.json"},
}
VALUES: Final[Mapping[str, Mapping[str, Any]]] = {"as it comes": {}, "everything": EVERYTHING}


def rendered(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources that these values lead to."""
    with helm_python.Chart.load(str(CHART)) as chart:
        texts = chart.render(dict(values), name="demo", namespace="assay")
    documents = (
        document
        for name, text in texts.items()
        if name.endswith(".yaml")
        for document in yaml.safe_load_all(text)
    )
    return [document for document in documents if document]


@pytest.fixture(scope="module", params=VALUES)
def resources(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return rendered(VALUES[request.param])


@pytest.fixture(scope="module")
def all_resources() -> list[dict[str, Any]]:
    return rendered(EVERYTHING)


def pods(resources: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in resources:
        spec = resource.get("spec", {})
        if resource["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if resource["kind"] in {"Deployment", "Job", "CronJob"}:
            yield resource["metadata"]["name"], spec["template"]["spec"]


def of_kind(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources if resource["kind"] == kind]


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_every_resource(resources: list[dict[str, Any]], version: str) -> None:
    checked = 0
    for resource in resources:
        if resource["kind"] not in FOREIGN:
            kubernetes_validate.validate(resource, version, strict=True)
            checked += 1
    assert checked > 10


def test_a_resource_that_kubernetes_would_refuse_is_noticed() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": "http"}]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES[-1], strict=True)


def test_helm_finds_no_fault() -> None:
    found = helm_python.lint(str(CHART))
    assert found["errors"] == []
    assert [message for message in found["messages"] if message["severity"] > 1] == []


def test_every_pod_runs_as_nobody_on_a_root_that_is_only_read(
    resources: list[dict[str, Any]],
) -> None:
    for name, pod in pods(resources):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"]["type"] != "Unconfined", name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            held = container["securityContext"]
            assert held["readOnlyRootFilesystem"] is True, name
            assert held["allowPrivilegeEscalation"] is False, name
            assert held["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"], name


def test_passwords_come_as_files_and_never_in_an_environment(
    resources: list[dict[str, Any]],
) -> None:
    for name, pod in pods(resources):
        (secret,) = [volume for volume in pod["volumes"] if "secret" in volume]
        paths = {f"/run/secrets/assay/{item['path']}" for item in secret["secret"]["items"]}
        for container in pod["containers"]:
            given = {item["name"]: item.get("value") for item in container["env"]}
            assert not {"ASSAY_DATABASE_URL", "ASSAY_BROKER_URL"} & set(given), name
            files = {value for variable, value in given.items() if variable.endswith("_FILE")}
            assert files <= paths, name
            assert paths - files <= {"/run/secrets/assay/operator-password"}, name


def test_object_storage_reaches_every_pod(all_resources: list[dict[str, Any]]) -> None:
    found = list(pods(all_resources))
    assert len(found) >= 8
    for name, pod in found:
        assert pod["serviceAccountName"] == "with-a-bucket", name
        for container in pod["containers"]:
            assert {"name": "ASSAY_STORAGE", "value": "s3://assay/blobs"} in container["env"], name


def test_every_setting_it_names_exists(resources: list[dict[str, Any]]) -> None:
    named = "\n".join(strings(resources))
    assert "ASSAY_DATABASE_URL_FILE" in named
    assert unknown_settings(named) == set()


def test_every_queue_has_workers_a_budget_and_a_scale(all_resources: list[dict[str, Any]]) -> None:
    names = {f"demo-{queue}" for queue in (*QUEUES, WEBHOOKS_QUEUE)}
    for kind in ("Deployment", "PodDisruptionBudget", "ScaledObject"):
        scaled = {"demo-webhooks"} if kind == "ScaledObject" else set()
        found = {item["metadata"]["name"] for item in of_kind(all_resources, kind)}
        assert names - scaled <= found, kind
    arguments = [pod["containers"][0]["args"] for name, pod in pods(all_resources) if name in names]
    assert {line[line.index("--queues") + 1] for line in arguments} == {*QUEUES, WEBHOOKS_QUEUE}


def test_workers_are_as_many_as_the_age_of_their_queue_asks_for(
    all_resources: list[dict[str, Any]],
) -> None:
    for scaled in of_kind(all_resources, "ScaledObject"):
        queue = scaled["metadata"]["name"].removeprefix("demo-")
        (trigger,) = scaled["spec"]["triggers"]
        assert trigger["metadata"]["query"] == f'max(assay_queue_age_seconds{{queue="{queue}"}})'
        assert scaled["spec"]["scaleTargetRef"]["name"] == f"demo-{queue}"
        (deployment,) = [
            item
            for item in of_kind(all_resources, "Deployment")
            if item["metadata"]["name"] == f"demo-{queue}"
        ]
        assert "replicas" not in deployment["spec"]  # the scaler's, not the chart's


def test_a_selector_finds_the_pods_it_is_for(all_resources: list[dict[str, Any]]) -> None:
    labels = [
        item["spec"]["template"]["metadata"]["labels"]
        for item in all_resources
        if item["kind"] in {"Deployment", "Job"}
    ]
    for item in all_resources:
        spec = item.get("spec", {})
        selector = spec.get("podSelector") or spec.get("selector") or {}
        wanted = selector.get("matchLabels", selector if item["kind"] == "Service" else {})
        if wanted:
            found = [had for had in labels if wanted.items() <= had.items()]
            assert found, item["metadata"]["name"]


def test_the_database_is_brought_up_to_date_before_anything_starts(
    all_resources: list[dict[str, Any]],
) -> None:
    (job,) = of_kind(all_resources, "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    volumes = job["spec"]["template"]["spec"]["volumes"]
    assert not any("persistentVolumeClaim" in volume for volume in volumes)


def test_made_media_go_the_whole_way_once_a_day(all_resources: list[dict[str, Any]]) -> None:
    (job,) = of_kind(all_resources, "CronJob")
    (pod,) = [pod for name, pod in pods(all_resources) if name == job["metadata"]["name"]]
    assert pod["containers"][0]["args"] == ["doctor", "--self-test"]
    assert "worker" in pod["containers"][0]["image"]


def test_an_ingress_without_a_host_is_refused() -> None:
    with pytest.raises(helm_python.HelmError, match="an ingress needs a host"):
        rendered({"ingress": {"enabled": True}})
