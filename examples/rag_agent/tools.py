"""What the model may ask for."""

from __future__ import annotations

import json
from typing import Any

from openai.types.chat import (
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageFunctionToolCallParam,
    ChatCompletionToolMessageParam,
)
from openai.types.chat.parsed_function_tool_call import ParsedFunctionToolCall

import genscope

from .guides import ORDERS
from .store import Store


class Tools:
    """Functions for the model, by name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._functions = {"read_guide": self.read_guide, "get_order_status": self.get_order_status}

    @genscope.tool
    def read_guide(self, city: str) -> str:
        return self._store.read(city) or "We have no guide to this city."

    @genscope.tool
    def get_order_status(self, order_id: int) -> dict[str, Any] | str:
        return ORDERS.get(order_id, "There is no such order.")

    def use(self, call: ParsedFunctionToolCall) -> ChatCompletionToolMessageParam:
        """The message that answers a call; a call that makes no sense is the model's to mend."""
        try:
            result = self._functions[call.function.name](**json.loads(call.function.arguments))
        except (KeyError, TypeError, ValueError) as error:
            result = f"This cannot be called: {error}"
        return {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}


def as_asked(call: ParsedFunctionToolCall) -> ChatCompletionMessageFunctionToolCallParam:
    """A call as it belongs into the conversation: without what the SDK and the stream have added."""
    function = call.function
    return {"id": call.id, "type": "function", "function": {"name": function.name, "arguments": function.arguments}}


def _schema(name: str, description: str, **parameters: dict[str, str]) -> ChatCompletionFunctionToolParam:
    schema = {
        "type": "object",
        "properties": parameters,
        "required": list(parameters),
        "additionalProperties": False,
    }
    function: Any = {"name": name, "description": description, "parameters": schema, "strict": True}
    return {"type": "function", "function": function}


SCHEMAS = [
    _schema("read_guide", "The whole guide to a city.", city={"type": "string"}),
    _schema("get_order_status", "Where an order is.", order_id={"type": "integer"}),
]
