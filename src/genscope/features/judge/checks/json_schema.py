"""Documents held against a JSON schema, by the package `jsonschema`: in time, and without a look at the network."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from genscope.features.judge.checks.outcome import library
from genscope.features.judge.checks.pattern import Expression

_PATIENCE: Final = 1.0
"""Seconds for one document. A schema that refers to itself in several branches may ask for ever."""
_LONGEST_PATH: Final = 200


class Undecided(Exception):
    """Nobody can say whether a document is what a schema asks for: it would take too long."""


class Schema:
    """A JSON schema of the draft that its `$schema` names, else of 2020-12. For any number of threads.

    ValueError if it is none, if it has `patternProperties`, or if `jsonschema` is not installed; for a `pattern` in it
    `regex` is needed, too. References to other documents are not followed, and `format` is an annotation, as by default
    in the specification.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        jsonschema = library("jsonschema", "a check by JSON schema")
        Unresolvable = library("referencing.exceptions", "jsonschema").Unresolvable
        try:
            written = json.dumps(schema)
            base: Any = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
            base.check_schema(schema, format_checker=None)
        except Exception as reason:  # the library has many ways to be surprised by what is none
            raise ValueError(f"no JSON schema: {type(reason).__name__}") from None
        if '"patternProperties":' in written:  # jsonschema searches by `re`, and in more places than can be replaced
            raise ValueError("a JSON schema with patternProperties, by which answers are not checked")
        if '"pattern":' in written:
            library("regex", "a JSON schema with a pattern")
        self._deadline = _Deadline()
        keywords = {**base.VALIDATORS, "pattern": _pattern, "uniqueItems": _unique_items}
        ours = {keyword: self._timely(check) for keyword, check in keywords.items()}
        registry = library("referencing", "jsonschema").Registry()
        # With a registry of our own: the default one fetches what it does not know.
        self._validator: Any = jsonschema.validators.extend(base, ours)(schema, registry=registry)
        self._unresolvable: type[Exception] = Unresolvable

    def fault(self, document: Any) -> str | None:
        """The part of the schema that the document does not keep first; None if it keeps all. It quotes no document.

        Undecided if that takes too long to find out, ValueError if the schema refers to what is not there.
        """
        self._deadline.at = time.monotonic() + _PATIENCE
        try:
            found = next(self._validator.iter_errors(document), None)
        except RecursionError:
            raise Undecided from None
        except self._unresolvable:
            raise ValueError("a JSON schema that refers to what is not in it") from None
        return None if found is None else "/".join(map(str, found.absolute_schema_path))[:_LONGEST_PATH]

    def _timely(self, check: _Check) -> _Check:
        def checked(validator: Any, wanted: Any, document: Any, schema: Any) -> Iterator[Any]:
            if time.monotonic() > self._deadline.at:
                raise Undecided
            yield from check(validator, wanted, document, schema) or ()

        return checked


_Check = Callable[[Any, Any, Any, Any], "Iterator[Any] | None"]
"""Of a keyword: `(validator, value of the keyword, document, schema)`, all errors."""


class _Deadline(threading.local):
    at = 0.0


def _pattern(validator: Any, wanted: Any, document: Any, schema: Any) -> Iterator[Any]:
    """In bounded time, see `Regex`."""
    if isinstance(document, str):
        try:
            if _expression(wanted).is_in(document):
                return
        except TimeoutError:
            raise Undecided from None
        yield _error("does not match")


_expression = lru_cache(64)(Expression)


def _error(what: str) -> Exception:
    from jsonschema import ValidationError

    return ValidationError(what)


def _unique_items(validator: Any, wanted: Any, document: Any, schema: Any) -> Iterator[Any]:
    """In linear time, where the library compares each with each."""
    if wanted and isinstance(document, list):
        items = cast("list[Any]", document)
        if len({_comparable(item) for item in items}) < len(items):
            yield _error("has items twice")


def _comparable(value: Any) -> Any:
    """Something hashable that is equal for what is equal in JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value).items()
        return "object", frozenset((key, _comparable(item)) for key, item in fields)
    if isinstance(value, list):
        return "array", tuple(map(_comparable, cast("list[Any]", value)))
    return ("boolean", value) if isinstance(value, bool) else value
