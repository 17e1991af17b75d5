"""The line in the log at `instrument()`."""

from __future__ import annotations

import logging
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

from genscope import __version__
from genscope.announce import announce, look_up, together
from genscope.instrumentors import chosen
from genscope.settings import Settings

OPENAI = version("openai")


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "genscope"]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "genscope")


@pytest.mark.parametrize(
    "capture, content",
    [
        ("NO_CONTENT", "off"),
        ("SPAN_ONLY", "on spans"),
        ("EVENT_ONLY", "on events"),
        ("SPAN_AND_EVENT", "on spans and events"),
    ],
)
def test_one_line_names_versions_and_content(caplog: pytest.LogCaptureFixture, capture: str, content: str) -> None:
    announce("openai", "openai >= 1.26.0", Settings(capture_message_content=capture))
    assert said(caplog) == [("INFO", f"genscope {__version__} traces openai {OPENAI}; content: {content}")]


def test_several_sdks_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with together():
        announce("openai", "openai >= 1.26.0", Settings())
        announce("wrapt", "wrapt >= 1", Settings())
        assert said(caplog) == []
    assert said(caplog) == [
        ("INFO", f"genscope {__version__} traces openai {OPENAI}, wrapt {version('wrapt')}; content: off")
    ]


def test_sdks_that_are_treated_differently_are_not_mixed(caplog: pytest.LogCaptureFixture) -> None:
    with together():
        announce("openai", "openai", Settings())
        announce("wrapt", "wrapt", Settings(capture_message_content="SPAN_ONLY"))
    assert [line.rpartition("; ")[2] for _, line in said(caplog)] == ["content: off", "content: on spans"]


def test_what_is_announced_before_a_fault_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TypeError), together():
        announce("openai", "openai", Settings())
        raise TypeError
    assert len(said(caplog)) == 1
    announce("openai", "openai", Settings())
    assert len(said(caplog)) == 2


def test_an_sdk_that_is_not_there_is_a_matter_of_debugging(caplog: pytest.LogCaptureFixture) -> None:
    announce("no_such_sdk", "no-such-sdk >= 1", Settings())
    assert said(caplog) == [("DEBUG", "genscope: no_such_sdk is not installed")]


def test_a_version_that_is_not_supported_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    announce("openai", "openai >= 1000", Settings())
    assert said(caplog) == [
        ("WARNING", f"genscope: openai {OPENAI} is not supported, calls may go untraced: it needs openai >= 1000"),
        ("INFO", f"genscope {__version__} traces openai {OPENAI}; content: off"),
    ]


def test_versions_come_from_the_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name need not be the package's; a release candidate counts; a frozen program has no metadata."""
    (tmp_path / "acme_sdk-2.0rc1.dist-info").mkdir()
    (tmp_path / "acme_sdk-2.0rc1.dist-info" / "METADATA").write_text("Name: acme-sdk\nVersion: 2.0rc1\n")
    (tmp_path / "frozen").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert (look_up("acme", "acme-sdk >= 1").version, look_up("acme", "acme-sdk >= 1").supported) == ("2.0rc1", True)
    assert not look_up("acme", "acme-sdk >= 2").supported
    assert look_up("frozen", "frozen >= 1").version == "unknown"
    assert look_up("no.such.parent", "no-such").version is None


def test_instrument_says_one_line_of_all_sdks_that_are_there() -> None:
    script = "import logging\nlogging.basicConfig(level='INFO')\nimport genscope\ngenscope.instrument()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    there = [look_up(one.target.package, one.requires) for one in chosen(None)]
    names = ", ".join(f"{sdk.package} {sdk.version}" for sdk in there if sdk.version is not None)
    assert done.stderr == f"INFO:genscope:genscope {__version__} traces {names}; content: off\n"


def test_no_sdk_is_imported_for_it() -> None:
    script = (
        "import sys\nfrom genscope.announce import announce\nfrom genscope.settings import Settings\n"
        "announce('openai', 'openai >= 1.26.0', Settings())\nprint('openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_opentelemetry_instrument_makes_one_line_too(caplog: pytest.LogCaptureFixture) -> None:
    """It loads the instrumentations one by one, between the entry points of these two groups."""
    for group in ("opentelemetry_pre_instrument", "opentelemetry_post_instrument"):
        (ours,) = [entry for entry in entry_points(group=group) if entry.value.startswith("genscope.")]
        ours.load()()
        announce("openai", "openai", Settings())
        announce("wrapt", "wrapt", Settings())
        assert len(said(caplog)) == {"opentelemetry_pre_instrument": 0, "opentelemetry_post_instrument": 3}[group]
    assert said(caplog)[0][1].endswith(f"traces openai {OPENAI}, wrapt {version('wrapt')}; content: off")
