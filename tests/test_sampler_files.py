"""The sampler `genscope_keep_llm` by its name: zero-code, in the declarative file, and as docs/sampling.md shows it."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from genscope import KeepLLM
from genscope.local.simulator import Simulator
from genscope.telemetry.named_sampler import from_file

pytestmark = pytest.mark.usefixtures("no_environment")
ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/sampling.md").read_text(encoding="utf-8")


# --- with zero code

PROGRAM = """
import json, sys

import openai
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, get_tracer, get_tracer_provider

memory = InMemorySpanExporter()
provider = get_tracer_provider()
provider.add_span_processor(SimpleSpanProcessor(memory))
for route in ("/chat/{id}", "/orders"):
    seen = {"http.request.method": "POST", "url.path": route, "http.route": route}
    with get_tracer("web").start_as_current_span("POST " + route, kind=SpanKind.SERVER, attributes=seen):
        with get_tracer("web").start_as_current_span("look up " + route):
            pass
        client = openai.OpenAI(api_key="sk-any", base_url=sys.argv[1])
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Which city?"}])
found = [(span.name, span.attributes.get("genscope.sampling"), len(span.links)) for span in memory.get_finished_spans()]
print(json.dumps([provider.sampler.get_description(), found]))
"""
LATE_CALL = ["chat gpt-4o", "late", 1]
KEPT_CALL = ["chat gpt-4o", None, 0]
CHAT = [["look up /chat/{id}", None, 0], KEPT_CALL, ["POST /chat/{id}", "route", 0]]
ORDERS = [["look up /orders", None, 0], KEPT_CALL, ["POST /orders", None, 0]]


def run(simulator: Simulator, *options: str, **environ: str) -> tuple[str, Sequence[Any], str]:
    """Description of the sampler, the spans that arrive, and stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PYTHONPATH"))}
    exporters = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
    launcher = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    done = subprocess.run(
        [launcher, *options, sys.executable, "-c", PROGRAM, simulator.base_url("ok")],
        env={**kept, **exporters, "NO_PROXY": "127.0.0.1", **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith('["KeepLLM'))
    description, found = json.loads(line)
    return description, found, done.stderr


def test_zero_code_keeps_calls_and_routes(simulator: Simulator) -> None:
    """With a ratio of 0: of the one request all spans arrive, of the other that of the call."""
    environ = {"OTEL_TRACES_SAMPLER_ARG": "0", "GENSCOPE_KEEP_ROUTES": "/chat*,POST /agents/*"}
    description, found, said = run(simulator, OTEL_TRACES_SAMPLER="genscope_keep_llm", **environ)
    assert description == "KeepLLM{0,routes:/chat*,POST /agents/*}"
    assert found == [*CHAT, LATE_CALL]
    assert "sampler" not in said.lower()


def test_the_launchers_own_options(simulator: Simulator) -> None:
    """And a bad value, which does not keep the program from starting."""
    options = ("--traces_sampler", "genscope_keep_llm", "--traces_sampler_arg", "abc")
    description, found, said = run(simulator, *options, "--genscope_keep_routes", "/chat*")
    assert description == "KeepLLM{1,routes:/chat*}"
    assert found == [*CHAT, *ORDERS]
    assert said.count("OTEL_TRACES_SAMPLER_ARG='abc' is ignored") == 1


# --- the declarative file, and what the page shows

FENCES: list[str] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
DECLARED = next(fence for fence in FENCES if "file_format" in fence)
COLLECTOR = next(fence for fence in FENCES if "tail_sampling" in fence)

needs_files = pytest.mark.skipif(
    find_spec("opentelemetry.configuration") is None, reason="opentelemetry-configuration is not installed"
)


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "otel.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@needs_files
def test_the_declarative_file_of_the_page(simulator: Simulator, tmp_path: Path) -> None:
    assert "ratio: 0.1\n" in DECLARED
    file = DECLARED.replace("ratio: 0.1", "ratio: ${SHARE:-0}").replace("otlp_http:", "console:")
    description, found, said = run(simulator, OTEL_CONFIG_FILE=written(tmp_path, file), OTEL_TRACES_SAMPLER_ARG="1")
    assert description == "KeepLLM{0,routes:/chat*,POST /agents/*}"
    assert found == [*CHAT, LATE_CALL]
    assert "genscope" not in said


@needs_files
@pytest.mark.parametrize(
    "sampler, description",
    [
        ("{genscope_keep_llm: {ratio: 0.1}}", "KeepLLM{0.1,routes:/env}"),
        ("{genscope_keep_llm: {ratio: 0.1, routes: /a}}", "KeepLLM{0.1,routes:/a}"),
        ("{genscope_keep_llm: }", "KeepLLM{1,routes:/env}"),
        ("{genscope_keep_llm: {}}", "KeepLLM{1,routes:/env}"),
        ("{parent_based: {root: {genscope_keep_llm: {ratio: 0.5}}}}", "KeepLLM{0.5,routes:/env}"),
        ("{always_on: }", "KeepLLM{1,routes:/env}"),
    ],
)
def test_what_a_file_may_say(
    sampler: str, description: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tracing = f"{{processors: [{{simple: {{exporter: {{console: }}}}}}], sampler: {sampler}}}"
    file = f"{{file_format: '1.0', tracer_provider: {tracing}}}"
    monkeypatch.setenv("OTEL_CONFIG_FILE", written(tmp_path, file))
    monkeypatch.setenv("GENSCOPE_KEEP_ROUTES", "/env")
    assert from_file().get_description() == description
    assert caplog.records == []


@pytest.mark.parametrize("text", [None, "", "file_format: '1.0'", "{", "tracer_provider: 5"])
def test_a_file_that_cannot_be_read(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(tmp_path / "none.yaml") if text is None else written(tmp_path, text)
    monkeypatch.setenv("OTEL_CONFIG_FILE", path)
    assert from_file().get_description() == "KeepLLM{1,routes:}"
    (said,) = (record.getMessage() for record in caplog.records if record.name == "genscope")
    assert said == f"genscope: the options of genscope_keep_llm cannot be read from {path}, so every trace is kept"


def test_a_hand_made_provider_does_not_look_for_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As the page says; if this changes, the page must."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "genscope_keep_llm")
    with caplog.at_level(logging.WARNING):
        sampler = TracerProvider(shutdown_on_exit=False).sampler
    assert "Couldn't recognize sampler genscope_keep_llm" in caplog.text
    assert not isinstance(sampler, KeepLLM)


POLICIES: Mapping[str, set[str]] = {
    "status_code": {"status_codes"},
    "latency": {"threshold_ms", "upper_threshold_ms"},
    "ottl_condition": {"error_mode", "span", "spanevent"},
    "string_attribute": {"key", "values", "enabled_regex_matching", "cache_max_size", "invert_match"},
    "numeric_attribute": {"key", "min_value", "max_value", "invert_match"},
    "boolean_attribute": {"key", "value", "invert_match"},
    "probabilistic": {"hash_salt", "sampling_percentage"},
    "always_sample": set(),
}
"""Policies of the processor tail_sampling and their keys, from its README and config.go: those of use here."""
PROCESSOR = {
    *("decision_wait", "num_traces", "expected_new_traces_per_sec", "policies", "decision_cache"),
    *("sample_on_first_match", "drop_pending_traces_on_shutdown"),
}


def test_the_collectors_file_of_the_page() -> None:
    yaml = pytest.importorskip("yaml")
    file: Any = yaml.safe_load(COLLECTOR)
    tail = file["processors"]["tail_sampling"]
    assert tail.keys() <= PROCESSOR
    assert re.fullmatch(r"\d+s", tail["decision_wait"])
    names = [policy["name"] for policy in tail["policies"]]
    assert len({*names}) == len(names)
    for policy in tail["policies"]:
        type_ = policy["type"]
        assert policy.keys() == {"name", "type", type_}
        assert policy[type_].keys() <= POLICIES[type_]
    types = [policy["type"] for policy in tail["policies"]]
    assert {"status_code", "latency", "ottl_condition", "string_attribute", "probabilistic"} == {*types}
    (pipeline,) = file["service"]["pipelines"].values()
    assert file.keys() == {*pipeline.keys(), "service"}
    assert all(pipeline[kind] == [*file[kind]] for kind in pipeline)


def test_the_collectors_policies_are_about_attributes_that_there_are() -> None:
    """A misspelled one would match nothing, and nobody would notice."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    asked_for = {*re.findall(r"((?:gen_ai|genscope)\.[a-z_.]+)", COLLECTOR)}
    assert len(asked_for) == 3
    assert all(f"`{name}`" in page for name in asked_for)
    (outcomes,) = re.findall(r"genscope.stream.outcome, values: \[(.*?)\]", COLLECTOR)
    assert {f"| `{outcome}` |" in page for outcome in outcomes.split(", ")} == {True}
