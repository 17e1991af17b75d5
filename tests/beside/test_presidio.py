"""Microsoft Presidio behind the exporters: what it finds, what it is not asked, and that it asks nobody."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genscope.features.redaction import presidio
from genscope.features.redaction.telemetry_values import TelemetryRedactor
from genscope.settings import resolve

pytest.importorskip("presidio_analyzer", reason="presidio-analyzer is not installed")

SSN = "536-90-4399"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    asked: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **how: asked.append(address))
    yield
    assert asked == []


def redactor(analyzer: Any = None, **options: Any) -> TelemetryRedactor:
    return TelemetryRedactor(resolve({"raise_faults": True, **options}).settings, analyzer)


def own_engine() -> Any:
    """An engine that an application has made: its pipeline knows one person."""
    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Ada Lovelace"}, {"label": "GPE", "pattern": "London"}])  # type: ignore[attr-defined]
    nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "own"}])
    nlp.nlp = {"en": pipeline}
    return AnalyzerEngine(nlp_engine=nlp)


@pytest.fixture(scope="module")
def engine() -> Any:
    return own_engine()


def test_what_the_rules_do_not_know() -> None:
    """The words beside a number say what it is, also without a model."""
    found = redactor(presidio="en").attribute("input.value", json.dumps({"said": f"SSN {SSN}, mail jane@example.com"}))
    assert "4399" not in found
    assert "[EMAIL]" in found
    said = "Her driver license is D1234567; NHS number 943 476 5919"
    assert redactor(presidio=["en"], redaction="off").attribute("a", said) == (
        "Her driver license is [US_DRIVER_LICENSE]; NHS number [UK_NHS]"
    )


def test_what_is_of_no_person_stays() -> None:
    said = "2024-01-05 GET https://example.com/x id 0b0a7a1e-6f41-4c4f-8b1b-6d5b1a0a9f00 took 12345678, [EMAIL] [SSN]"
    assert redactor(presidio="en").attribute("a", said) == said


def test_names_and_what_is_telemetrys_own_are_not_looked_at(engine: Any) -> None:
    asked = redactor(engine)
    assert asked.name("call Ada Lovelace") == "call Ada Lovelace"
    assert asked.attribute("gen_ai.agent.name", "Ada Lovelace") == "Ada Lovelace"
    assert asked.attribute("n", 536904399) == 536904399


def test_an_engine_of_ones_own(engine: Any) -> None:
    said = "Ada Lovelace lives in London since 1835-01-05"
    assert redactor(engine).attribute("a", said) == "[PERSON] lives in [LOCATION] since [DATE_TIME]"
    assert redactor(engine, redaction_style="mask").attribute("a", said).startswith("******** lives in ")
    pseudonyms = [redactor(engine, redaction_style="hash", hash_key="k").attribute("a", said) for _ in range(2)]
    assert pseudonyms[0] == pseudonyms[1]
    assert pseudonyms[0].startswith("[PERSON:")
    assert redactor(engine, redaction_style="hash", hash_key="k").attribute("a", pseudonyms[0]) == pseudonyms[0]


def test_what_overlaps_is_covered_from_end_to_end() -> None:
    class Analyzer:
        supported_languages = ("en",)

        def analyze(self, **_: Any) -> Any:
            from presidio_analyzer import RecognizerResult

            found = [("B", 4, 9), ("A", 2, 5), ("C", 8, 12), ("D", 12, 13), ("E", 5, 6)]
            return [RecognizerResult(name, start, end, 0.5) for name, start, end in found]

    assert redactor(Analyzer()).attribute("a", "0 23456789 1234 6") == "0 [B][D]34 6"


def test_hostile_texts(engine: Any) -> None:
    asked = redactor(engine)
    assert asked.attribute("a", "\ud800 Ada Lovelace \U0001f600 London") == "? [PERSON] \U0001f600 [LOCATION]"
    assert asked.attribute("a", "\ud800 nobody") == "\ud800 nobody"
    assert asked.attribute("a", "") == ""
    long = asked.attribute("a", "Ada Lovelace " + "x " * 60_000 + "Ada Lovelace")
    assert long.startswith("[PERSON] x ")
    assert long.endswith("…[+20025 chars]")
    assert len(long) < 100_100


def test_a_fault_of_presidio(caplog: pytest.LogCaptureFixture) -> None:
    class Analyzer:
        supported_languages = ("en",)

        def analyze(self, **_: Any) -> Any:
            raise RuntimeError("Ada Lovelace")

    assert redactor(Analyzer(), raise_faults=False).attribute("a", "Ada Lovelace") == "[REDACTION FAILED]"
    assert "Ada" not in caplog.text


def test_one_engine_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    make = presidio._make
    monkeypatch.setattr(presidio, "_made", {})
    monkeypatch.setattr(presidio, "_make", lambda languages: made.append(languages) or make(languages))
    for _ in range(2):
        assert redactor(presidio="en", redaction="off").attribute("a", f"SSN {SSN}") == "SSN [US_SSN]"
    assert made == [("en",)]


def test_a_language_that_is_none(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(presidio, "_made", {})
    asked = redactor(presidio="en,klingon")
    for _ in range(2):
        assert asked.attribute("a", "some text") == "[REDACTION FAILED]"
    (message,) = caplog.messages
    assert message.startswith(
        "genscope: Presidio cannot be asked, so no text that others made is exported: ImportError"
    )
    assert "klingon" in message


def test_it_is_quiet(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(presidio, "_made", {})
    with caplog.at_level(logging.WARNING):
        redactor(presidio="en").attribute("a", "some text")
    assert caplog.messages == []


MODEL = """
import sys
sys.path.insert(0, sys.argv[1])
from genscope.features.redaction.telemetry_values import TelemetryRedactor
from genscope.settings import resolve
print(TelemetryRedactor(resolve({"presidio": "en"}).settings).attribute("a", "Ada Lovelace met Bob"))
"""


def test_an_installed_model_is_used(tmp_path: Path) -> None:
    """The larger of two; a package is one of spaCy's models if it says so in its entry points."""
    import spacy

    for size, name in (("sm", "Bob"), ("lg", "Ada Lovelace")):
        pipeline = spacy.blank("en")
        ruler = pipeline.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "PERSON", "pattern": name}])  # type: ignore[attr-defined]
        package = f"en_tiny_{size}"
        (tmp_path / package).mkdir()
        pipeline.to_disk(tmp_path / package / "model")
        source = f"import spacy\ndef load(**how): return spacy.load({str(tmp_path / package / 'model')!r}, **how)\n"
        (tmp_path / package / "__init__.py").write_text(source)
        info = tmp_path / f"{package}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[spacy_models]\n{package} = {package}\n")
    done = subprocess.run(
        [sys.executable, "-c", MODEL, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "[PERSON] met Bob\n", done.stderr


def test_nothing_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys\n"
        "from genscope.features.redaction.exporters import RedactingSpanExporter\n"
        "RedactingSpanExporter(None, presidio='en')\n"
        "print('spacy' in sys.modules, 'presidio_analyzer' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "False False\n", done.stderr
