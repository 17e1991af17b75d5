"""The files for Docker beside examples/rag_agent: valid by themselves, and they fit together."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml: Any = pytest.importorskip("yaml", reason="reads the files of examples/rag_agent")

HERE = Path(__file__).parents[2] / "examples" / "rag_agent"
GENSCOPE = [sys.executable, "-m", "genscope.cli"]
COMPONENTS = {
    "receivers": {"otlp"},
    "processors": {"batch", "memory_limiter"},
    "exporters": {"otlp_grpc", "prometheus"},
}
"""Of the distribution `contrib`, as far as they are used here. `otlp_grpc` is `otlp` before 0.144."""
INNER_PORTS = {"collector": {"8889"}, "jaeger": {"4317"}}
"""Where services listen for each other, beside what they publish."""


def read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return read("compose.yaml")["services"]


def listens(services: dict[str, Any], address: str) -> bool:
    """Whether a service of this name listens on this port, `jaeger:4317`."""
    name, port = address.split(":")
    published = {published.rpartition(":")[2] for published in services[name]["ports"]}
    return port in published | INNER_PORTS.get(name, set())


def test_compose_by_its_schema() -> None:
    pytest.importorskip("check_jsonschema", reason="has the schema of compose files")
    schema = ["--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(HERE / "compose.yaml")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_prometheus_by_its_own_tool() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    checked = subprocess.run(
        [promtool, "check", "config", str(HERE / "prometheus.yaml")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


def test_images_are_releases(services: dict[str, Any]) -> None:
    assert {service["image"].split(":")[0] for service in services.values()} == {
        "otel/opentelemetry-collector-contrib",
        "jaegertracing/jaeger",
        "prom/prometheus",
        "grafana/grafana",
    }
    for service in services.values():
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", service["image"].split(":")[1])


def test_nobody_outside_of_this_machine_is_served(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service["ports"]]
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in published)
    assert len(set(published)) == len(published)


def test_what_is_mounted_exists(services: dict[str, Any]) -> None:
    for service in services.values():
        for volume in service.get("volumes", ()):
            source, target, mode = volume.split(":")
            assert (HERE / source).exists()
            assert mode == "ro"
            for option in service.get("command", ()) if source.endswith(".yaml") else ():
                assert option.split("=")[1] == target
        assert set(service.get("depends_on", ())) <= services.keys()


def test_the_collector_uses_what_it_defines() -> None:
    config = read("collector.yaml")
    pipelines = config["service"]["pipelines"]
    assert pipelines.keys() == {"traces", "metrics"}
    for kind, known in COMPONENTS.items():
        defined = config[kind].keys()
        assert {name.split("/")[0] for name in defined} == known
        assert {name for pipeline in pipelines.values() for name in pipeline[kind]} == defined
    for pipeline in pipelines.values():
        assert pipeline["processors"][0] == "memory_limiter"  # as its documentation asks for
        assert pipeline["processors"][-1] == "batch"


def test_the_collector_listens_where_it_is_published(services: dict[str, Any]) -> None:
    config = read("collector.yaml")
    protocols = config["receivers"]["otlp"]["protocols"]
    for endpoint in (protocols["grpc"]["endpoint"], protocols["http"]["endpoint"]):
        host, port = endpoint.split(":")
        assert host == "0.0.0.0"  # its default, localhost, is that of its container
        assert f"127.0.0.1:{port}:{port}" in services["collector"]["ports"]
    assert config["exporters"]["prometheus"]["endpoint"] == "0.0.0.0:8889"
    assert listens(services, config["exporters"]["otlp_grpc/jaeger"]["endpoint"])


def test_prometheus_asks_the_collector(services: dict[str, Any]) -> None:
    (job,) = read("prometheus.yaml")["scrape_configs"]
    (targets,) = job["static_configs"]
    assert targets["targets"] == ["collector:8889"]
    assert listens(services, "collector:8889")


def test_grafana_finds_its_sources_and_dashboards(services: dict[str, Any]) -> None:
    sources = read("grafana/datasources/datasources.yaml")
    assert sources["apiVersion"] == 1
    assert {source["type"] for source in sources["datasources"]} == {"prometheus", "jaeger"}
    assert [source["uid"] for source in sources["datasources"] if source.get("isDefault")] == ["prometheus"]
    assert all(listens(services, source["url"].removeprefix("http://")) for source in sources["datasources"])
    dashboards = read("grafana/dashboards/dashboards.yaml")
    assert dashboards["apiVersion"] == 1
    mounted = {volume.split(":")[1] for volume in services["grafana"]["volumes"]}
    assert {provider["options"]["path"] for provider in dashboards["providers"]} < mounted


def test_the_application_sends_to_the_collector(services: dict[str, Any]) -> None:
    for page in ("compose.yaml", "README.md"):
        said = re.findall(r"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:(\d+)", (HERE / page).read_text("utf-8"))
        assert said == ["4317"]
    assert "127.0.0.1:4317:4317" in services["collector"]["ports"]


def test_prometheus_and_grafana_find_what_is_generated(services: dict[str, Any], tmp_path: Path) -> None:
    """As README.md has it generated."""
    shutil.copy(HERE / "prometheus.yaml", tmp_path)
    page = (HERE / "README.md").read_text("utf-8")
    for command, service in (("rules", "prometheus"), ("dashboards", "grafana")):
        (output,) = re.findall(rf"^genscope {command} --output examples/rag_agent/(\S+)$", page, re.MULTILINE)
        made = subprocess.run([*GENSCOPE, command, "--output", str(tmp_path / output)], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        assert any(volume.startswith(f"./{output.partition('/')[0]}") for volume in services[service]["volumes"])
    assert len([*(tmp_path / "grafana/dashboards").glob("*.json")]) > 4
    if promtool := shutil.which("promtool"):
        checked = subprocess.run(
            [promtool, "check", "config", str(tmp_path / "prometheus.yaml")], capture_output=True, text=True
        )
        assert "1 rule files found" in checked.stdout
        assert checked.returncode == 0, checked.stderr
