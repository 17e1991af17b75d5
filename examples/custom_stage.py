"""A stage of one's own: an attribute of the application on every span, and a line for every call that ended."""

from contextvars import ContextVar

from openai import OpenAI

import genscope

team = ContextVar("team", default="nobody")


class Journal(genscope.Stage):
    """`start` comes before the request is sent, `end` when everything about the call is known, once, in any thread.

    Neither should wait for anything. What goes wrong in them is logged, and the call is not affected.
    """

    def start(self, op: genscope.Operation) -> None:
        op.span.set_attribute("app.team", team.get())

    def end(self, op: genscope.Operation) -> None:
        tokens = op.usage.output_tokens if op.usage is not None else None  # None: the provider did not say
        outcome = op.failure.kind if op.failure is not None else op.finish_reasons
        print(f"{op.name} {op.model}: {op.duration:.3f} s, {tokens} tokens out, {outcome}")


if __name__ == "__main__":
    genscope.instrument(stages=[Journal()])
    team.set("search")
    OpenAI().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}])
