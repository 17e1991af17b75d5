"""What the bytes of each wire format mean: pure functions, no OpenTelemetry, no SDK.

A reader is a module (`core.reader.Reader`) with

* `OPERATION`: the operation name of the conventions;
* `read_request(op, body)`: what the JSON of a request says;
* `read_response(op, answer)`: what a whole answer says;
* `Answer`: the answer as it is put together from the chunks of a stream. It has the shape of a whole answer,
  so that `read_response` reads both: folding a stream gives the same record by construction.

Where something is said in a format, its reader names a second module as `CONTENT` (`core.reader.ContentReader`), used
only when somebody wants to know what was said:

* `read_input(content, body)` and `read_output(content, answer)`: the same for `core.messages.Content`;
* `Transcript`: an `Answer` that keeps what is said, too.

Where tools can be called in it, a third one as `TOOLS` (`core.reader.ToolReader`), used for requests that offer some:

* `read_results(body)`: the ids of the calls that the request answers; `read_calls(op, answer)`: what it asks for next;
* `Answer`: one that notices the calls of tools.

Answers and chunks are read by attribute: they are the SDK's objects, or JSON through `fields.objects`.
"""
