"""A model that is changed behind its name: its answers contradict the documents, and genscope says so.

    python examples/quality/drift.py

The model is simulated on this machine, and so is the change: it always gives the same answer, and one day the documents
say something else. It is judged in the background, by a function of our own. With a real model say
`judges=["faithfulness"]`, `judge_model="openai/gpt-4o-mini"` and a `judge_sample_ratio` of 0.05.
"""

import logging
import re

from openai import OpenAI
from opentelemetry.sdk.trace import TracerProvider

import genscope
from genscope.local.simulator import Simulator

QUESTION = "What is the capital of France?"
BEFORE = "Paris is the capital of France, and its largest city."
AFTER = "Since the reform of 2031, Lyon is where the government sits."

scores: list[float] = []


def grounded(case: genscope.Case) -> float:
    """Which part of the words of the answer is in the documents."""
    documents = set(re.findall(r"\w+", " ".join(case.documents).lower()))
    words = re.findall(r"\w+", (case.answer or "").lower())
    scores.append(sum(word in documents for word in words) / max(len(words), 1))
    return scores[-1]


@genscope.workflow
def answer(client: OpenAI, document: str) -> str:
    with genscope.retrieval("encyclopedia") as search:
        search.set_output([{"text": document}])
    messages = [{"role": "user", "content": f"{QUESTION}\n\n{document}"}]
    return client.chat.completions.create(model="gpt-4o-mini", messages=messages).choices[0].message.content


def main() -> None:
    logging.basicConfig(format="%(levelname)s %(message)s")  # where genscope says that scores have fallen
    genscope.instrument(
        only=["openai"],
        tracer_provider=TracerProvider(),  # spans go nowhere here; verdicts are events, and metrics, too
        judge_sample_ratio=1,
        judges=[grounded, "refusal"],
    )
    with Simulator() as simulator, OpenAI(base_url=simulator.base_url(), api_key="none") as client:
        for when, document, number in (("before", BEFORE, 60), ("after", AFTER, 20)):
            scores.clear()
            for _ in range(number):
                answer(client, document)
            genscope.flush()  # judging goes on in the background: have it done
            print(f"{when}: {len(scores)} answers, grounded {sum(scores) / len(scores):.2f}")


if __name__ == "__main__":
    main()
