"""Who may ask, and what every answer says of itself.

Browsers let any page in the world send requests to this machine, and read the answers if it comes by a name of its own
(DNS rebinding). So what is asked for must be asked by a name that is ours and, but for the page itself, from the page.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

from genscope.local.ui.ports import SERVER
from genscope.local.ui.refusals import Refusal

Asgi = Callable[..., Any]

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:"),
        *("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"),
    )
)
_HEADERS: Final = {
    "server": SERVER,
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}

_OURS: Final = ("localhost", "host.docker.internal", "host.containers.internal")
"""Names that nobody in the world can have lead here: that of this machine, and what containers call it."""

_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:@/\[\]]+))(?::\d{0,5})?")

_IN_TIME: Final = 60.0
"""Seconds that an answer may take, until its last byte is taken."""
_A_SECOND: Final = 100
_AT_ONCE: Final = 300
"""Requests of one address; what it sends to be kept is not among them, that has a queue."""
_ADDRESSES: Final = 1024


@dataclass(frozen=True)
class Access:
    """`hosts` are names by which we may be asked for, beside addresses and `localhost`; `token` None for no token."""

    hosts: Collection[str] = ()
    token: str | None = None
    cookie: str = SERVER
    """The name of the cookie that stands for the token. Cookies do not know ports: each server needs its own."""

    def knows(self, host: str) -> bool:
        """A name that is not ours may lead here all the same. An address cannot: it is what the browser asked for."""
        name = _name(host)
        return name in _OURS or name in self.hosts or _is_address(name)

    def is_token(self, said: str | None) -> bool:
        return self.token is not None and said is not None and hmac.compare_digest(said.encode(), self.token.encode())

    def lets_in(self, headers: Mapping[str, str]) -> bool:
        if self.token is None:
            return True
        scheme, _, said = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(said.strip()):
            return True
        return self.is_token(cookie_parser(headers.get("cookie", "")).get(self.cookie))


@dataclass
class Pace:
    """How fast requests may come, for each address: so many a second, so many at once."""

    rate: float = _A_SECOND
    burst: float = _AT_ONCE
    clock: Callable[[], float] = time.monotonic
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict[str, tuple[float, float]])

    def allows(self, address: str) -> bool:
        now = self.clock()
        left, since = self._left.pop(address, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.rate)
        self._left[address] = (left - 1, now) if left >= 1 else (left, now)
        if len(self._left) > _ADDRESSES:
            self._left.popitem(last=False)
        return left >= 1


class Guard:
    """Stands before an ASGI application.

    Its paths: `pages` may be linked to by anybody, `paced` are those of which so many a second are answered, `endless`
    are never done.
    """

    def __init__(
        self,
        app: Asgi,
        access: Access,
        *,
        pages: Collection[str],
        paced: Callable[[str], bool],
        endless: Collection[str],
        refuse: Callable[[Any, Refusal], Response],
        pace: Pace | None = None,
        in_time: float = _IN_TIME,
    ) -> None:
        self._app = app
        self._access = access
        self._pages = pages
        self._paced = paced
        self._endless = endless
        self._refuse = refuse
        self._pace = pace or Pace()
        self._in_time = in_time

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        begun = False

        async def send_marked(message: Any) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            signed_in = self._examine(scope)
            if signed_in is not None:
                await signed_in(scope, receive, send_marked)
            elif scope["path"] in self._endless:
                await self._app(scope, receive, send_marked)
            else:
                await asyncio.wait_for(self._app(scope, receive, send_marked), self._in_time)
        except Refusal as refusal:
            refusal.__traceback__ = None  # it holds what was received, for as long as nobody looks for garbage
            answer = self._refuse(scope, refusal)
            if refusal.retry_after is not None:
                answer.headers["retry-after"] = str(refusal.retry_after)
            await answer(scope, receive, send_marked)
        except asyncio.TimeoutError:
            if begun:  # who does not take the answer does not get the rest: the server closes the connection
                raise
            await self._refuse(scope, Refusal(503, "It took too long", 5))(scope, receive, send_marked)

    def _examine(self, scope: Any) -> Response | None:
        """None for a request that is fine; one that brings the token in its link gets it as a cookie instead."""
        headers = Headers(scope=scope)
        client = scope.get("client")
        if self._paced(scope["path"]) and not self._pace.allows(client[0] if client else ""):
            raise Refusal(429, "Too many requests; try again", 1)
        host = headers.get("host", "")
        if not self._access.knows(host):
            reason = f"This server is not known as {host[:200]!r}; to make it known: genscope ui --allow-host NAME"
            raise Refusal(403, reason)
        page = scope["method"] in ("GET", "HEAD") and scope["path"] in self._pages
        if not page:
            _require_own_origin(headers, host)
        if page and self._access.token is not None and scope["query_string"]:
            for said in parse_qs(scope["query_string"].decode("latin-1")).get("token", ()):
                if self._access.is_token(said):
                    answer = RedirectResponse(scope["path"], 303)
                    answer.set_cookie(self._access.cookie, said, path="/", httponly=True, samesite="strict")
                    return answer
        if not self._access.lets_in(headers):
            raise Refusal(
                401, "A token is needed: open the link that genscope ui has printed, or send it as a Bearer token"
            )
        return None


def _require_own_origin(headers: Headers, host: str) -> None:
    """What is no browser says neither. Behind a proxy the scheme may be another one than ours, the host is not."""
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "none")
    if (origin is not None and origin.partition("://")[2].lower() != host.lower()) or site not in (
        "none",
        "same-origin",
    ):
        raise Refusal(403, "Other pages may not ask here")


def _name(host: str) -> str:
    """Without the port, and the brackets of an address; empty for what is none."""
    found = _HOST.fullmatch(host.lower())
    return (found[1] or found[2]) if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
