"""A completion hook that stores what was said with fsspec: on disk, in S3, wherever; and says on the span where.

    <base>/2026-01-31/<trace id>/<span id>/inputs.json
    <base>/2026-01-31/<trace id>/<span id>/outputs.json
    <base>/2026-01-31/shared/<hash>.system_instruction.json
    <base>/2026-01-31/shared/<hash>.tool_definitions.json

So a span leads to what was said in it even without the references; instructions and tools, the same for many calls, are
stored once a day; and a day can be deleted without a reference elsewhere breaking.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from importlib.util import find_spec
from traceback import format_tb
from typing import Any, Final, cast

from opentelemetry.instrumentation.utils import suppress_instrumentation

from genscope import semconv
from genscope.core.background import Background
from genscope.core.payload import to_json
from genscope.features.completion_hooks.complaint import Complaint
from genscope.features.completion_hooks.shapes import values_of
from genscope.features.completion_hooks.store import Store

logger = logging.getLogger("genscope")

BASE_PATH: Final = "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH"
FORMAT: Final = "OTEL_INSTRUMENTATION_GENAI_UPLOAD_FORMAT"
MAX_QUEUE_SIZE: Final = "OTEL_INSTRUMENTATION_GENAI_UPLOAD_MAX_QUEUE_SIZE"
VARIABLES: Final = (BASE_PATH, FORMAT, MAX_QUEUE_SIZE)
FORMATS: Final = ("json", "jsonl")
_QUEUE: Final = 20

_WORKERS: Final = 8
_LARGEST: Final = 16 * 2**20
"""Bytes of one file: what is longer is cut as attributes are, and stays JSON."""
_WAITING: Final = 64 * 2**20
"""Bytes of all that waits to be stored."""
_REMEMBERED: Final = 1024
"""Instructions and tools that are known to be stored."""

_ACCESS: Final = re.compile(r"(://[^/@:]*):[^/@]*@")


class Nothing:
    """A hook that does nothing, where there is no place to store anything."""

    def on_completion(self, **_: Any) -> None:
        return


class Upload:
    """Stores below `base_path`, any URL or path of fsspec's; `max_queue_size` calls may wait for their turn.

    Raises ImportError where a package is missing: fsspec, or what that needs for this store.
    Never waits for the store: what finds no room in the queue is dropped as a whole, without a reference to it.
    """

    def __init__(self, base_path: str, *, format: str = FORMATS[0], max_queue_size: int = _QUEUE) -> None:
        if format not in FORMATS:
            raise ValueError(f"format: {' or '.join(FORMATS)}")
        if max_queue_size < 1:
            raise ValueError("max_queue_size: a whole number, 1 or more")
        base = base_path if re.search("://|::", base_path) else f"file://{_absolute(base_path)}"
        base = base if base.endswith("://") else base.rstrip("/") + "/"
        self._public = _ACCESS.sub(r"\1@", base)  # as it is written on spans: without a password
        self._format = format
        self._store = Store(base)
        self._queue = Background("genscope-upload", waiting=max_queue_size, workers=_WORKERS, size=_WAITING)
        self._stored: dict[str, None] = {}
        self._failing = False
        place = self._public.replace("{", "{{").replace("}", "}}")
        self._full = Complaint(
            f"the store {place} is too slow ({MAX_QUEUE_SIZE}); calls that are not stored: {{count}}"
        )
        self._failed = Complaint(f"what was said cannot be stored in {place} ({{fault}}); calls: {{count}}")

    def on_completion(
        self,
        *,
        inputs: Any = None,
        outputs: Any = None,
        system_instruction: Any = None,
        tool_definitions: Any = None,
        span: Any = None,
        log_record: Any = None,
        **_: Any,
    ) -> None:
        """Put the messages away to be stored, and their addresses on the span and the log record."""
        if not (inputs or outputs or system_instruction or tool_definitions):
            return
        if not self._queue.has_room():
            self._full()
            return
        day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
        own, shared = f"{day}/{_place(span)}", f"{day}/shared"
        files: dict[str, bytes] = {}
        references: dict[str, str] = {}
        for attribute, name, said, is_shared in (
            (semconv.INPUT_MESSAGES_REF, "inputs", inputs, False),
            (semconv.OUTPUT_MESSAGES_REF, "outputs", outputs, False),
            (semconv.SYSTEM_INSTRUCTIONS_REF, "system_instruction", system_instruction, True),
            (semconv.TOOL_DEFINITIONS_REF, "tool_definitions", tool_definitions, True),
        ):
            values = values_of(said)
            if values:
                data = self._written(values)
                path = f"{shared}/{_hash(data)}.{name}" if is_shared else f"{own}/{name}"
                path = f"{path}.{self._format}"
                references[attribute] = self._public + path
                if path not in self._stored:
                    files[path] = data
        leads_somewhere = not self._failing  # while the store refuses all, nothing will be there
        if not self._queue.submit(partial(self._upload, files), sum(map(len, files.values()))):
            self._full()
        elif leads_somewhere:
            _refer(references, span, log_record)

    def flush(self, timeout: float) -> bool:
        """Wait until all is stored; True if that is within `timeout` seconds."""
        return self._queue.flush(timeout)

    def _written(self, values: Sequence[Any]) -> bytes:
        if self._format == "json":
            return ((to_json(values, _LARGEST) or "[]") + "\n").encode()
        lines = (to_json(_numbered(at, one), _LARGEST) or "{}" for at, one in enumerate(values))
        return "".join(f"{line}\n" for line in lines).encode()

    def _upload(self, files: Mapping[str, bytes]) -> None:
        try:
            with suppress_instrumentation():  # the store's requests are no part of the application's traces
                for path, data in files.items():
                    self._store.put(path, data)
                    if "/shared/" in path:
                        if len(self._stored) >= _REMEMBERED:
                            self._stored.clear()
                        self._stored[path] = None
            self._failing = False
        except Exception as fault:
            self._failing = True
            self._failed(fault=_described(fault))
            logger.debug("genscope: storing failed at\n%s", "".join(format_tb(fault.__traceback__)))


def upload() -> Any:
    """The hook as the environment describes it: target of the entry point `genscope_upload`."""
    base = os.environ.get(BASE_PATH, "").strip()
    if not base:
        logger.warning("genscope: nothing is uploaded: %s is not set (a path, s3://bucket/folder ...)", BASE_PATH)
        return Nothing()
    if find_spec("fsspec") is None:
        logger.warning("genscope: nothing is uploaded: fsspec is not installed (pip install 'genscope[upload]')")
        return Nothing()
    format = os.environ.get(FORMAT, "").strip().lower() or FORMATS[0]
    if format not in FORMATS:
        logger.warning("genscope: %s=%r is ignored; accepted: %s", FORMAT, format, ", ".join(FORMATS))
        format = FORMATS[0]
    size = os.environ.get(MAX_QUEUE_SIZE, "").strip() or str(_QUEUE)
    if not size.isdecimal() or not int(size):
        logger.warning("genscope: %s=%r is ignored; accepted: a whole number, 1 or more", MAX_QUEUE_SIZE, size)
        size = _QUEUE
    try:
        return Upload(base, format=format, max_queue_size=int(size))
    except (ImportError, ValueError) as fault:  # they name what is missing or unknown
        logger.warning("genscope: nothing is uploaded: %s: %s", BASE_PATH, fault)
        return Nothing()


def _numbered(index: int, value: Any) -> Any:
    """For readers of a stream."""
    return {"index": index, **cast("dict[str, Any]", value)} if isinstance(value, dict) else value


def _place(span: Any) -> str:
    """The folder of a span. A span that nobody records may have the name of another one: its parent, say."""
    context: Any = span and span.get_span_context()
    if context is None or not context.is_valid:
        return f"untraced/{os.urandom(16).hex()}"
    place = f"{context.trace_id:032x}/{context.span_id:016x}"
    return place if span.is_recording() else f"{place}-{os.urandom(4).hex()}"


def _refer(references: Mapping[str, str], span: Any, log_record: Any) -> None:
    if span is not None:
        span.set_attributes(references)
    if log_record is not None:
        log_record.attributes = {**(log_record.attributes or {}), **references}


def _hash(data: bytes) -> str:
    import hashlib  # here: it brings OpenSSL, which takes longer to load than all of ours

    return hashlib.sha256(data).hexdigest()


def _absolute(path: str) -> str:
    """As it is now: the application may change its folder."""
    path = os.path.abspath(os.path.expanduser(path)).replace(os.sep, "/")
    return path if path.startswith("/") else "/" + path


def _described(fault: Exception) -> str:
    """What an exception is about; its whole text may have a password, or more."""
    said = fault.strerror if isinstance(fault, OSError) else str(fault) if isinstance(fault, ImportError) else None
    return f"{type(fault).__name__}: {said}" if said else type(fault).__name__
