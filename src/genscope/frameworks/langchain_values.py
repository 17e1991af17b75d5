"""What goes into LangChain's runs and comes out of them, as those who read a trace want to see it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from typing import Any, Final, cast

_MOST: Final = 1_000
"""Items of a list; what is written has limits of its own."""
_DEEPEST: Final = 8


def shown(value: Any, depth: int = _DEEPEST) -> Any:
    """Messages and documents by what they say, wherever they are; all else as it is."""
    if depth == 0:
        return value
    if isinstance(value, dict):
        return {name: shown(item, depth - 1) for name, item in islice(cast("dict[Any, Any]", value).items(), _MOST)}
    if isinstance(value, (list, tuple)):
        return [shown(item, depth - 1) for item in islice(cast("list[Any]", value), _MOST)]
    for module, name, show in _SHOWN:
        if _is(value, module, name):
            return show(value)
    return value


def arguments(value: Any) -> Any:
    """What a chain is given. What a graph makes of its state, it says in what comes out."""
    return shown(value)


def result(value: Any) -> Any:
    """What a chain brings. A conversation is what was said last: the rest is in the calls that it came from."""
    state = cast("dict[Any, Any]", value) if isinstance(value, dict) else {}
    messages = state.get("messages")
    if not isinstance(messages, list) or not messages:
        return shown(value)
    last = _content(cast("list[Any]", messages)[-1])
    rest = {name: item for name, item in state.items() if name != "messages"}
    return shown(rest | {"messages": [last]}) if rest else last


def tool_result(value: Any) -> Any:
    """What a tool brings: of the message that LangChain makes of it, what the model gets to see."""
    return value.content if _is(value, "langchain_core.messages", "ToolMessage") else shown(value)


def is_error(value: Any) -> bool:
    """Whether a tool says that it has failed."""
    return _is(value, "langchain_core.messages", "ToolMessage") and getattr(value, "status", None) == "error"


def _message(message: Any) -> Any:
    said = {"role": message.type, "content": shown(message.content)}
    for name in ("tool_calls", "tool_call_id"):
        if getattr(message, name, None):
            said[name] = getattr(message, name)
    return said


def _content(message: Any) -> Any:
    return message.content if _is(message, "langchain_core.messages", "BaseMessage") and message.content else message


def _document(document: Any) -> Any:
    said = {"id": document.id, "content": document.page_content, "metadata": document.metadata}
    return {name: value for name, value in said.items() if value not in (None, {})}


_SHOWN: Final[tuple[tuple[str, str, Callable[[Any], Any]], ...]] = (
    ("langchain_core.messages", "BaseMessage", _message),
    ("langchain_core.documents", "Document", _document),
    ("langchain_core.prompt_values", "PromptValue", lambda value: shown(value.to_messages())),
)


def _is(value: Any, module: str, name: str) -> bool:
    """Nothing is imported for it: of a module that nobody has imported there are no instances."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)
