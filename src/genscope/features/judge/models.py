"""Models that judge: through a client of the application's, a function, or an SDK that is installed.

Which SDK a client is of is told by what it has. Asked for is JSON of a schema, in the way of the API; where that
refuses the request for it, as a small server may, the next one asks in words alone.
"""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final, Protocol, cast

from genscope.features.judge.prompts import SCHEMA, Prompt
from genscope.features.judge.replies import JudgeFailed

MAX_TOKENS: Final = 1_024
"""Of a reply. A model that reasons takes some for that."""

_SDKS: Final = {
    "openai": ("openai", "OpenAI"),
    "anthropic": ("anthropic", "Anthropic"),
    "groq": ("groq", "Groq"),
    "together": ("together", "Together"),
    "cerebras": ("cerebras.cloud.sdk", "Cerebras"),
    "writer": ("writerai", "Writer"),
}
"""Module and client of each, by the first part of `judge_model`."""

_REFUSED: Final = frozenset({400, 422})
"""HTTP statuses of an API that does not know what it is asked for."""


_KEPT: Final = 64
"""Models that are remembered, with what is known of them."""
_wordy: Final[set[tuple[str, str]]] = set()
"""Hosts and models that have to be asked in words, for they know no schemas."""


class Model(Protocol):
    """Replies with a text, with JSON, or with something that has to be awaited for it."""

    @property
    def is_async(self) -> bool:
        """Whether it is always to be awaited."""
        ...

    @property
    def needs_its_loop(self) -> bool:
        """Whether that has to be in the same event loop each time: its connections live there."""
        ...

    def ask(self, prompt: Prompt, timeout: float) -> Any: ...


def find_model(client: Any, model: str | None) -> Model | None:
    """The model that settings name; None if they name none. Raises `ValueError` for what it cannot be asked through."""
    if isinstance(client, str):
        return _at_place(client, model)
    if client is not None:
        return _through(client, model)
    return None if model is None else _of_sdk(model)


@lru_cache(_KEPT)
def _at_place(where: str, model: str | None) -> Model:
    return _Found(lambda: _imported(where), model)


@lru_cache(_KEPT)
def _of_sdk(model: str) -> Model:
    sdk, slash, name = model.partition("/")
    if sdk not in _SDKS or not (slash and name):
        raise ValueError(f"judge_model={model!r} is no model; accepted: {', '.join(f'{one}/MODEL' for one in _SDKS)}")
    return _Found(lambda: _made(sdk), name)


def _through(client: Any, model: str | None) -> Model:
    for path, api in (
        ("chat.completions.create", _Chat),
        ("chat.chat", _Chat),
        ("messages.create", _Messages),
    ):
        create = _at(client, path)
        if callable(create):
            if not model:
                raise ValueError("a client needs the name of a model, too: judge_model")
            return api(create, _bare(model, client), str(_at(client, "base_url")), _is_async(client))
    if callable(client):
        return _Function(client)
    raise ValueError("a judge's client is one of openai's or anthropic's kind, or a function (prompt) -> text")


def _is_async(client: Any) -> bool:
    return type(client).__name__.startswith("Async")


def _bare(model: str, client: Any) -> str:
    """Its name, where it is said with the SDK that the client is of: `openai/gpt-4o-mini`."""
    sdk, slash, name = model.partition("/")
    module = _SDKS.get(sdk, ("",))[0]
    return name if slash and name and type(client).__module__.split(".")[0] == module.split(".")[0] else model


def _at(client: Any, path: str) -> Any:
    found = client
    try:
        for name in path.split("."):
            found = getattr(found, name)
    except Exception:  # no such client
        return None
    return found


class _Function:
    """The application's own way to ask a model."""

    needs_its_loop = False

    def __init__(self, function: Callable[[str], Any]) -> None:
        self._function = function
        self.is_async = iscoroutinefunction(function)

    def ask(self, prompt: Prompt, timeout: float) -> Any:
        return self._function(str(prompt))


class _Found:
    """A model that is looked for when it is asked first: to import an SDK takes a while.

    A child of a fork gets a client of its own: the connections of its parent are in use there.
    """

    is_async = needs_its_loop = False

    def __init__(self, find: Callable[[], Any], model: str | None) -> None:
        self._find = find
        self._model = model
        self._found: tuple[int, Model] | None = None

    def ask(self, prompt: Prompt, timeout: float) -> Any:
        found = self._found
        if found is None or found[0] != os.getpid():
            try:
                found = self._found = (os.getpid(), _through(self._find(), self._model))
            except ValueError:
                raise JudgeFailed("no_judge_model") from None
        if found[1].needs_its_loop:
            raise JudgeFailed("async_client")
        return found[1].ask(prompt, timeout)


