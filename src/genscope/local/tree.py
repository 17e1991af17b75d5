"""A trace as a tree for the terminal: one line for each span, one footer for the calls to models among them.

Pure: finished spans in, a `rich` renderable out. Only `local.console` imports this module, and only when it prints,
because `rich` belongs to the extra `cli`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from genscope import semconv
from genscope.local import phrases
from genscope.local.phrases import Glyphs

_INDENT = 4  # columns that rich's guides take for each level
_DEEPEST = 20  # whatever is nested deeper is listed at this level
_NAME_COLUMNS = 48  # durations are aligned as long as names end before this
_DURATION_COLUMNS = 9


@dataclass(slots=True)
class _Node:
    span: ReadableSpan
    depth: int
    children: list[_Node] = field(default_factory=list["_Node"])
    like_it: list[ReadableSpan] = field(default_factory=list[ReadableSpan])
    """Spans that are told on the same line."""


def render(
    spans: Sequence[ReadableSpan], *, width: int, ascii_only: bool = False, title: str | None = None
) -> RenderableType:
    """Draw spans of one trace, given in any order, as a tree for a terminal of `width` columns.

    A span whose parent is not among them stands at the top. `title` heads spans that are not a whole trace.
    """
    glyphs = phrases.ASCII if ascii_only else phrases.UNICODE
    roots = _forest(spans, depth=1 if title else 0)
    nodes = list(_walk(roots))
    calls = [node.span for node in nodes if phrases.is_call(node.span)]
    endpoints = {endpoint for call in calls if (endpoint := phrases.endpoint(call))}
    has_footer = bool(calls) and len(nodes) > 1
    column = max((_INDENT * node.depth + cell_len(_label(node, glyphs)) for node in nodes), default=0)
    column = min(column, _NAME_COLUMNS)

    top = Tree(Text(title, style="dim italic"), guide_style="dim") if title else None
    parts: list[RenderableType] = [top] if top else []
    todo = [(root, top) for root in reversed(roots)]
    while todo:
        node, parent = todo.pop()
        indent = _INDENT * node.depth
        details = phrases.details(node.span, glyphs, with_endpoint=not has_footer or len(endpoints) > 1)
        line = _line(node, details, glyphs, column=column - indent, room=width - indent)
        if parent is None:
            branch = Tree(line, guide_style="dim")
            parts.append(branch)
        else:
            branch = parent.add(line)
        todo += [(child, branch) for child in reversed(node.children)]
    if has_footer:
        parts.append(_footer(calls, endpoints, phrases.whom(spans), glyphs))
    return Group(*parts)


def _forest(spans: Sequence[ReadableSpan], *, depth: int) -> list[_Node]:
    """Parents with their children, siblings in the order they started. Without recursion: a chain may be long."""
    by_start = sorted(spans, key=lambda span: span.start_time or 0)
    present = {span.context.span_id for span in by_start if span.context}
    below: dict[int | None, list[ReadableSpan]] = {}
    for span in by_start:
        parent = span.parent.span_id if span.parent and span.parent.span_id in present else None
        below.setdefault(parent, []).append(span)
    roots = [_Node(span, depth) for span in below.pop(None, [])]
    todo = [(root, roots) for root in roots]
    while todo:
        node, siblings = todo.pop()
        deepest = node.depth >= _DEEPEST
        for span in below.pop(node.span.context.span_id, []) if node.span.context else []:
            child = _Node(span, node.depth if deepest else node.depth + 1)
            level = siblings if deepest else node.children
            level.append(child)
            todo.append((child, level))
    for node in _walk(roots):
        node.children = _folded(node.children)
    return _folded(roots)


def _folded(siblings: list[_Node]) -> list[_Node]:
    """With one line for all messages of a kind that a server got or sent: a streamed answer is hundreds of these."""
    kept: list[_Node] = []
    first: dict[str, _Node] = {}
    for node in siblings:
        plain = not node.children and not phrases.failed(node.span)
        alike = first.get(node.span.name) if plain else None
        if alike is not None:
            alike.like_it.append(node.span)
            continue
        kept.append(node)
        if plain and phrases.is_message(node.span):
            first[node.span.name] = node
    return kept


def _walk(roots: Iterable[_Node]) -> Iterator[_Node]:
    todo = list(roots)
    while todo:
        node = todo.pop()
        yield node
        todo += node.children


def _label(node: _Node, glyphs: Glyphs) -> str:
    times = f" {glyphs.times}{len(node.like_it) + 1}" if node.like_it else ""
    return phrases.label(node.span) + times


def _line(node: _Node, details: list[Text], glyphs: Glyphs, *, column: int, room: int) -> Text:
    """Name, duration and details. What does not fit continues under the first detail, or below the name if need be."""
    span, name = node.span, _label(node, glyphs)
    line = Text(name, style="")
    line.stylize("bold cyan" if phrases.is_call(span) else "bold" if span.parent is None else "")
    line.append(" " * (column - cell_len(name)))
    line.append(phrases.duration(span, *node.like_it).rjust(_DURATION_COLUMNS))
    used, separator = line.cell_len, "  "
    hang = used + len(separator)
    if hang + max((detail.cell_len for detail in details), default=0) > room:
        hang, used = 2, room
    for detail in details:
        if used + len(separator) + detail.cell_len <= room:
            line.append(separator, style="dim")
            used += len(separator)
        else:
            line.append("\n" + " " * hang)
            used = hang
        line.append_text(detail)
        used += detail.cell_len
        separator = glyphs.between
    line.rstrip()
    return line


def _footer(calls: Sequence[ReadableSpan], endpoints: set[str], whom: str | None, glyphs: Glyphs) -> Text:
    """What all calls of the tree amount to, and for whom they were."""
    usage = {name: _total(calls, name) for name in semconv.USAGE.values()}
    money = _total(calls, semconv.COST_AMOUNT)
    errors, retries = sum(map(phrases.failed, calls)), sum(map(phrases.retries, calls))
    said = [
        phrases.count(len(calls), "call"),
        phrases.tokens(usage, glyphs),
        phrases.count(errors, "error") if errors else None,
        phrases.count(retries, "retry", "retries") if retries else None,
        phrases.cost(money) if money is not None else None,
        *(endpoints if len(endpoints) == 1 else ()),
        whom,
    ]
    return Text(glyphs.between.join(part for part in said if part), style="dim")


def _total(calls: Sequence[ReadableSpan], name: str) -> float | None:
    """The sum over the calls that say it; None if none does."""
    said = [value for call in calls if (value := phrases.number(call, name)) is not None]
    return sum(said) if said else None
