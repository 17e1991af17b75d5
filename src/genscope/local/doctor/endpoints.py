"""Whether somebody listens where exporters send to: a connection is opened and closed, without TLS, without a word."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from genscope.local.doctor.findings import Endpoint, Exporter, Problem, Signal, in_words

_PORTS: Final = {"http": 80, "https": 443}
_USUAL: Final = {4317: "grpc", 4318: "http/protobuf"}


@dataclass(slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    protocol: str
    signals: list[Signal] = field(default_factory=list[Signal])

    @property
    def shown_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def address(self) -> str:
        return f"{self.shown_host}:{self.port}"

    def found(self, reachable: bool | None, detail: str | None = None) -> Endpoint:
        return Endpoint(self.address, self.protocol, self.signals, reachable, detail)


def look(exporters: Mapping[Signal, Sequence[Exporter]], timeout: float, problems: list[Problem]) -> list[Endpoint]:
    """Each endpoint once, with all the signals that are sent there. Waits up to `timeout` seconds for each."""
    targets: dict[tuple[str, int, str], _Target] = {}
    others: dict[str, Endpoint] = {}
    for signal, several in exporters.items():
        for exporter in several:
            endpoint, protocol = exporter.endpoint, exporter.protocol
            if endpoint is None or protocol is None or exporter.fault is not None:
                continue
            if protocol == "grpc" and "://" in endpoint and urlsplit(endpoint).scheme not in _PORTS:  # unix, dns, xds
                others[endpoint] = Endpoint(endpoint, protocol, [signal], None, "not tried: no host and port")
                continue
            target = _target(endpoint, protocol)
            if target is None:
                wanted = "http://host:port or https://host:port"
                problems.append(_warning(f"{signal} cannot be sent to {endpoint!r}, which is no URL: write {wanted}."))
                continue
            if not target.scheme and not _says_insecure(signal):
                wanted = f"http://{endpoint}"
                problems.append(_warning(f"{endpoint} means TLS to gRPC: write {wanted} if none is spoken there."))
            known = targets.setdefault((target.host, target.port, protocol), target)
            if signal not in known.signals:
                known.signals.append(signal)
    return [*(_look_at(target, timeout, problems) for target in targets.values()), *others.values()]


def _target(endpoint: str, protocol: str) -> _Target | None:
    bare = "://" not in endpoint
    if bare and protocol != "grpc":  # HTTP clients refuse such a URL
        return None
    try:
        parts = urlsplit(f"//{endpoint}" if bare else endpoint)
        port = parts.port or (443 if protocol == "grpc" else _PORTS[parts.scheme])
    except (ValueError, KeyError):
        return None
    return _Target(parts.scheme, parts.hostname, port, protocol) if parts.hostname else None


def _says_insecure(signal: Signal) -> bool:
    return any(os.environ.get(f"OTEL_EXPORTER_OTLP_{own}INSECURE") for own in ("", f"{signal.upper()}_"))


def _look_at(target: _Target, timeout: float, problems: list[Problem]) -> Endpoint:
    usual = _USUAL.get(target.port, target.protocol)
    if usual != target.protocol:
        text = f"Port {target.port} is usually for {usual}, but {target.protocol} is spoken to {target.address}"
        problems.append(_warning(f"{text}: set OTEL_EXPORTER_OTLP_PROTOCOL={usual}, or another port."))
    proxy = _proxy(target)
    if proxy is not None:
        return target.found(None, f"not tried: exporters go through {proxy}")
    fault = _connect(target, timeout)
    if fault is None:
        return target.found(True, "TLS was not tried" if target.scheme == "https" else None)
    text = f"No connection to {target.address}, where {in_words(target.signals)} are sent ({fault})"
    problems.append(_warning(f"{text}: start a collector there, or set OTEL_EXPORTER_OTLP_ENDPOINT."))
    return target.found(False, fault)


def _connect(target: _Target, timeout: float) -> str | None:
    """Why there is no connection."""
    try:
        socket.create_connection((target.host, target.port), timeout).close()
    except ConnectionRefusedError:
        return "connection refused"
    except TimeoutError:
        return f"no answer in {timeout:g} s"
    except socket.gaierror:
        return "unknown host"
    except (OSError, ValueError) as error:  # ValueError: a name that is none, `a..b`
        return str(error)
    return None


def _proxy(target: _Target) -> str | None:
    """The variable whose proxy the exporter would use."""
    proxies = getproxies()
    if proxy_bypass(target.shown_host):
        return None
    kinds = ("grpc", "https", "http") if target.protocol == "grpc" else (target.scheme, "all")
    return next((f"{kind}_proxy" for kind in kinds if kind in proxies), None)


def _warning(text: str) -> Problem:
    return Problem("endpoints", False, text)
