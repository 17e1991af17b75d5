"""Which language a text is in, told by its script and its commonest words: rather none than a guess."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple
from unicodedata import normalize

from genscope.features.judge.checks.common_words import WORDS

_LOOKED_AT: Final = 20_000
"""Characters at the beginning of a text, which say enough."""

_SCRIPTS: Final = {
    "latin": r"A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff",
    "greek": r"\u0370-\u03ff\u1f00-\u1fff",
    "cyrillic": r"\u0400-\u052f",
    "armenian": r"\u0531-\u0587",
    "hebrew": r"\u05d0-\u05ea",
    "arabic": r"\u0620-\u064a\u066e-\u06d3",
    "devanagari": r"\u0900-\u097f",
    "bengali": r"\u0980-\u09fe",
    "gurmukhi": r"\u0a01-\u0a76",
    "gujarati": r"\u0a81-\u0aff",
    "tamil": r"\u0b82-\u0bfa",
    "telugu": r"\u0c00-\u0c7f",
    "kannada": r"\u0c80-\u0cf3",
    "malayalam": r"\u0d00-\u0d7f",
    "thai": r"\u0e01-\u0e4e",
    "georgian": r"\u10a0-\u10ff",
    "kana": r"\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9d",
    "han": r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fa1f",
    "hangul": r"\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
}
_LETTERS: Final = {script: re.compile(f"[{letters}]") for script, letters in _SCRIPTS.items()}
_SYLLABIC: Final = frozenset({"kana", "han", "hangul"})
"""A letter of these says as much as two or three of another."""

_ONLY: Final = {
    "greek": "el",
    "armenian": "hy",
    "hebrew": "he",
    "gurmukhi": "pa",
    "gujarati": "gu",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "thai": "th",
    "georgian": "ka",
    "hangul": "ko",
}
"""Scripts in which, nearly always, one language is written."""

SCRIPT_OF: Final = {
    "zh": "han",
    "ja": "han",
    **{language: script for script, language in _ONLY.items()},
    **{language: script for script, words in WORDS.items() for language in words},
}
"""The script of each language that can be told, by ISO 639-1; Norwegian is `nb`."""

_PROSE: Final = re.compile(r"`[^`\n]{1,200}`|https?://[^\s<>]+|<[^<>]{1,200}>|[\w.+-]{1,64}@[\w.-]{1,64}")
"""What is in no language: code, addresses, tags."""
_TOKEN: Final = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u064b-\u0652\u0900-\u0903\u093a-\u094f\u200c])+")

_FEWEST: Final = {"han": 4, "kana": 4, "hangul": 4}
_FEWEST_ELSEWHERE: Final = 6
_MOST_OF: Final = 0.6
"""What part of the letters must be of one script."""
_KANA: Final = 0.1
"""What part of Japanese is kana, at least."""
_EVIDENCE: Final = 1.5
"""Words that must speak for a language. One that several languages have counts for less."""
_LEAD: Final = 2.0
"""How many times as much as for any other."""
_DENSITY: Final = 0.1
"""What part of all words these must be."""


class Tongue(NamedTuple):
    script: str | None
    """`latin`, `cyrillic` ..., `han` for kana too; None of a text that is too short, or of many scripts."""
    language: str | None
    """By ISO 639-1, one of `SCRIPT_OF`; None if that cannot be told."""


def tongue_of(text: str) -> Tongue:
    """Of what a text says at its beginning. Code and addresses in it do not count."""
    said = _PROSE.sub(" ", " ".join(text[:_LOOKED_AT].split("```")[::2]))
    counts = {script: len(letters.findall(said)) for script, letters in _LETTERS.items()}
    han, kana = counts["han"] + counts["kana"], counts.pop("kana")
    counts["han"] = han
    weights = {script: count * (2 if script in _SYLLABIC else 1) for script, count in counts.items()}
    script = max(weights, key=lambda script: weights[script])
    if weights[script] < _MOST_OF * sum(weights.values()) or counts[script] < _FEWEST.get(script, _FEWEST_ELSEWHERE):
        return Tongue(None, None)
    if script == "han":
        return Tongue(script, "ja" if kana >= _KANA * han else "zh" if kana == 0 else None)
    return Tongue(script, _ONLY.get(script) or _by_words(script, said))


def _by_words(script: str, text: str) -> str | None:
    speaking = _weights(script)
    words = _TOKEN.findall(normalize("NFC", text.lower()))
    found: dict[str, float] = {}
    for word in words:
        for language, weight in speaking.get(word, ()):
            found[language] = found.get(language, 0.0) + weight
    (first, most), (_, next_most) = (sorted(found.items(), key=_second, reverse=True) + [("", 0.0)] * 2)[:2]
    enough = most >= _EVIDENCE and most >= _LEAD * next_most and most >= _DENSITY * len(words)
    return first if enough else None


_second: Final = itemgetter(1)


@lru_cache(None)
def _weights(script: str) -> dict[str, list[tuple[str, float]]]:
    """For which languages a word speaks, and how much."""
    spoken: dict[str, list[str]] = {}
    for language, words in WORDS.get(script, {}).items():
        for word in set(words.split()):
            spoken.setdefault(word, []).append(language)
    return {word: [(language, 1 / len(languages)) for language in languages] for word, languages in spoken.items()}
