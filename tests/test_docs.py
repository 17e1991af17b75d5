"""The documentation is true: tables are those of the code, snippets run, commands, names and links exist."""

from __future__ import annotations

import asyncio
import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points, metadata
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import openai
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import genscope
from genscope import semconv
from genscope.cli import main
from genscope.core.errors import classify
from genscope.features.completion_hooks import upload
from genscope.local import demo
from genscope.local.simulator import Simulator
from genscope.local.store.columns import LOG_COLUMNS, SPAN_COLUMNS
from genscope.local.ui import command as ui_command
from genscope.providers.openai import OPENAI
from genscope.providers.routes import Routes

ROOT = Path(__file__).parents[1]


def load(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tables = load(ROOT / "docs/tables.py")


@dataclass(frozen=True)
class Fence:
    """A block of code in a page."""

    where: str
    language: str
    code: str
    notes: Mapping[str, str]
    """What the comment before it says: `prints`, or `not run` and why."""


_FENCE = re.compile(r"(?:<!-- ([a-z ]+): ([^\n]+) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")

PAGES: dict[str, str] = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in tables.PAGES}
PROSE = {name: _FENCE.sub("", page) for name, page in PAGES.items()}
CODE_WORDS = {(name, word) for name, prose in PROSE.items() for word in _INLINE.findall(prose)}
FENCES = [
    Fence(f"{name}:{page.count(chr(10), 0, found.start(3)) + 1}", found[3], found[4], {found[1]: found[2]})
    for name, page in PAGES.items()
    for found in _FENCE.finditer(page)
]
SNIPPETS = [fence for fence in FENCES if fence.language == "python"]
LINES = [(fence.where, line) for fence in FENCES if fence.language == "sh" for line in fence.code.splitlines()]
CONSOLE = next(line for _, line in LINES if "--traces_exporter console" in line)
STAGE = "examples/custom_stage.py"


# --- everything that runs does so at once, and the tests look at what came out


def environment(simulator: Simulator) -> dict[str, str]:
    theirs = ("OTEL_", "OPENAI_", "ANTHROPIC_", "GENSCOPE_", "PYTHONPATH", "COLUMNS")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(theirs)}
    return environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)]),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "OPENAI_BASE_URL": simulator.base_url(),
        "OPENAI_API_KEY": "sk-not-needed",
        "GENSCOPE_RAISE_FAULTS": "true",
        "OTEL_LOGS_EXPORTER": "none",
        "PYTHONIOENCODING": "utf-8",
    }


Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def runs(simulator: Simulator) -> Iterator[dict[str, Future[Ran]]]:
    def run(*command: str) -> Ran:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=environment(simulator),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    commands = {
        "demo": [sys.executable, "-m", "genscope.cli", "demo", "--pause", "0.02"],
        "console": ["env", "GENSCOPE_PROVIDERS=127.0.0.1=openai", *shlex.split(CONSOLE)],
        "options": ["opentelemetry-instrument", "--help"],
        "stage": [sys.executable, STAGE],
        **{fence.where: [sys.executable, "-c", fence.code] for fence in SNIPPETS if "not run" not in fence.notes},
    }
    with ThreadPoolExecutor(4) as pool:
        yield {name: pool.submit(run, *command) for name, command in commands.items()}


def output(runs: Mapping[str, Future[Ran]], name: str) -> Ran:
    ran = runs[name].result()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


@pytest.mark.parametrize("fence", SNIPPETS, ids=lambda fence: fence.where)
def test_a_snippet_prints_what_the_page_says(fence: Fence, runs: Mapping[str, Future[Ran]]) -> None:
    if "not run" not in fence.notes:
        printed = output(runs, fence.where).stdout
        assert re.search(rf"^\s*{re.escape(fence.notes['prints'])}(?!\w)", printed, re.MULTILINE), printed


def test_the_example_of_async_streaming_shows_the_span_of_the_readme(runs: Mapping[str, Future[Ran]]) -> None:
    printed = output(runs, "console").stdout
    assert printed.startswith("Paris is the capital of France.\n")
    spans = list(json_objects(printed))
    assert len(spans) == 1
    (shown,) = (json.loads(fence.code) for fence in FENCES if fence.language == "json")
    times = {name for name, value in shown["attributes"].items() if isinstance(value, float)}
    for span in (shown, *spans):
        measured = [span["attributes"].pop(name) for name in sorted(times)]
        assert measured == sorted(measured)  # the first chunk comes no later than the first token
    assert shown.pop("attributes").items() <= spans[0].pop("attributes").items()
    assert shown.items() <= spans[0].items()


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    at = text.find("\n{")
    while at >= 0:
        found, at = json.JSONDecoder().raw_decode(text, at + 1)
        yield found
        at = text.find("{", at)
        at = at if at < 0 else at - 1


