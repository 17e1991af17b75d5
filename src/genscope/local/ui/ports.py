"""Sockets to listen on, and who has them already."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final

SERVER: Final = "genscope"
"""What the header `Server` says, by which one `genscope ui` knows another."""
HTTP_PORT: Final = 4318
GRPC_PORT: Final = 4317
"""Where senders send that were told nothing else."""

_LISTENING: Final = "0A"
_PATIENCE: Final = 0.5


class PortError(Exception):
    """Why nothing can be listened to; the text tells what to do about it."""


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hosts_of(host: str) -> list[str]:
    """`localhost` is two addresses, and clients try either one first."""
    return ["127.0.0.1", "::1"] if host in ("127.0.0.1", "localhost") else [host]


def listening(host: str, port: int, option: str) -> list[socket.socket]:
    """Sockets on one port; 0 takes a free one. Raises `PortError`, which names the option for another."""
    first, *others = hosts_of(host)
    try:
        sockets = [_listening(first, port)]
    except OSError as fault:
        raise PortError(explained(fault, first, port, option)) from fault
    for other in others:
        with suppress(OSError):  # a machine without IPv6
            sockets.append(_listening(other, sockets[0].getsockname()[1]))
    return sockets


def _listening(host: str, port: int) -> socket.socket:
    (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = socket.socket(family, kind, protocol)
    try:
        if os.name == "nt":  # where SO_REUSEADDR lets anybody take the port over
            found.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", ~socket.SO_REUSEADDR), 1)
        else:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        found.bind(address)
        found.listen(128)
    except BaseException:
        found.close()
        raise
    return found


def explained(fault: OSError, host: str, port: int, option: str) -> str:
    if isinstance(fault, socket.gaierror):
        return f"{host} is no address of this machine"
    if fault.errno != errno.EADDRINUSE:
        return f"{host}:{port} cannot be listened to: {fault.strerror or fault}. Choose another port: {option}"
    if is_ours(host, port):
        return f"Port {port} is taken by another genscope ui: {url(host, port)} — or choose another: {option}"
    holder = next(holders(port), None)
    return f"Port {port} is taken{f' by {holder}' if holder else ''}. End it, or choose another: {option}"


def is_ours(host: str, port: int) -> bool:
    """Whether a `genscope ui` answers there."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("HEAD", "/")
        return connection.getresponse().headers.get("server") == SERVER
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def seen_at(store: Path) -> str | None:
    """The page on which a store can be seen now, if it is where everybody would look for it."""
    host, port = hosts_of("localhost")[0], HTTP_PORT
    return url(host, port) if is_ours(host, port) and _shown(host, port) in (str(store), None) else None


def _shown(host: str, port: int) -> str | None:
    """The file that a `genscope ui` shows; None if it does not tell everybody."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/api/info")
        return json.loads(connection.getresponse().read()).get("path")
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def url(host: str, port: int) -> str:
    """Of a page that a browser on this machine can open."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def holders(port: int, proc: Path = Path("/proc")) -> Iterator[str]:
    """Programs that listen on a port: where Linux tells, those of the same user."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    if not wanted:
        return
    for process in proc.glob("[0-9]*"):
        if not wanted.isdisjoint(_open_in(process)):
            with suppress(OSError):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                yield f"{name} (process {process.name})"


def _open_in(process: Path) -> Iterator[str]:
    with suppress(OSError):  # of somebody else, or at its end
        for link in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                yield os.readlink(link)


def _inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (proc / "net" / table).read_text(encoding="ascii").splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                    yield rest[5]
