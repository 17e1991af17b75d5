"""A small service as there are many: real SDKs, an agent with tools, judges, a budget, metrics for Prometheus.

    python shop.py SIMULATOR PORT

Each line of its input is the scenario in which it goes on: `ok`, `server_error` ... It ends with its input.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress

import anthropic
import openai
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import start_http_server

import genscope

PROMPT = [{"role": "user", "content": "What is the capital of France?"}]


class Shop:
    def __init__(self, simulator: str) -> None:
        self.simulator = simulator
        self.scenario = "ok"
        self.ended = threading.Event()
        self.round = 0
        self.judging = threading.Event()
        self.judging.set()

    def openai(self, scenario: str, **options: int) -> openai.OpenAI:
        return openai.OpenAI(api_key="k", base_url=f"{self.simulator}/s/{scenario}/v1", max_retries=2, **options)

    def chat(self, scenario: str, model: str = "gpt-4o-mini", **asked: object) -> None:
        with suppress(openai.OpenAIError, genscope.BudgetExceeded), self.openai(scenario) as client:
            answer = client.chat.completions.create(model=model, messages=PROMPT, **asked)
            if asked.get("stream"):
                list(answer)

    def work(self) -> None:
        while not self.ended.is_set():
            self.round += 1
            self.one_round()

    def one_round(self) -> None:
        self.chat(self.scenario)
        with genscope.workflow("answer"), genscope.agent("clerk"):
            with genscope.retrieval("guides") as found:
                found.set_output([{"text": "Paris is the capital of France."}])
            with suppress(ValueError), genscope.tool("look up"):
                if self.round % 4 == 0:
                    raise ValueError("nothing there")
            self.chat(self.scenario, stream=True, stream_options={"include_usage": True})
        self.chat("retry,after=1")
        if self.round == 2:
            self.more_than_judges_can_take()
        if self.round % 4 == 1:
            for scenario in ("rate_limit,after=1", "refusal", "length", "unauthorized"):
                self.chat(scenario)
            self.chat("ok", model="a-model-that-nobody-knows")
            with genscope.context(tags={"limited": "yes"}):
                self.chat("ok")
            with self.openai("ok") as client:
                client.embeddings.create(model="text-embedding-3-small", input="one")
            with anthropic.Anthropic(api_key="k", base_url=f"{self.simulator}/s/ok") as claude:
                claude.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=PROMPT)

    def more_than_judges_can_take(self) -> None:
        self.judging.clear()
        for _ in range(2 * QUEUE + 4):
            self.chat("ok")
        self.judging.set()


QUEUE = 4
shop = Shop(sys.argv[1])


def faithfulness(case: genscope.Case) -> bool:
    """For some rounds answers are true; then the model is changed."""
    return shop.round < 25 or shop.round % 2 == 0


def broken(case: genscope.Case) -> bool:
    shop.judging.wait(10)
    raise LookupError("a judge that fails")


def main() -> None:
    provider = MeterProvider([PrometheusMetricReader()])
    genscope.instrument(
        meter_provider=provider,
        tracer_provider=TracerProvider(),
        providers={"127.0.0.1": "openai"},
        budget="50 usd/day; 1 requests/day for tag:limited=yes deny",
        judge_sample_ratio=1,
        judge_queue_size=QUEUE,
        judges=[faithfulness, broken],
    )
    start_http_server(int(sys.argv[2]), "127.0.0.1")
    worker = threading.Thread(target=shop.work)
    worker.start()
    for line in sys.stdin:
        shop.scenario = line.strip()
    shop.ended.set()
    worker.join()


if __name__ == "__main__":
    main()