def test_the_tree_of_the_readme_is_how_the_demo_begins(runs: Mapping[str, Future[Ran]]) -> None:
    if demo._openai() < demo._OPENAI:
        pytest.skip("the sample application needs a newer openai SDK")

    def still(tree: str) -> list[str]:
        """Without what differs from run to run."""
        timeless = re.sub(r"[\d.]+ m?s\b", "TIME", re.sub(r"(127\.0\.0\.1):\d+", r"\1", tree))
        return [" ".join(line.split()) for line in timeless.strip().splitlines()]

    shown = next(fence.code for fence in FENCES if fence.where.startswith("README.md"))
    assert still(shown) == still(output(runs, "demo").stderr)[: len(still(shown))]


def test_the_example_of_a_stage(runs: Mapping[str, Future[Ran]]) -> None:
    assert re.fullmatch(r"chat gpt-4o-mini: [\d.]+ s, 7 tokens out, \('stop',\)\n", output(runs, "stage").stdout)


# --- commands


def check_command(words: list[str], options: str) -> None:
    command, *rest = words
    if command == "export":
        assert all(re.fullmatch(r"(OTEL|GENSCOPE)_\w+=.*", word) for word in rest)
    elif re.fullmatch(r"(OTEL|GENSCOPE)_\w+=.*", command):
        check_command(rest, options)
    elif command == "opentelemetry-instrument":
        while rest[0].startswith("--"):
            assert f"{rest[0]} " in options
            rest = rest[2:]
        check_command(rest, options)
    elif command == "genscope":
        assert rest[0] in main.commands
    elif command == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{rest[0]}:", makefile, re.MULTILINE)
    elif command == "pip":
        extras = re.fullmatch(r"genscope\[([\w,]+)\]", rest[1])
        assert extras is not None
        assert {*extras[1].split(",")} <= {*metadata("genscope").get_all("Provides-Extra", [])}
    else:
        assert command == "python"
        assert rest[0] == "app.py" or (ROOT / rest[0]).is_file()


@pytest.mark.parametrize("where, line", LINES)
def test_a_command_exists(where: str, line: str, runs: Mapping[str, Future[Ran]]) -> None:
    check_command(shlex.split(line, comments=True), output(runs, "options").stdout)


def test_options_and_variables_exist(runs: Mapping[str, Future[Ran]]) -> None:
    options = output(runs, "options").stdout
    for name, word in CODE_WORDS:
        for option in re.findall(r"--[a-z]+_\w+", word):
            assert f"{option} " in options, (name, option)
    modules = [entry_point.load() for entry_point in entry_points(group="opentelemetry_environment_variables")]
    known = {variable for module in modules for variable in dir(module)} | {
        option.metadata["env"] for option in tables.settings.OPTIONS
    }
    known |= {*upload.VARIABLES, ui_command.TOKEN}
    known |= {"OTEL_CONFIG_FILE", "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"}  # the oldest SDK does not know them yet
    for name, page in PAGES.items():
        for variable in re.findall(r"\b(?:OTEL|GENSCOPE)_[A-Z_]*[A-Z]\b", page):
            assert variable in known, (name, variable)


def test_the_extras_are_those_of_the_package() -> None:
    listed = re.search(r"\| Extra \|.*?\n\n", PAGES["README.md"], re.DOTALL)
    assert listed is not None
    extras = set(metadata("genscope").get_all("Provides-Extra", [])) - {"test", "dev"}
    cells = re.findall(r"^\| (`.*?) \|", listed[0], re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == extras


# --- names


@pytest.mark.parametrize("name", PAGES)
def test_tables_are_those_of_the_code(name: str) -> None:
    assert tables.filled(PAGES[name]) == PAGES[name], "python docs/tables.py writes them anew"


NOT_OURS = ("http.request.header.", "http.route", "http.target", "http.url")
"""Attributes of web frameworks' spans, and what is read of them."""


def test_names_exist() -> None:
    """Attributes and metrics are emitted; dotted names of Python can be imported."""
    flavours = (semconv.DEFAULT, semconv.LATEST, semconv.LEGACY)
    metrics = {metric.name for metric in vars(semconv).values() if isinstance(metric, semconv.Metric)}
    metrics |= {*(metric.name for flavour in flavours for metric in flavour.metrics.values())}
    emitted = tables.documented() | set(tables.ELSEWHERE) | metrics | set(semconv.LEGACY_ATTRIBUTES.values())
    emitted |= {name for column in (*SPAN_COLUMNS, *LOG_COLUMNS) for name in column.attributes}  # read by the store
    checked = 0
    for name, word in sorted(CODE_WORDS):
        found = re.match(r"((?:gen_ai|genscope|opentelemetry|error|server|exception|http)(?:\.\w+)+)(?![\w.]*\*)", word)
        if found and found[1] not in emitted and not word.startswith(NOT_OURS):
            assert not found[1].startswith("gen_ai."), (name, word)
            pkgutil.resolve_name(found[1])
        checked += found is not None
    assert checked > 50


def test_files_exist() -> None:
    for name, word in CODE_WORDS:
        if re.fullmatch(r"[\w/]*/[\w.]+\.py|[\w.]+\.cfg", word):
            assert any((base / word).is_file() for base in (ROOT, ROOT / "src", ROOT / "src/genscope")), (name, word)


def test_links_lead_somewhere() -> None:
    pages = {**PROSE, "CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")}
    for name, page in pages.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", page):
            if "://" in link:
                continue
            file, _, anchor = link.partition("#")
            target = (ROOT / name).parent / file if file else ROOT / name
            assert target.exists(), (name, link)
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}, (name, link)


