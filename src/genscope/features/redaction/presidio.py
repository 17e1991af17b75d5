"""Microsoft Presidio, for those who have it: names, places and identifiers of many countries, in known languages.

It takes seconds to start and milliseconds for a text, so it is never asked while a call is in flight: only exporters do
that, in threads of their own. Nothing is downloaded: without a model of spaCy's that is installed, it has its patterns.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from genscope.features.redaction.engine import make_redactor
from genscope.features.redaction.rule import Finding
from genscope.features.redaction.walk import FAILED
from genscope.settings import UNREADABLE, Settings

logger = logging.getLogger("genscope")

LEFT_OUT: Final = frozenset(
    (
        # Our rules have been there, and check more. And to validate an address Presidio asks the network for domains.
        *("EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS", "CREDIT_CARD", "IBAN_CODE"),
        *("DATE_TIME", "URL", "UUID"),  # of no person, and on every second line of a log
    )
)
"""What is not asked of an engine that we make; one of the application's is asked for all that it knows."""

_IGNORED: Final = (
    *("ORG", "ORGANIZATION", "MISC", "CARDINAL", "DATE", "EVENT", "LANGUAGE", "LAW", "MONEY", "ORDINAL", "PERCENT"),
    *("PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART"),
)
"""Labels of spaCy's models; as in Presidio's own configuration, which says that organisations are mostly wrong."""

_CERTAINTY: Final = 0.4  # below are single digits and letters that may be anything, unless words beside them say what
_LONGEST: Final = 100_000  # characters of one text; each thousand takes about 20 ms
_SIZES: Final = ("trf", "lg", "md", "sm")  # of models, best first
_MARK: Final = re.compile(r"\[[A-Z][0-9A-Z_ ]{0,63}(?::[0-9a-f]{12})?\]")  # left by a rule
_NOTHING_TO_FIND: Final = re.compile(r"[a-z_]*\Z")  # names of fields and roles


def make_search(settings: Settings, analyzer: Any = None) -> Callable[[str], str] | None:
    """What redacts a text by what Presidio finds in it; None if nobody wants that.

    `analyzer` is an `AnalyzerEngine` of the application's; else one is made when it is first needed. Without Presidio
    nothing of any text is shown. Raises `ValueError` for settings that cannot be followed.
    """
    if settings.presidio == UNREADABLE:
        raise ValueError("presidio cannot be read")
    languages = tuple(settings.presidio)
    if analyzer is not None:
        return Presidio(settings, languages or tuple(analyzer.supported_languages), _Engine(analyzer)).redact
    if not languages:
        return None
    if find_spec("presidio_analyzer") is None and languages not in _made:  # said now, not when somebody misses a text
        _made[languages] = None
        _complain("presidio-analyzer is not installed: pip install 'genscope[presidio]'")
    return Presidio(settings, languages).redact


class Presidio:
    """Redacts texts, each by what is found in it in any of the languages."""

    def __init__(self, settings: Settings, languages: tuple[str, ...], engine: _Engine | None = None) -> None:
        self._languages = languages
        self._engine = engine
        self._replace = make_redactor("off", settings.redaction_style, settings.hash_key).replace

    def redact(self, text: str) -> str:
        if _NOTHING_TO_FIND.match(text):
            return text
        engine = self._engine or _engine(self._languages)
        if engine is None:
            return FAILED
        head, rest = text[:_LONGEST], len(text) - _LONGEST
        head = head.encode(errors="replace").decode()  # half of a surrogate pair, as long as what stands for it
        findings = [finding for language in self._languages for finding in engine.find(head, language)]
        if findings:
            head = self._replace(head, _apart(findings))
        elif rest <= 0:
            return text
        return head if rest <= 0 else f"{head}…[+{rest} chars]"


class _Engine:
    """An `AnalyzerEngine`, and what it is asked for."""

    def __init__(self, analyzer: Any, entities: dict[str, list[str]] | None = None) -> None:
        self._analyzer = analyzer
        self._entities = entities or {}
        self._certainty = _CERTAINTY if entities else None

    def find(self, text: str, language: str) -> list[Finding]:
        marks = [match.span() for match in _MARK.finditer(text)] if "[" in text else []
        found = self._analyzer.analyze(
            text=text, language=language, entities=self._entities.get(language), score_threshold=self._certainty
        )
        return [
            Finding(str(one.entity_type).lower(), one.start, one.end)
            for one in found
            if not any(start <= one.start and one.end <= end for start, end in marks)
        ]


