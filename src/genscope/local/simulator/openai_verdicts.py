"""The wire formats in which OpenAI judges what it is shown: moderations and decisions."""

from __future__ import annotations

from typing import Any

from .answers import Ask, compose
from .exchange import Exchange, Json, as_list, as_object
from .models import dated
from .openai_responses import usage_object

__all__ = ["decision", "moderation"]

_CATEGORIES = ("harassment", "hate", "illicit", "self-harm", "sexual", "violence")


def moderation(x: Exchange) -> Json:
    """The body of a moderation: a result for each input. What the model would refuse is flagged."""
    given = as_list(x.body.get("input"))
    count = len(given) if given and isinstance(given[0], str) else 1
    flagged = x.scenario.says == "refusal" or x.scenario.finish == "content_filter"
    result = {
        "flagged": flagged,
        "categories": {name: flagged and name == "violence" for name in _CATEGORIES},
        "category_scores": {name: 0.97 if flagged and name == "violence" else 0.01 for name in _CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
    results = [] if x.scenario.says == "nothing" else [result] * count
    model = dated(x) if "model" in x.body else "omni-moderation-latest"
    return {"id": f"modr-{x.number:04d}", "model": model, "results": results}


def decision(x: Exchange) -> Json:
    """The body of a decision: an answer to each question, of the form that the question has."""
    questions = [as_object(question) for question in as_list(x.body.get("questions"))]
    answers = [] if x.scenario.says == "nothing" else [_answer(x, question) for question in questions]
    return {"model": dated(x), "answers": answers, "usage": usage_object(x, compose(x, Ask()).usage)}


def _answer(x: Exchange, question: Json) -> Json:
    named = {"name": question.get("name")}
    if x.scenario.says == "refusal":
        return {"type": "refusal", **named}
    match question.get("type"):
        case "choice":
            choices: list[Any] = as_list(question.get("choices")) or ["yes"]
            value = as_object(choices[0]).get("value", choices[0])
            sure = [{"value": value, "probability": 1.0}]
            return {"type": "choice", **named, "choice": value, "confidence": 1.0, "probabilities": sure}
        case "score":
            sure = [{"value": 1, "label": "1", "probability": 1.0}]
            return {"type": "score", **named, "score": 1.0, "confidence": 1.0, "probabilities": sure}
        case _:
            return {"type": "predicate", **named, "probability": 0.9}
