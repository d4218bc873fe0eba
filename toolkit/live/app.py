"""The requests that a served stream answers: the page, its events, its status. ASGI, and nothing but that."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from .hub import Hub, Viewer

ALIVE_S = 15.0  # after which a line is sent that says nothing, so that a viewer who has gone is noticed
RETRY = b"retry: 2000\n\n"  # milliseconds until a browser tries again
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
NOTHING = "default-src 'none'; frame-ancestors 'none'"
NAMES_OF_LOOPBACK = ("localhost", "localhost.localdomain")

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class App:
    """Answers GET of /, /events and /status.

    Args:
        page, policy: of `html_page`.
        hub: of the stream.
        status: gives the JSON of /status.
        local: whether only this machine is served: what names another host is then turned away, as a page of somebody
            else's does that had its name changed to this address.
    """

    def __init__(self, page: str, policy: str, hub: Hub, status: Callable[[], str], local: bool) -> None:
        self._page, self._policy = page.encode(), f"{policy}; frame-ancestors 'none'"
        self._hub, self._status, self._local = hub, status, local

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """As ASGI calls it."""
        headers = dict(scope["headers"])
        if self._local and not _names_loopback(headers.get(b"host", b"").decode("latin-1")):
            await _answer(send, 421, "text/plain", b"expected the address that genrekit serve said\n")
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, "text/plain", b"expected GET\n", allow=b"GET, HEAD")
        elif scope["path"] == "/":
            await _answer(send, 200, "text/html", self._page, self._policy)
        elif scope["path"] == "/status":
            await _answer(send, 200, "application/json", self._status().encode())
        elif scope["path"] == "/events":
            await self._events(scope, receive, send)
        else:
            await _answer(send, 404, "text/plain", b"expected /, /events or /status\n")

    async def _events(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        await _begin(send, 200, "text/event-stream", NOTHING)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        viewer = self._hub.join(with_sound=b"picture=1" in scope["query_string"].split(b"&"))
        watch = asyncio.ensure_future(_close_when_gone(receive, viewer))
        try:
            data: bytes | None = RETRY
            while data is not None:
                await send({"type": "http.response.body", "body": data, "more_body": True})
                try:
                    data = await asyncio.wait_for(viewer.next(), ALIVE_S)
                except asyncio.TimeoutError:
                    data = b":\n\n"
            await send({"type": "http.response.body"})
        finally:
            self._hub.leave(viewer)
            watch.cancel()


async def _close_when_gone(receive: _Receive, viewer: Viewer) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.close()


async def _answer(
    send: _Send, status: int, kind: str, body: bytes, policy: str = NOTHING, allow: bytes | None = None
) -> None:
    more = [(b"content-length", str(len(body)).encode()), *([(b"allow", allow)] if allow else [])]
    await _begin(send, status, kind, policy, more)
    await send({"type": "http.response.body", "body": body})


async def _begin(send: _Send, status: int, kind: str, policy: str, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-security-policy", policy.encode()),
        *HEADERS,
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})


def _names_loopback(host: str) -> bool:
    """Whether a Host header names this machine to itself."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name.lower() in NAMES_OF_LOOPBACK
