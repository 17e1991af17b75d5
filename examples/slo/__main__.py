"""Objectives at work: python -m examples.slo

A shop makes calls to a provider that is simulated on this machine; then the provider begins to refuse them. Whoever is
on call is told by a webhook, and knows by the signature who it was that told him. No key, no network.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from hmac import compare_digest, digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import openai

import genscope
import genscope.slo
from genscope.local.simulator import Simulator

SECRET = "a secret of the two"
PROMISES = Path(__file__).with_name("slo.yaml")


class OnCall(BaseHTTPRequestHandler):
    """What receives the webhook."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        signature = b64decode(self.headers["webhook-signature"].removeprefix("v1,"))
        genuine = compare_digest(signature, digest(SECRET.encode(), signed, "sha256"))
        self.send_response(204 if genuine else 401)
        self.end_headers()
        if genuine:
            say(f"on call: {json.loads(body)['summary']}")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing for each request."""


def say(line: str) -> None:
    """Whole: whoever is on call is told by another thread than ours."""
    sys.stdout.write(f"{line}\n")


def ask(client: openai.OpenAI, questions: int) -> None:
    for _ in range(questions):
        try:
            client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}])
        except openai.RateLimitError:
            pass


def health() -> str:
    """What an endpoint such as /healthz could answer."""
    return ", ".join(f"{one.name}: {one.state}" for one in genscope.slo.status() if one.state != "unknown")


def main() -> None:
    on_call = ThreadingHTTPServer(("127.0.0.1", 0), OnCall)
    Thread(target=on_call.serve_forever, daemon=True).start()
    genscope.instrument(
        only=["openai"],
        slo_file=str(PROMISES),
        slo_webhook=f"http://127.0.0.1:{on_call.server_port}/alerts",
        slo_webhook_secret=SECRET,
    )
    with Simulator() as provider:
        with openai.OpenAI(api_key="any", base_url=provider.base_url("ok")) as client:
            ask(client, 60)
        say(f"health: {health()}")
        with openai.OpenAI(api_key="any", base_url=provider.base_url("rate_limit"), max_retries=0) as client:
            ask(client, 15)
        say(f"health: {health()}")
        genscope.flush()
    genscope.uninstrument()
    on_call.shutdown()


if __name__ == "__main__":
    main()