def _imported(where: str) -> Any:
    module, _, path = where.partition(":")
    found: Any = import_module(module.strip())
    for name in path.strip().split("."):
        found = getattr(found, name)
    return found


def _made(sdk: str) -> Any:
    module, client = _SDKS[sdk]
    return getattr(import_module(module), client)(max_retries=1)


class _Asked(ABC):
    """An API of an SDK: how it is asked, with or without a schema, and what of its answer is the reply."""

    def __init__(self, create: Callable[..., Any], model: str, host: str, is_async: bool) -> None:
        self.is_async = self.needs_its_loop = is_async
        self._create = create
        self._model = model
        self._host = host

    def ask(self, prompt: Prompt, timeout: float) -> Any:
        structured = (self._host, self._model) not in _wordy
        try:
            answer = self._send(prompt, timeout, structured)
            if isawaitable(answer):
                return self._ask_later(answer, prompt, timeout, structured)
        except Exception as refusal:
            self._check(refusal, structured)
            answer = self._send(prompt, timeout, False)
            if isawaitable(answer):
                return self._ask_later(answer, prompt, timeout, False)
            self._remember()
        return self._read(answer)

    async def _ask_later(self, answer: Any, prompt: Prompt, timeout: float, structured: bool) -> Any:
        try:
            found = await answer
        except Exception as refusal:
            self._check(refusal, structured)
            found = await self._send(prompt, timeout, False)
            self._remember()
        return self._read(found)

    def _remember(self) -> None:
        if len(_wordy) < _KEPT:
            _wordy.add((self._host, self._model))

    def _read(self, answer: Any) -> Any:
        try:
            return self._reply(answer)
        except (AttributeError, LookupError, TypeError, ValueError):  # 200 OK, and yet no answer
            raise JudgeFailed("invalid_verdict") from None

    def _check(self, refusal: Exception, structured: bool) -> None:
        """Raises on what has nothing to do with the schema."""
        if not structured or not (isinstance(refusal, TypeError) or getattr(refusal, "status_code", 0) in _REFUSED):
            raise refusal

    @abstractmethod
    def _send(self, prompt: Prompt, timeout: float, structured: bool) -> Any: ...

    @abstractmethod
    def _reply(self, answer: Any) -> Any: ...


class _Chat(_Asked):
    """https://platform.openai.com/docs/api-reference/chat"""

    def _send(self, prompt: Prompt, timeout: float, structured: bool) -> Any:
        newer = any(name in self._host for name in _NEWER)
        if not structured:  # in one message, for some models have no other
            return self._create(
                model=self._model,
                messages=[{"role": "user", "content": str(prompt)}],
                extra_body={_LIMITS[not newer]: MAX_TOKENS},
                timeout=timeout,
            )
        return self._create(
            model=self._model,
            messages=[
                {"role": "system", "content": prompt.instructions},
                {"role": "user", "content": prompt.material},
            ],
            extra_body={
                _LIMITS[newer]: MAX_TOKENS,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA},
                },
            },
            timeout=timeout,
        )

    def _reply(self, answer: Any) -> Any:
        message = answer.choices[0].message
        if getattr(message, "refusal", None):
            raise JudgeFailed("refusal")
        return message.content


class _Messages(_Asked):
    """https://docs.anthropic.com/en/api/messages: a tool that has to be called has a schema in every release."""

    def _send(self, prompt: Prompt, timeout: float, structured: bool) -> Any:
        tool = {"name": "verdict", "description": "Your verdict.", "input_schema": SCHEMA}
        forced: dict[str, Any] = {"tools": [tool], "tool_choice": {"type": "tool", "name": "verdict"}}
        return self._create(
            model=self._model,
            max_tokens=MAX_TOKENS,
            system=prompt.instructions,
            messages=[{"role": "user", "content": prompt.material}],
            timeout=timeout,
            **(forced if structured else {}),
        )

    def _reply(self, answer: Any) -> Any:
        if answer.stop_reason == "refusal":
            raise JudgeFailed("refusal")
        texts: list[str] = []
        for block in answer.content:
            if block.type == "tool_use":
                # SDKs that do not know the shape of the input have it as they read it
                return json.loads(json.dumps(cast("Mapping[str, Any]", block.input)))
            if block.type == "text":
                texts.append(block.text)
        return "".join(texts)


_LIMITS: Final = ("max_tokens", "max_completion_tokens")
"""OpenAI's newer models refuse the first, servers that follow its API may not know the second."""
_NEWER: Final = ("api.openai.com", ".azure.com", "api.groq.com", "api.cerebras.ai")
"""Hosts that know the second."""