def test_the_statuses_in_the_table_of_error_kinds() -> None:
    class Refused(Exception):
        status_code = 0

    for kind, meaning in tables.KIND_MEANINGS.items():
        for status in re.findall(r"\b[45]\d\d\b", meaning):
            error = Refused()
            error.status_code = int(status)
            assert classify(error).kind == kind


@pytest.mark.parametrize(
    "request_line",
    [
        *("POST /videos", "POST /audio/voices", "POST /responses/input_tokens", "POST /batches", "POST /files"),
        *("POST /vector_stores", "POST /fine_tuning/jobs", "POST /assistants", "POST /threads/thread_1/runs"),
        *("POST /conversations", "POST /realtime/sessions", "GET /responses/resp_1/input_items"),
    ],
)
def test_what_is_said_not_to_be_traced_is_not(request_line: str) -> None:
    method, path = request_line.split()
    assert Routes(OPENAI.routes).find(method, path) is None


# --- what is said to be recorded, against what is recorded


@dataclass(frozen=True)
class Recorded:
    spans: tuple[Any, ...]
    metrics: Mapping[str, Any]

    @property
    def attributes(self) -> set[str]:
        return {name for span in self.spans for name in span.attributes}


@pytest.fixture(scope="module")
def recorded(simulator: Simulator) -> Recorded:
    """All kinds of calls, in this process."""
    spans, reader, provider = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    genscope.instrument(
        tracer_provider=provider,
        meter_provider=MeterProvider([reader]),
        providers={"127.0.0.1": "openai"},
        raise_faults=True,
        time_per_output_chunk=True,
        capture_message_content="SPAN_ONLY",
        content_hash=True,
    )
    try:
        make_calls(simulator)
        found = reader.get_metrics_data()
    finally:
        genscope.uninstrument()
    assert found is not None
    metrics = {metric.name: metric for r in found.resource_metrics for s in r.scope_metrics for metric in s.metrics}
    return Recorded(spans.get_finished_spans(), metrics)


def make_calls(simulator: Simulator) -> None:
    def client(scenario: str, **options: float) -> openai.OpenAI:
        return openai.OpenAI(api_key="k", base_url=simulator.base_url(scenario, **options))

    def chat(scenario: str = "ok", **parameters: Any) -> Any:
        with client(scenario) as at:
            answer = at.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}], **parameters
            )
            return list(answer) if parameters.get("stream") else answer

    sampling = {"temperature": 0.5, "top_p": 0.9, "seed": 1, "frequency_penalty": 0.1, "presence_penalty": 0.1}
    limits = {"n": 2, "max_tokens": 9, "stop": ["."], "response_format": {"type": "json_object"}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
    chat(**sampling, **limits, tools=tools, extra_body={"top_k": 3, "service_tier": "flex", "reasoning_effort": "low"})
    chat("retry")
    chat("tools", tools=tools)
    results = [{"role": "user", "content": "Hello"}, {"role": "tool", "tool_call_id": "call_1", "content": "Sunny."}]
    with client("ok") as at:
        at.chat.completions.create(model="gpt-4o-mini", messages=results, tools=tools)
    chat("reasoning", stream=True, stream_options={"include_usage": True})
    for scenario, stream in (("context_length", False), ("stream_error", True)):
        with pytest.raises(openai.APIError):
            chat(scenario, stream=stream)
    with client("ok") as at:
        at.embeddings.create(model="text-embedding-3-small", input="x", dimensions=8, encoding_format="float")
        at.completions.create(model="gpt-3.5-turbo-instruct", prompt="x")
        at.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}], stream=True
        ).close()
        if hasattr(at, "responses"):
            prompt = {"id": "pmpt_1", "version": "2"}
            asked = {
                "prompt": prompt,
                "conversation": "conv_1",
                "previous_response_id": "resp_0",
                "instructions": "Be brief",
            }
            at.post("/responses", body={"model": "gpt-4o-mini", "input": "x", **asked}, cast_to=object)
            list(at.responses.retrieve("resp_1", stream=True, starting_after=1))
            at.post("/responses/compact", body={"model": "gpt-4o-mini", "input": "x"}, cast_to=object)
    with client("length") as at:
        if hasattr(at, "responses"):
            at.responses.create(model="gpt-4o-mini", input="x")
    asyncio.run(cancel_a_stream(simulator))
    call_anthropic(simulator)


