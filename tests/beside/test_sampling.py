"""The sampler `genscope_keep_llm` knows the LLM spans of the others, too: they say what they are when they start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import openai
import pytest
from contract.openai_sdk import OPENAI
from contract.recorder import Recorder, instrumented
from opentelemetry.trace import format_span_id

from genscope import KeepLLM
from genscope.local.simulator import Simulator

from .neighbours import NEIGHBOURS, Neighbour, theirs

CALLS: dict[str, Callable[[openai.OpenAI], object]] = {
    "chat": lambda at: at.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Which?"}]),
    "responses": lambda at: at.responses.create(model="gpt-4o", input="Which?"),
    "embeddings": lambda at: at.embeddings.create(model="text-embedding-3-small", input="Which?"),
}


@pytest.mark.parametrize("with_us", [False, True], ids=["alone", "with us"])
@pytest.mark.parametrize("api", CALLS)
@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_their_span_is_kept_and_names_its_parent(
    neighbour: Neighbour, api: str, with_us: bool, simulator: Simulator
) -> None:
    recorder = Recorder(sampler=KeepLLM(ratio=0))
    with ExitStack() as stack:
        if with_us:
            stack.enter_context(instrumented(OPENAI, recorder))
        stack.enter_context(theirs(neighbour, recorder))
        client = stack.enter_context(openai.OpenAI(api_key="k", base_url=simulator.base_url("ok")))
        with recorder.tracer.start_as_current_span("GET /") as root:
            CALLS[api](client)
    recorder.settle()
    (span,) = recorder.ended
    (known,) = neighbour.spans(recorder)
    assert span is known
    assert span.attributes is not None
    assert span.attributes["genscope.sampling"] == "late"
    assert span.attributes["genscope.link.kind"] == "unsampled_parent"
    assert span.attributes["genscope.link.span_id"] == format_span_id(root.get_span_context().span_id)
    assert span.links == ()
