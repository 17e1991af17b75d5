"""The files of the page: what holds of them without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import genscope.local.ui
from genscope import semconv
from genscope.local.ui import api

FOLDER = Path(genscope.local.ui.__file__).parent / "page"
SCRIPTS = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.js")}
STYLES = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.css")}
NAME = re.compile(r"[\"'`]((?:gen_ai|genscope|openai|exception)\.[a-z_.]+)[\"'`]")


def test_attributes_are_spelled_in_one_place_as_semconv_has_them() -> None:
    spelled = {name for name, text in SCRIPTS.items() if NAME.search(text.replace('"genscope.theme"', ""))}
    assert spelled == {"names.js"}
    known = {value for value in vars(semconv).values() if isinstance(value, str)}
    known |= {*semconv.REQUEST.values(), *semconv.RESPONSE.values()}
    for name in NAME.findall(SCRIPTS["names.js"]):
        assert name in known or (name.endswith(".") and any(one.startswith(name) for one in known)), name


def test_filters_are_those_of_the_api() -> None:
    said = re.search(r"FILTERS = \[(.*?)\]", SCRIPTS["address.js"], re.DOTALL)
    assert said is not None
    assert set(re.findall(r'"(\w+)"', said[1])) == set(api.QUESTIONS["/api/traces"][1]) - {"limit", "after"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_is_imported_is_there(name: str) -> None:
    for imported in re.findall(r'from "(.*?)";', SCRIPTS[name]):
        assert ((FOLDER / name).parent / imported).is_file(), imported


def test_every_file_is_used() -> None:
    index = (FOLDER / "index.html").read_text(encoding="utf-8")
    imported = {
        (FOLDER / name).parent.joinpath(one).resolve()
        for name, text in SCRIPTS.items()
        for one in re.findall(r'from "(.*?)";', text)
    }
    linked = {(FOLDER / one).resolve() for one in re.findall(r'(?:src|href)="([^#"]+)"', index)}
    there = {path.resolve() for path in FOLDER.rglob("*") if path.is_file() and path.name != "index.html"}
    assert imported | linked == there


@pytest.mark.parametrize("name", [*SCRIPTS, *STYLES])
def test_files_are_short_and_say_what_they_are_for(name: str) -> None:
    text = SCRIPTS.get(name) or STYLES[name]
    assert len(text.splitlines()) <= 300
    assert text.startswith(("// ", "/* "))


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_becomes_markup(name: str) -> None:
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "DOMParser",
        "setHTML",
        "srcdoc",
    ):
        assert way not in SCRIPTS[name], way


def test_scripts_use_every_name_that_they_import() -> None:
    for name, text in SCRIPTS.items():
        for names in re.findall(r"^import \{(.*?)\} from", text, re.MULTILINE | re.DOTALL):
            for one in filter(None, map(str.strip, names.split(","))):
                used = one.split(" as ")[-1]
                assert len(re.findall(rf"\b{used}\b", text)) > 1, (name, used)


def test_styles_are_for_classes_that_there_are() -> None:
    there = " ".join([*SCRIPTS.values(), (FOLDER / "index.html").read_text(encoding="utf-8")])
    for name, text in STYLES.items():
        bare = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", text, flags=re.DOTALL)
        for used in set(re.findall(r"\.([a-z][\w-]*)", bare)):
            assert re.search(rf"\b{used.removeprefix('view-')}\b", there) or used.startswith("tone-"), (name, used)
