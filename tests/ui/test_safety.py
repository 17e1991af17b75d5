"""Who may ask, how much, and what an answer lets a browser do."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from genscope import semconv
from genscope.local.ui import bodies, pages
from genscope.local.ui.guard import Access, Pace
from genscope.local.ui.refusals import Refusal

from .messages import as_json, call, protobuf, trace_id
from .served import JSON, PROTOBUF, Served, eventually

TOKEN = "a-token-of-our-own"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}\u2028</title>\0javascript:"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """On all addresses, with a token."""
    store = tmp_path_factory.mktemp("guarded") / "store.db"
    with Served(store, "--host", "0.0.0.0", "--token", TOKEN, "--allow-host", "Observe.example.com") as served:
        yield served


def sent(served: Served, raw: bytes) -> bytes:
    """What comes back for bytes on the wire, until the server closes."""
    host, port = served.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


# --- by which name


@pytest.mark.parametrize("path", ["/", "/page.js", "/api/traces", "/api/live", "/v1/traces"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4318", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_dns_rebinding_is_refused(shared: Served, path: str, host: str) -> None:
    method = "POST" if path.startswith("/v1") else "GET"
    answer = shared.request(method, path, Host=host)
    assert answer.status == 403
    assert b"--allow-host" in answer.body


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:4318", "10.1.2.3", "host.docker.internal"]
)
def test_names_that_are_ours(shared: Served, host: str) -> None:
    assert shared.request("GET", "/api/traces", Host=host).status == 200


@pytest.mark.parametrize("host", ["", "a b", "[", "[::1", "127.0.0.1@evil.example", "0x7f.1", "２.0.0.1", ":80"])
def test_names_that_are_none(host: str) -> None:
    assert not Access().knows(host)


def test_a_request_without_a_host(shared: Served) -> None:
    assert sent(shared, b"GET /api/traces HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403")


# --- from which page


FOREIGN: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": ""},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", ["/api/traces", "/api/live", "/v1/traces", "/v1/logs", "/v1/metrics"])
def test_other_pages_may_not_ask(shared: Served, path: str, headers: dict[str, str]) -> None:
    method = "POST" if path.startswith("/v1") else "GET"
    answer = shared.request(method, path, "{}", Content_Type=JSON, **headers)
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_preflight_is_refused(shared: Served) -> None:
    answer = shared.request("OPTIONS", "/v1/traces", Origin="http://evil.example", Access_Control_Request_Method="POST")
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_our_own_page_may_ask_and_send(shared: Served) -> None:
    own = {"Origin": f"http://{shared.address}", "Sec_Fetch_Site": "same-origin"}
    assert shared.request("GET", "/api/traces", **own).status == 200
    assert shared.post("traces", protobuf(call(1)), **own).status == 200


def test_anybody_may_link_to_the_page(shared: Served) -> None:
    assert shared.request("GET", "/", Sec_Fetch_Site="cross-site").status == 200
    assert shared.request("POST", "/", Sec_Fetch_Site="cross-site").status == 403


# --- what an answer says of itself


@pytest.mark.parametrize(
    "method, path", [("GET", "/"), ("GET", "/api/traces"), ("GET", "/api/x"), ("GET", "/x"), ("POST", "/v1/traces")]
)
def test_every_answer_is_marked(shared: Served, method: str, path: str) -> None:
    headers = shared.request(method, path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["server"] == "genscope"
    assert ("no-store" in headers["cache-control"]) == (path != "/")


def test_hostile_texts_are_data(shared: Served) -> None:
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": HOSTILE}]}])
    attributes = {
        semconv.INPUT_MESSAGES: said,
        semconv.REQUEST_MODEL: HOSTILE,
        semconv.USER_ID: HOSTILE,
        semconv.CONVERSATION_ID: HOSTILE,
    }
    body = as_json(call(2, attributes, name=HOSTILE), service=HOSTILE)
    assert shared.post("traces", body, content_type=JSON).status == 200
    of_it = {"model": HOSTILE.replace("\0", "")}
    assert shared.request("GET", "/api/traces?" + "model=%00").status == 400
    for path in (f"/api/traces/{trace_id(2)}", "/api/traces", "/api/totals?by=model", "/api/values?of=user"):
        answer = shared.request("GET", path)
        assert answer.headers["content-type"] == JSON
        assert HOSTILE in json.dumps(answer.json, ensure_ascii=False).replace("\\u0000", "\0").replace('\\"', '"')
    (found,) = shared.get(f"/api/traces/{trace_id(2)}")["spans"]
    assert found["content"][semconv.INPUT_MESSAGES][0]["parts"][0]["content"] == HOSTILE
    assert shared.get("/api/traces", **of_it)["items"] == []
    assert shared.get("/api/traces", text=HOSTILE.split("\0")[0])["items"][0]["name"] == HOSTILE


@pytest.mark.parametrize(
    "path", ["/<script>alert(1)</script>", "/api/<script>", "/%3Cscript%3E", "/api/traces?x=<script>"]
)
def test_what_was_asked_is_never_said_as_html(shared: Served, path: str) -> None:
    answer = shared.request("GET", path)
    assert answer.status in (400, 404)
    assert answer.headers["content-type"] in ("text/plain; charset=utf-8", JSON)


# --- files


@pytest.mark.parametrize(
    "path",
    [
        "/../pages.py",
        "/%2e%2e/pages.py",
        "/..%2fpages.py",
        "//etc/passwd",
        "/page/../../guard.py",
        "/./index.html/..",
        "/%00",
    ],
)
def test_only_the_page_s_own_files_are_there(shared: Served, path: str) -> None:
    assert shared.request("GET", path).status == 404


def test_the_page_comes_with_an_etag(shared: Served) -> None:
    assert pages.found().keys() >= {"/", "/page.js", "/styles/base.css"}
    for path, page in pages.found().items():
        first = shared.request("GET", path)
        assert (first.status, first.body, first.headers["content-type"]) == (200, page.body, page.type)
        again = shared.request("GET", path, If_None_Match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert shared.request("GET", path, If_None_Match='"other"').status == 200
        assert shared.request("HEAD", path).body == b""


def test_nothing_of_the_page_comes_from_elsewhere_or_stands_in_its_markup() -> None:
    for path, page in pages.found().items():
        text = page.body.decode()
        assert "://" not in text.replace("http://www.w3.org/", ""), path
        if path == "/":
            assert " style=" not in text
            assert " onclick=" not in text
            assert "<script>" not in text
        if path.endswith(".js"):
            for markup in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
                assert markup not in text, path


# --- with a token

WITHOUT: list[dict[str, str]] = [
    {},
    {"Authorization": "Bearer wrong"},
    {"Authorization": TOKEN},
    {"Authorization": f"Basic {TOKEN}"},
    {"Cookie": TOKEN},
    {"Cookie": f"genscope={TOKEN}"},
]


@pytest.mark.parametrize("path", ["/", "/page.js", "/api/traces", "/api/live", "/v1/traces"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": TOKEN},
    ],
    ids=str,
)
def test_nothing_without_the_token(guarded: Served, path: str, headers: dict[str, str]) -> None:
    answer = guarded.request("POST" if path.startswith("/v1") else "GET", path, **headers)
    assert answer.status == 401
    assert b"token" in answer.body
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("query", ["token=", "token=wrong", f"token={TOKEN}x", "token=%FF%00", f"TOKEN={TOKEN}"])
def test_a_wrong_link_opens_nothing(guarded: Served, query: str) -> None:
    assert guarded.request("GET", f"/?{query}").status == 401


def test_the_token_in_the_link_is_for_the_page_only(guarded: Served) -> None:
    assert guarded.request("GET", f"/api/traces?token={TOKEN}").status == 401
    assert guarded.request("POST", f"/v1/traces?token={TOKEN}").status == 401


def test_the_link_leaves_a_cookie_and_no_token_in_the_address(guarded: Served) -> None:
    assert guarded.page.endswith(f"/?token={TOKEN}")
    answer = guarded.request("GET", f"/?token={TOKEN}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie, *about = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} == {*about}
    assert cookie == f"genscope_{guarded.address.split(':')[1]}={TOKEN}"  # cookies are those of all ports
    assert guarded.request("GET", "/", Cookie=cookie).status == 200
    assert guarded.request("GET", "/api/traces", Cookie=cookie).status == 200
    foreign = guarded.request("GET", "/api/traces", Cookie=cookie, Origin="http://evil.example")
    assert foreign.status == 403


def test_senders_bring_it_as_a_header(guarded: Served) -> None:
    assert guarded.post("traces", protobuf(call(1)), authorization=f"Bearer {TOKEN}").status == 200
    assert guarded.grpc is not None
    with grpc.insecure_channel(guarded.grpc.removeprefix("http://")) as channel:
        export: Any = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            export(protobuf(call(2)), timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        export(protobuf(call(3)), metadata=(("authorization", f"Bearer {TOKEN}"),), timeout=20)
    found = guarded.request("GET", "/api/traces", Authorization=f"bearer {TOKEN}").json["items"]
    assert {one["trace_id"] for one in found} == {trace_id(1), trace_id(3)}


def test_names_that_were_made_known(guarded: Served) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.request("GET", "/api/traces", Host="observe.EXAMPLE.com:4318", **known).status == 200
    assert guarded.request("GET", "/api/traces", Host="example.com", **known).status == 403


def test_elsewhere_a_token_is_made(tmp_path: Path) -> None:
    with Served(tmp_path / "store.db", "--host", "0.0.0.0", "--no-grpc") as served:
        _, _, token = served.page.partition("?token=")
        assert len(token) >= 32
        assert served.request("GET", "/api/traces").status == 401
        assert served.request("GET", "/api/traces", Authorization=f"Bearer {token}").status == 200


def test_on_this_machine_nobody_else_listens(shared: Served) -> None:
    """Another address of the same machine is not answered."""
    port = int(shared.address.split(":")[1])
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", port), timeout=5).close()


# --- how much


def test_what_is_too_large_is_refused(shared: Served) -> None:
    answer = shared.post("traces", b"\0" * (bodies.LARGEST + 1))
    assert answer.status == 413
    assert str(bodies.LARGEST).encode() in answer.body


def test_what_says_no_length_is_counted(shared: Served) -> None:
    connection = http.client.HTTPConnection(shared.address, timeout=20)
    piece = b"\0" * 2**20
    pieces = (piece for _ in range(bodies.LARGEST // 2**20 + 1))
    connection.request("POST", "/v1/traces", pieces, {"content-type": PROTOBUF}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_is_not_unpacked(shared: Served, pack: Any) -> None:
    bomb = pack(b"\0" * (bodies.LARGEST_UNPACKED + 1))
    answer = shared.post("traces", bomb, content_encoding="gzip" if pack is gzip.compress else "deflate")
    assert len(bomb) < bodies.LARGEST_UNPACKED // 500
    assert answer.status == 413


def test_a_bomb_of_many_members_is_not_unpacked() -> None:
    member = gzip.compress(b"\0" * (bodies.LARGEST_UNPACKED // 4))
    with pytest.raises(Refusal, match="larger than"):
        bodies.unpacked(member * 5, "gzip")


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_what_is_small_to_send_and_large_to_hold_is_refused(shared: Served, kind: str) -> None:
    """Empty spans: two or three bytes each, and a hundred times as many in memory."""
    many = 4 * 2**20
    if kind == PROTOBUF:
        body = b"\x12\0" * many
        for field in (b"\x12", b"\x0a"):
            body = field + encoded(len(body)) + body
    else:
        body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * many + b"{}]}]}]}"
    answer = shared.post("traces", body, content_type=kind)
    assert answer.status == 413
    assert b"too many parts" in answer.body


def encoded(number: int) -> bytes:
    """As protobuf has it."""
    return bytes([number & 127 | 128]) + encoded(number >> 7) if number > 127 else bytes([number])


def test_much_that_was_said_is_no_bomb(shared: Served) -> None:
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": '{"a": [1]}' * 900_000}]}])
    for number, (body, kind) in enumerate(
        [
            (protobuf(call(6, {semconv.INPUT_MESSAGES: said})), PROTOBUF),
            (as_json(call(7, {semconv.INPUT_MESSAGES: said})), JSON),
        ]
    ):
        assert shared.post("traces", body, content_type=kind).status == 200
        assert shared.request("GET", f"/api/traces/{trace_id(6 + number)}").status == 200


def test_a_head_that_is_too_large_is_refused(shared: Served) -> None:
    assert sent(shared, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"x" * 100_000).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "raw", [b"\0\1\2\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_what_is_no_request_ends_the_connection_alone(shared: Served, raw: bytes) -> None:
    sent(shared, raw)
    assert shared.request("GET", "/api/traces").status == 200


def test_the_pace_of_one_address_is_not_that_of_another() -> None:
    now = [0.0]
    pace = Pace(rate=10, burst=3, clock=lambda: now[0])
    assert [pace.allows("a") for _ in range(5)] == [True, True, True, False, False]
    assert pace.allows("b")
    now[0] = 0.1
    assert [pace.allows("a") for _ in range(2)] == [True, False]
    now[0] = 60.0
    assert [pace.allows("a") for _ in range(4)] == [True, True, True, False]
    for number in range(10_000):
        pace.allows(str(number))
    assert len(pace._left) <= 1024  # pyright: ignore[reportPrivateUsage]


def test_too_many_requests_are_told_when_to_come_again(shared: Served) -> None:
    """On a connection that stays, as fast as they can be sent."""
    host, port = shared.address.split(":")
    request = b"GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request * 2000)
        received = b""
        while b"429 Too Many" not in received and received.count(b"HTTP/1.1 ") < 2000:
            received += connection.recv(65_536)
            assert received
        while b"\r\nretry-after: 1\r\n" not in received:
            received += connection.recv(65_536)
    assert shared.post("traces", protobuf(call(4))).status == 200
    eventually(lambda: shared.request("GET", "/api/traces").status == 200)


# --- how slowly


def test_a_slow_client_does_not_keep_others_waiting(shared: Served) -> None:
    """Connections that never send a whole request, and one whose body stops in the middle."""
    host, port = shared.address.split(":")
    slow = [socket.create_connection((host, int(port)), timeout=20) for _ in range(50)]
    for one in slow[1:]:
        one.sendall(b"GET / HTTP/1.1\r\nhost: loc")
    slow[0].sendall(b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: " + PROTOBUF.encode())
    slow[0].sendall(b"\r\ncontent-length: 9\r\n\r\n")
    assert shared.request("GET", "/api/traces").status == 200
    assert shared.post("traces", protobuf(call(5))).status == 200
    for one in slow:
        one.close()


def test_its_own_telemetry_goes_nowhere(tmp_path: Path) -> None:
    """Started under `opentelemetry-instrument` it would by default send to itself, for ever."""
    from opentelemetry.instrumentation import auto_instrumentation

    hook = os.path.dirname(auto_instrumentation.__file__)
    environ = {
        "PYTHONPATH": hook,
        "OTEL_TRACES_EXPORTER": "genscope_store",
        "OTEL_METRICS_EXPORTER": "genscope_store",
        "OTEL_LOGS_EXPORTER": "genscope_store",
        "OTEL_BSP_SCHEDULE_DELAY": "1",
        "OTEL_METRIC_EXPORT_INTERVAL": "50",
        "GENSCOPE_STORE": str(tmp_path / "own.db"),
    }
    with Served(tmp_path / "store.db", **environ) as served:
        assert served.post("traces", protobuf(call(1))).status == 200
        assert served.get("/api/info")["rows"]["spans"] == 1
        assert served.end(signal.SIGTERM) == 0
    assert not (tmp_path / "own.db").exists()