def _apart(findings: Sequence[Finding]) -> list[Finding]:
    """In order; those that overlap are one, named for the longest."""
    result: list[Finding] = []
    longest = 0
    for finding in sorted(findings, key=lambda finding: (finding.start, -finding.end, finding.rule)):
        length = finding.end - finding.start
        if not result or finding.start >= result[-1].end:
            result.append(finding)
            longest = length
        else:
            before = result[-1]
            name = finding.rule if length > longest else before.rule
            longest = max(longest, length)
            result[-1] = Finding(name, before.start, max(before.end, finding.end))
    return result


_presidio_logger: Final = logging.getLogger("presidio-analyzer")


def _is_serious(record: logging.LogRecord) -> bool:
    return record.levelno > logging.WARNING


_made: Final[dict[tuple[str, ...], _Engine | None]] = {}
_making = threading.Lock()


def _engine(languages: tuple[str, ...]) -> _Engine | None:
    """The engine of this process for these languages; None if there cannot be one."""
    if languages not in _made:
        with _making:
            if languages not in _made:
                _presidio_logger.addFilter(_is_serious)  # it warns of each recognizer of another language
                try:
                    _made[languages] = _make(languages)
                except Exception as reason:  # not installed, a language that spaCy lacks, a model of another release
                    _complain(f"{type(reason).__name__}: {reason}")
                    _made[languages] = None
                finally:
                    _presidio_logger.removeFilter(_is_serious)
    return _made[languages]


def _make(languages: tuple[str, ...]) -> _Engine:
    spacy, presidio = import_module("spacy"), import_module("presidio_analyzer")
    nlp = import_module("presidio_analyzer.nlp_engine")
    mapping = {**nlp.NerModelConfiguration().model_to_presidio_entity_mapping, "FAC": "LOCATION"}
    configuration = nlp.NerModelConfiguration(labels_to_ignore=_IGNORED, model_to_presidio_entity_mapping=mapping)
    models = {language: _model(spacy, language) for language in languages}
    pipelines = nlp.SpacyNlpEngine(
        models=[{"lang_code": language, "model_name": model or "blank"} for language, model in models.items()],
        ner_model_configuration=configuration,
    )
    # Set instead of loaded: `load` downloads what is not there.
    pipelines.nlp = {
        language: spacy.load(model) if model else _blank(spacy, language) for language, model in models.items()
    }
    registry = presidio.RecognizerRegistry(supported_languages=list(languages))
    registry.load_predefined_recognizers(languages=list(languages), nlp_engine=pipelines)
    analyzer = presidio.AnalyzerEngine(registry=registry, nlp_engine=pipelines, supported_languages=list(languages))
    entities = {language: sorted(set(analyzer.get_supported_entities(language)) - LEFT_OUT) for language in languages}
    return _Engine(analyzer, entities)


def _model(spacy: Any, language: str) -> str | None:
    """The best installed model of a language: `en_core_web_sm`."""
    found = [name for name in spacy.util.get_installed_models() if name.split("_")[0] == language]
    sizes = {name: name.rsplit("_", 1)[-1] for name in found}
    return min(found, key=lambda name: (*_SIZES, sizes[name]).index(sizes[name]), default=None)


def _blank(spacy: Any, language: str) -> Any:
    """A pipeline that only tells words apart: those beside a number decide what the number is."""

    def words(doc: Any) -> Any:
        for token in doc:
            token.lemma_ = token.lower_
        return doc

    spacy.language.Language.component("genscope_words", func=words)
    pipeline = spacy.blank(language)
    pipeline.add_pipe("genscope_words")
    return pipeline


def _complain(reason: str) -> None:
    logger.warning("genscope: Presidio cannot be asked, so no text that others made is exported: %s", reason)


def _in_child() -> None:
    """The lock may be held by a thread that there is not in this process."""
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
