"""The record of a call as attributes, for its span and for its event.

Where a span has room for fewer, OpenTelemetry drops what came first: so what matters least comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from genscope import semconv
from genscope.core.operation import Attempt, BudgetLeft, Cost, Failure, Operation

Attributes = dict[str, Any]

_OPERATION_NAME: Final = semconv.OPERATION_NAME
_PROVIDER_NAME: Final = semconv.PROVIDER_NAME
_REQUEST_MODEL: Final = semconv.REQUEST_MODEL
_SERVER_ADDRESS: Final = semconv.SERVER_ADDRESS
_SERVER_PORT: Final = semconv.SERVER_PORT
_RESPONSE_ID: Final = semconv.RESPONSE_ID
_RESPONSE_MODEL: Final = semconv.RESPONSE_MODEL
_FINISH_REASONS: Final = semconv.RESPONSE_FINISH_REASONS
_USAGE: Final = semconv.USAGE
_REQUEST_STREAM: Final = semconv.REQUEST_STREAM
_STREAM_CHUNKS: Final = semconv.STREAM_CHUNKS
_TIME_TO_LAST_CHUNK: Final = semconv.TIME_TO_LAST_CHUNK
_TIME_TO_FIRST_REASONING_TOKEN: Final = semconv.TIME_TO_FIRST_REASONING_TOKEN
_TIME_TO_FIRST_TOKEN: Final = semconv.TIME_TO_FIRST_TOKEN
_RESPONSE_TIME_TO_FIRST_CHUNK: Final = semconv.RESPONSE_TIME_TO_FIRST_CHUNK
_STREAM_OUTCOME: Final = semconv.STREAM_OUTCOME

_MOST_TOLD: Final = 128
"""As many attempts are told one by one, as a span has events."""


class _ByProvider(dict[str, dict[str, str]]):
    """The part of a table of names that applies to a provider, made when it is first met."""

    def __init__(self, table: dict[str, str]) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, provider: str) -> dict[str, str]:
        names = self[provider] = semconv.names(self._table, provider)
        return names


_request_names: Final = _ByProvider(semconv.REQUEST)
_response_names: Final = _ByProvider(semconv.RESPONSE)


def request_attributes(op: Operation) -> Attributes:
    """What is known when the request is sent, for samplers too."""
    attributes: Attributes = {}
    names = _request_names[op.provider]
    for meaning, value in op.request.items():
        if meaning in names:
            attributes[names[meaning]] = value
    if op.identity is not None:
        for name, value in op.identity.attributes.items():
            attributes.setdefault(name, value)  # the provider's own conversation is that of the call
    if op.streaming:
        attributes[_REQUEST_STREAM] = True
    if op.server_address is not None:
        attributes[_SERVER_ADDRESS] = op.server_address
        attributes[_SERVER_PORT] = op.server_port
    if op.model is not None:
        attributes[_REQUEST_MODEL] = op.model
    attributes[_PROVIDER_NAME] = op.provider
    attributes[_OPERATION_NAME] = op.name
    return attributes


def identity_attributes(op: Operation) -> Attributes:
    """Those without which a span says nothing."""
    named = ((_REQUEST_MODEL, op.model), (_PROVIDER_NAME, op.provider), (_OPERATION_NAME, op.name))
    return {name: value for name, value in named if value is not None}


def response_attributes(op: Operation) -> Attributes:
    """What is known when the call has ended."""
    attributes: Attributes = {}
    if op.streaming:
        _add_stream(attributes, op)
    if op.attempts:
        attributes |= retry_attributes(op.attempts)
    if op.defects:
        attributes[semconv.RESPONSE_DEFECT] = op.defects
    if op.budget is not None:
        _add_budget(attributes, op.budget)
    if op.cost is not None:
        _add_cost(attributes, op.cost)
    if op.response:
        names = _response_names[op.provider]
        for meaning, value in op.response.items():
            if meaning in names:
                attributes[names[meaning]] = value
    if op.response_id is not None:
        attributes[_RESPONSE_ID] = op.response_id
    if op.finish_reasons is not None:
        attributes[_FINISH_REASONS] = op.finish_reasons
    if op.usage is not None:
        for field, tokens in vars(op.usage).items():
            if tokens is not None:
                attributes[_USAGE[field]] = tokens
    if op.response_model is not None:
        attributes[_RESPONSE_MODEL] = op.response_model
    if op.failure is not None:
        _add_failure(attributes, op.failure)
    return attributes


def retry_attributes(repeated: Sequence[Attempt]) -> Attributes:
    """What is told of attempts that were repeated, by the SDK or by `genscope.retry`; nothing where none was."""
    if not repeated:
        return {}
    told = repeated[:_MOST_TOLD]
    return {
        semconv.RETRY_KINDS: [attempt.kind for attempt in told],
        semconv.RETRY_STATUSES: [attempt.status or 0 for attempt in told],  # 0: there was no HTTP answer
        semconv.RETRY_DELAYS: [attempt.backoff for attempt in told],
        semconv.RETRY_BACKOFF: sum(attempt.backoff for attempt in repeated),
        semconv.RETRY_ATTEMPTS: len(repeated) + 1,
    }


def _add_stream(attributes: Attributes, op: Operation) -> None:
    attributes[_STREAM_CHUNKS] = op.chunks
    for name, moment in (
        (_TIME_TO_LAST_CHUNK, op.last_chunk),
        (_TIME_TO_FIRST_REASONING_TOKEN, op.first_reasoning_token),
        (_TIME_TO_FIRST_TOKEN, op.first_token),
        (_RESPONSE_TIME_TO_FIRST_CHUNK, op.first_chunk),
    ):
        if moment is not None:
            attributes[name] = moment - op.started
    if op.outcome is not None:
        attributes[_STREAM_OUTCOME] = op.outcome


def _add_cost(attributes: Attributes, cost: Cost) -> None:
    if cost.table_version is not None:
        attributes[semconv.COST_TABLE_VERSION] = cost.table_version
    attributes[semconv.COST_SOURCE] = cost.source
    attributes[semconv.COST_CURRENCY] = cost.currency
    attributes[semconv.COST_AMOUNT] = cost.amount


def _add_budget(attributes: Attributes, left: BudgetLeft) -> None:
    limit, remaining, unit, threshold = left
    attributes[semconv.BUDGET_UNIT] = unit
    if threshold is not None:
        attributes[semconv.BUDGET_THRESHOLD] = threshold
    attributes[semconv.BUDGET_REMAINING] = remaining
    attributes[semconv.BUDGET_LIMIT] = limit


def _add_failure(attributes: Attributes, failure: Failure) -> None:
    attributes[semconv.ERROR_RETRYABLE] = failure.retryable
    if failure.request_id is not None:
        attributes[semconv.REQUEST_ID] = failure.request_id
    if failure.status is not None:
        attributes[semconv.HTTP_STATUS] = failure.status
    attributes[semconv.ERROR_KIND] = failure.kind
    attributes[semconv.ERROR_TYPE] = failure.type
