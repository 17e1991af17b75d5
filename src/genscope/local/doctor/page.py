"""An examination for the terminal: sections of marked lines, then what to do. Needs rich: only the command uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from genscope.local.doctor.findings import Examination, Exporter, Providers, Sdk, in_words

_YES, _NO, _NEITHER, _ODD, _PLAIN = "✓", "✗", "–", "!", " "
_STYLES: Final = {_YES: "green", _NO: "red", _NEITHER: "dim", _ODD: "yellow", _PLAIN: ""}
_ASCII: Final = str.maketrans({_YES: "+", _NO: "x", _NEITHER: "-", "·": "|", "→": ">"})


@dataclass(frozen=True, slots=True)
class _Line:
    mark: str
    name: str
    text: str = ""


def show(found: Examination, console: Console) -> None:
    """Print `found`, as wide as `console` is."""
    sections = list(_sections(found))
    column = max(cell_len(line.name) for _, lines in sections for line in lines)
    for title, lines in sections:
        _print(console, Text(title, style="bold"))
        for line in lines:
            head = Text("  ").append(line.mark, _STYLES[line.mark]).append(f" {line.name}".ljust(column + 3))
            _print(console, head, Text(line.text, style="dim" if line.mark == _NEITHER else ""))
    if found.problems:
        _print(console, Text("What to do", style="bold"))
        for problem in found.problems:
            mark = _NO if problem.fatal else _ODD
            _print(console, Text("  ").append(mark, _STYLES[mark]).append(" "), Text(problem.text))
    _print(console, Text(), _verdict(found))


def _print(console: Console, head: Text, text: Text | None = None) -> None:
    """`text` after `head`, and below itself where the line is not wide enough for it."""
    indent = cell_len(head.plain)
    lines = list(text.wrap(console, max(console.width - indent, 24))) if text and text.plain else [Text()]
    for number, line in enumerate(lines):
        row = (head if number == 0 else Text(" " * indent)) + line
        row.rstrip()
        if console.options.ascii_only:
            row.plain = row.plain.translate(_ASCII).encode("ascii", "backslashreplace").decode()
        console.print(row, highlight=False, soft_wrap=True)


def _verdict(found: Examination) -> Text:
    traced = [sdk.name for sdk in found.sdks if sdk.traced]
    if not found.traced:
        return Text("Nothing would be traced.", style="bold red")
    where = "here" if found.providers.source == "process" else "by `opentelemetry-instrument python app.py`"
    return Text(f"Calls of {in_words(traced)} are traced {where}.", style="bold green")


def _sections(found: Examination) -> Iterator[tuple[str, Sequence[_Line]]]:
    in_vain = any(problem.fatal and problem.section == "providers" for problem in found.problems)
    versions = found.versions
    yield f"genscope {versions['genscope']} · Python {versions['python']}", []
    yield "SDKs", list(_sdks(found)) or [_Line(_NO, "none", "genscope cannot be imported")]
    yield "Entry points", list(_entry_points(found))
    where = {
        "process": "set in this process",
        "environment": "as opentelemetry-instrument would set them",
        "file": "as opentelemetry-instrument would set them by the file of OTEL_CONFIG_FILE",
    }[found.providers.source]
    yield f"OpenTelemetry, {where}", list(_providers(found.providers, in_vain))
    if found.endpoints:
        marks = {True: _YES, False: _NO, None: _NEITHER}
        yield (
            "Endpoints",
            [
                _Line(
                    marks[one.reachable],
                    one.address,
                    " · ".join([in_words(one.signals), one.protocol, one.detail or "a connection opens"]),
                )
                for one in found.endpoints
            ],
        )
    yield "Content", list(_content(found))
    yield "Settings", list(_settings(found))
    if found.neighbours:
        yield (
            "Other instrumentations",
            [
                _Line(
                    _ODD if one.active else _NEITHER,
                    one.name,
                    f"{one.distribution} {one.version}, for {one.sdk} · {one.why_not or 'loaded as well'}",
                )
                for one in found.neighbours
            ],
        )
    listed = [
        f"{name} {version}" for name, version in versions.items() if name not in ("genscope", "python") and version
    ]
    absent = [name for name, version in versions.items() if version is None]
    lines = [_Line(_PLAIN, "installed", " · ".join(listed))]
    yield "Versions", [*lines, _Line(_NEITHER, "not there", " · ".join(absent))] if absent else lines


def _sdks(found: Examination) -> Iterator[_Line]:
    # What is not traced may be meant so as long as something is.
    off = _NEITHER if any(sdk.traced for sdk in found.sdks) else _NO
    bound = {tuple(sdk.bound) for sdk in found.sdks if sdk.state == "traced"}
    same = len(bound) == 1
    for sdk in found.sdks:
        needs = "" if sdk.supported else f" · not supported, needs {sdk.requires}"
        match sdk.state:
            case "traced":
                yield _Line(_YES, sdk.named, f"{sdk.module if same else _bound(sdk)}{needs}")
            case "in_part":
                yield _Line(_ODD, sdk.named, f"{_bound(sdk)} · {sdk.why}{needs}")
            case "not_installed":
                continue
            case "disabled" | "not_instrumented":
                yield _Line(off, sdk.named, f"{sdk.why}{needs}")
            case _:
                yield _Line(_NO, sdk.named, f"{sdk.why}{needs}")
    if same:
        yield _Line(_PLAIN, "wrapped there", ", ".join(*bound))
    absent = [sdk.name for sdk in found.sdks if sdk.state == "not_installed"]
    if absent:
        yield _Line(_NEITHER, "not installed", ", ".join(absent))


def _bound(sdk: Sdk) -> str:
    return f"{sdk.module}: {', '.join(sdk.bound)}"


def _entry_points(found: Examination) -> Iterator[_Line]:
    points = found.entry_points
    if points.distribution is None:
        yield _Line(_NO, "genscope", "is not installed as a distribution")
    for group, names in points.listed.items():
        if group != "console_scripts":
            yield _Line(_YES, group.removeprefix("opentelemetry_"), ", ".join(names))
    if points.missing:
        in_vain = any(problem.section == "entry_points" for problem in found.problems)
        yield _Line(_NO if in_vain else _NEITHER, "not found", ", ".join(points.missing))


def _providers(providers: Providers, in_vain: bool) -> Iterator[_Line]:
    bad = _NO if in_vain else _NEITHER
    if providers.source == "process":
        for signal, cls in providers.classes.items():
            yield _Line(_YES, f"{signal} provider", cls)
    else:
        yield _Line(_YES if providers.distro else _NEITHER, "distro", providers.distro or "none")
        yield _Line(_YES if providers.configurator else bad, "configurator", providers.configurator or "none")
    for signal, exporters in providers.exporters.items():
        if not exporters:
            yield _Line(bad if signal == "traces" else _NEITHER, signal, "no exporter")
        for exporter in exporters:
            yield _Line(_NO if exporter.fault else _YES, signal, _exporter(exporter))
    yield _Line(bad if providers.samples_nothing else _PLAIN, "sampler", providers.sampler)
    yield _Line(_PLAIN, "propagators", ", ".join(providers.propagators) or "none")
    yield _Line(_PLAIN, "service name", providers.service_name)
    if providers.sdk_disabled:
        yield _Line(_NO, "SDK", "disabled")


def _exporter(exporter: Exporter) -> str:
    parts = [exporter.name, exporter.protocol, exporter.endpoint and f"→ {exporter.endpoint}"]
    return " ".join(filter(None, parts)) + (f" · {exporter.fault}" if exporter.fault else "")


def _content(found: Examination) -> Iterator[_Line]:
    content = found.content
    off = content.capture == "NO_CONTENT"
    yield _Line(_NEITHER if off else _YES, "messages", "not recorded" if off else f"recorded: {content.capture}")
    if content.events:
        yield _Line(_YES, "events", "one with the details of each call")
    bare = content.redaction == "off"
    yield _Line(
        _NEITHER if bare else _YES, "redaction", "off" if bare else f"on, where content is: {content.redaction}"
    )


def _settings(found: Examination) -> Iterator[_Line]:
    for one in found.settings:
        whose = "" if len(one.sdks) == len(found.sdks) else f" · for {', '.join(one.sdks)}"
        yield _Line(_PLAIN, one.name, f"{one.value} · {one.origin} · default {one.default}{whose}")
    for complaint in found.complaints:
        said, _, why = complaint.partition(" is ")  # in full it stands below, at what to do
        yield _Line(_ODD, why.split()[0].rstrip(",:;") if why else "odd", said)
    if not found.settings and not found.complaints:
        yield _Line(_NEITHER, "all", "as by default")
