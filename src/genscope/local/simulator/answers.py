"""What the simulated model says: fixed tokens, fixed numbers, whatever the wire format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, NamedTuple

from .exchange import Exchange, Json, as_list, as_object
from .scenarios import Finish

__all__ = [
    "CACHE_WRITTEN",
    "REASONING",
    "REASONING_TOKENS",
    "REFUSAL",
    "REFUSAL_TOKENS",
    "REPLY",
    "REPLY_TOKENS",
    "USAGE",
    "USAGE_REASONING",
    "Answer",
    "Ask",
    "Tool",
    "ToolCall",
    "Usage",
    "compose",
    "satisfying",
]


class Usage(NamedTuple):
    """Token counts as OpenAI counts them: `cached` is part of `prompt`, `reasoning` is part of `completion`.

    Anthropic tells what was read from its cache, `cached`, what was written to it, CACHE_WRITTEN, and the rest.
    """

    prompt: int
    completion: int
    cached: int
    reasoning: int

    @property
    def total(self) -> int:
        return self.prompt + self.completion


REPLY_TOKENS = ("Paris", " is", " the", " capital", " of", " France", ".")
REPLY = "".join(REPLY_TOKENS)
REASONING_TOKENS = ("The", " user", " asks", " about", " France", ".")
REASONING = "".join(REASONING_TOKENS)
REFUSAL_TOKENS = ("I'm", " sorry", ",", " I", " can't", " help", " with", " that", ".")
REFUSAL = "".join(REFUSAL_TOKENS)

# Every answer costs the same, whatever it says, so that tests can name the numbers. Only these change them: the option
# `chunks` (that many completion tokens instead of 7), several choices (completion and reasoning times their number),
# and the scenarios `reasoning`, or a request for thinking, (USAGE_REASONING) and `empty` (no completion tokens).
USAGE = Usage(prompt=23, completion=7, cached=5, reasoning=0)
USAGE_REASONING = Usage(prompt=23, completion=19, cached=5, reasoning=12)

CACHE_WRITTEN = 2  # of the prompt, where the service says so

_CUT_SHORT = 4  # tokens of text before the token limit or the content filter strikes
_DEEPEST = 12  # levels of a JSON schema that are filled in; recursive schemas have no end of their own


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the request offers: its name and the JSON schema of its arguments."""

    name: str
    parameters: Json


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a function: `arguments` is a JSON document in the pieces a stream sends it in."""

    id: str
    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks of the model, read from the body by the format.

    choices      how many answers
    tools        the functions it may call; none when the request forbids calls
    parallel     whether it may call several at once
    tool_result  whether the conversation holds the result of a call
    schema       the JSON schema the text has to satisfy
    thinks       whether it has to think before it answers
    """

    choices: int = 1
    tools: Sequence[Tool] = ()
    parallel: bool = True
    tool_result: bool = False
    schema: Json | None = None
    thinks: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says, the same in each of `choices`; the pieces are what a stream sends one by one."""

    text: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    refusal: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    choices: int = 1
    usage: Usage | None = USAGE


def compose(x: Exchange, ask: Ask) -> Answer:
    """The answer to a request."""
    says, finish, chunks = x.scenario.says, x.scenario.finish, x.options.chunks
    choices = ask.choices if x.options.n is None else x.options.n
    reasons = says == "reasoning" or (ask.thinks and says not in ("refusal", "nothing"))
    spent = USAGE_REASONING if reasons else USAGE
    if says == "nothing":
        choices = 0
    completion = spent.completion if chunks is None else chunks + spent.reasoning
    usage = spent._replace(completion=completion * choices, reasoning=spent.reasoning * choices)
    if x.scenario.usage == "none":
        usage = None

    if says == "nothing":
        return Answer(choices=0, usage=usage)
    if says == "refusal":
        return Answer(refusal=REFUSAL_TOKENS, choices=choices, usage=usage)
    reasoning = REASONING_TOKENS if reasons else ()
    if says == "tools" and ask.tools and not ask.tool_result:
        calls = _calls(x.number, ask)
        return Answer(reasoning=reasoning, calls=calls, finish="tool_calls", choices=choices, usage=usage)
    text = _text(x, ask)
    if finish != "stop" and chunks is None:
        text = text[:_CUT_SHORT]
    return Answer(text=text, reasoning=reasoning, finish=finish, choices=choices, usage=usage)


def satisfying(schema: Json, word: str = "Paris") -> Any:
    """A value that satisfies a simple JSON schema: strings are `word`, numbers 1, booleans true, arrays hold one item.

    Understood are objects, arrays, scalars, enum, const, $ref, and the first branch of anyOf, oneOf and allOf.
    """
    return _value(schema, schema, word, 0)


def _text(x: Exchange, ask: Ask) -> tuple[str, ...]:
    if x.options.chunks is not None:
        return tuple(islice(cycle(REPLY_TOKENS), x.options.chunks))
    if x.scenario.says == "echo":
        request = x.request
        received = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.json,
        }
        return _pieces(json.dumps(received, ensure_ascii=False), 64)
    if ask.schema is not None:
        return _pieces(json.dumps(satisfying(ask.schema)), 4)
    return REPLY_TOKENS


def _calls(number: int, ask: Ask) -> tuple[ToolCall, ...]:
    """Two parallel calls, of the first two tools, or of the one there is with other arguments."""
    chosen = (ask.tools[0], ask.tools[1] if len(ask.tools) > 1 else ask.tools[0])
    words = ("Paris", "London")
    calls = tuple(
        ToolCall(f"call_{number:04d}_{index}", tool.name, _pieces(json.dumps(satisfying(tool.parameters, word)), 4))
        for index, (tool, word) in enumerate(zip(chosen, words, strict=True))
    )
    return calls if ask.parallel else calls[:1]


def _pieces(text: str, size: int) -> tuple[str, ...]:
    return tuple(text[start : start + size] for start in range(0, len(text), size))


def _value(node: Json, root: Json, word: str, depth: int) -> Any:
    if "$ref" in node:
        target: Any = root
        for name in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
            target = as_object(target).get(name) if name else target
        node = as_object(target)
    if "const" in node:
        return node["const"]
    if choices := as_list(node.get("enum")):
        return choices[0]
    for keyword in ("anyOf", "oneOf", "allOf"):
        if branches := [as_object(branch) for branch in as_list(node.get(keyword))]:
            # A recursive schema ends where it allows null.
            wanted = [branch for branch in branches if (branch.get("type") == "null") == (depth >= _DEEPEST)]
            return _value((wanted or branches)[0], root, word, depth + 1)
    kind = node.get("type")
    if kinds := as_list(kind):
        kind = next((name for name in kinds if name != "null"), "null")
    if kind == "array":
        return [_value(as_object(node.get("items")), root, word, depth + 1)] if depth < _DEEPEST else []
    if kind in ("object", None) or "properties" in node:
        if depth >= _DEEPEST:
            return {}
        properties = as_object(node.get("properties"))
        return {name: _value(as_object(part), root, word, depth + 1) for name, part in properties.items()}
    return {"string": word, "integer": 1, "number": 1, "boolean": True}.get(str(kind))