USAGE = {
    "input_tokens": 1,
    "output_tokens": 2,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 11,
    "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 6},
    "output_tokens_details": {"thinking_tokens": 1},
    "server_tool_use": {"web_search_requests": 7, "web_fetch_requests": 8},
    "service_tier": "priority",
    "speed": "fast",
    "inference_geo": "eu",
}
REFUSAL = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [],
    "stop_reason": "refusal",
    "stop_details": {"type": "refusal", "category": "cyber"},
    "container": {"id": "container_1", "expires_at": "2026-01-01T00:00:00Z"},
    "usage": USAGE,
}


def call_anthropic(simulator: Simulator) -> None:
    message = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hello"}]}
    asked = {"max_tokens": 9, "speed": "fast", "service_tier": "standard_only", "cache_control": {"type": "ephemeral"}}
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "output_config": {"effort": "low"}}
    with anthropic.Anthropic(api_key="k", base_url=simulator.base_url("ok")) as at:
        at.post("/v1/messages", body=message | asked | thinking, cast_to=object)
        at.post("/v1/messages/count_tokens", body=message, cast_to=object)
    library = getattr(anthropic._base_client, "httpx2", None) or anthropic._base_client.httpx
    http = library.Client(transport=library.MockTransport(lambda request: library.Response(200, json=REFUSAL)))
    with anthropic.Anthropic(api_key="k", http_client=http) as at:
        at.post("/v1/messages", body=message, cast_to=object)


async def cancel_a_stream(simulator: Simulator) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async with openai.AsyncOpenAI(api_key="k", base_url=simulator.base_url("midhang")) as client:
            stream = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}], stream=True
            )
            async for _ in stream:
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_every_attribute_that_is_recorded_is_documented(recorded: Recorded) -> None:
    assert recorded.attributes <= tables.documented()


def test_attributes_that_are_documented_are_recorded(recorded: Recorded) -> None:
    if demo._openai() < demo._OPENAI:
        pytest.skip("the Responses API needs a newer openai SDK")
    every_call = ("Identity", "Request", "Response", "Stream", "Error", "Retries", "Cost")
    documented = {name for group in every_call for names, _, _ in tables.ATTRIBUTES[group] for name in names.split()}
    assert documented <= recorded.attributes


def test_a_failure_is_recorded_as_documented(recorded: Recorded) -> None:
    events = [event for span in recorded.spans for event in span.events]
    assert {event.name for event in events} == {"exception"}
    said = {name for name, where in tables.ELSEWHERE.items() if "span event" in where}
    assert {name for event in events for name in event.attributes} == said


def test_outcomes_of_streams_are_those_of_the_table(recorded: Recorded) -> None:
    outcomes = {span.attributes.get("genscope.stream.outcome") for span in recorded.spans} - {None}
    assert outcomes == set(tables.OUTCOMES)


def test_metrics_are_those_of_the_table(recorded: Recorded) -> None:
    assert {f"| `{name}` | `{metric.unit}` |" for name, metric in recorded.metrics.items()} == {
        " ".join(row.split()[:5]) for row in tables.metrics().splitlines()[2:]
    }


def test_attributes_of_metrics_are_those_of_the_list(recorded: Recorded) -> None:
    points = [point for metric in recorded.metrics.values() for point in metric.data.data_points]
    assert {name for point in points for name in point.attributes} == set(tables.METRIC_ATTRIBUTES)
    listed = re.search(r"Their attributes are from a fixed list: .*?\.\s", PAGES["README.md"], re.DOTALL)
    assert listed is not None
    assert set(_INLINE.findall(listed[0])) == set(tables.METRIC_ATTRIBUTES)
