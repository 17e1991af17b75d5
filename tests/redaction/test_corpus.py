"""How much of the corpus the default rules find, and how much that is none of it."""

from __future__ import annotations

from collections import Counter

import pytest

from genscope.features.redaction import RULES, make_redactor

from . import corpus
from .corpus import Sample, first


def beginning(sample: Sample) -> str:
    return ascii(sample.text[:40])


def labels(sample: Sample) -> set[tuple[str, int, int]]:
    return {(RULES[item.rule].label, item.start, item.end) for item in sample.items}


def found(sample: Sample) -> set[tuple[str, int, int]]:
    """What counts: the right label, from the first character to the last."""
    return {(RULES[each.rule].label, each.start, each.end) for each in make_redactor().find(sample.text)}


def scores(samples: list[Sample]) -> tuple[float, float]:
    planted = sum(len(sample.items) for sample in samples)
    hits = sum(len(found(sample) & labels(sample)) for sample in samples)
    findings = sum(len(found(sample)) for sample in samples)
    return hits / planted, hits / findings


def test_the_corpus_is_large_enough() -> None:
    per_rule = Counter(item.rule for sample in corpus.PLANTED for item in sample.items)
    default = {rule.name for rule in make_redactor()._rules}
    assert per_rule.total() >= 160
    assert len(corpus.NEGATIVES) >= 160
    assert not any(sample.items for sample in corpus.NEGATIVES)
    assert {rule for rule, count in per_rule.items() if count >= 5} >= default - {
        "aws_secret"
    }  # it has `api_key`'s label


def test_recall_and_precision() -> None:
    recall, precision = scores(corpus.SAMPLES)
    assert recall >= 0.98
    assert precision >= 0.97


def test_recall_and_precision_on_what_was_written_before_the_rules() -> None:
    recall, precision = scores([corpus.parse(text) for text in (*first.PLANTED, *first.NEGATIVES)])
    assert recall >= 0.98
    assert precision >= 0.97


@pytest.mark.parametrize(
    "sample", corpus.PLANTED, ids=lambda sample: sample.text[:40].encode("unicode_escape").decode()
)
def test_planted(sample: Sample) -> None:
    assert found(sample) == labels(sample)


@pytest.mark.parametrize(
    "sample", corpus.NEGATIVES, ids=lambda sample: sample.text[:40].encode("unicode_escape").decode()
)
def test_hard_negative(sample: Sample) -> None:
    assert make_redactor().redact(sample.text) is sample.text


@pytest.mark.parametrize("sample", corpus.SAMPLES, ids=beginning)
@pytest.mark.parametrize("preset", ["default", "strict"])
@pytest.mark.parametrize("style", ["label", "mask", "hash"])
def test_what_was_redacted_is_redacted(sample: Sample, preset: str, style: str) -> None:
    redactor = make_redactor(preset, style, key="k")
    once = redactor.redact(sample.text)
    assert redactor.redact(once) == once


def test_strict_finds_all_that_the_default_finds() -> None:
    strict = make_redactor("strict")
    for sample in corpus.PLANTED:
        findings = strict.find(sample.text)
        for item in sample.items:
            assert any(each.start <= item.start and item.end <= each.end for each in findings), sample.text[
                item.start :
            ]
