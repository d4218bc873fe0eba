"""Serves an `App` from a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from ...runtime.errors import MissingPackageError, ParameterError
from .app import App
from .hub import Hub

if TYPE_CHECKING:
    import uvicorn

MOST_CONNECTIONS = 256
GRACE_S = 0.5  # for viewers that are sent something when the server ends


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ParameterError: `host` is not this machine's, or `port` is in use, not allowed or none.
    """
    if not 0 <= port <= 65535:
        raise ParameterError(f"port={port}: expected a port, 1 to 65535, or 0 for any that is free")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        found = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if found.is_multicast:
            raise OSError("it is the address of a group")
    except (OSError, UnicodeError, ValueError) as error:
        raise ParameterError(
            f"host={host}: expected an address or name of this machine ({error}); try 127.0.0.1"
        ) from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(MOST_CONNECTIONS)
    except OSError as error:
        listening.close()
        raise _refused(host, port, error) from error
    return listening


def _refused(host: str, port: int, error: OSError) -> ParameterError:
    if error.errno == errno.EADDRINUSE:
        return ParameterError(f"port={port}: something serves there already; name another with --port, or 0 for any")
    if error.errno == errno.EACCES:
        return ParameterError(f"port={port}: expected one that you may use ({error.strerror}); name one from 1024 on")
    return ParameterError(f"host={host}: expected an address of this machine ({error.strerror}); try 127.0.0.1")


def is_local(listening: socket.socket) -> bool:
    """Whether only this machine reaches it."""
    return ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def url(listening: socket.socket) -> str:
    """The address of the page."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class Server:
    """As a context: serves while it lasts, and ends within a second, whoever still watches.

    Raises:
        MissingPackageError: uvicorn is not installed.
    """

    def __init__(self, listening: socket.socket) -> None:
        try:
            import uvicorn
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                f'serving needs {error.name}, which is not installed; run: pip install "genrekit[live]"'
            ) from error
        self._uvicorn, self._socket = uvicorn, listening
        self._loop = asyncio.new_event_loop()
        self._server: uvicorn.Server | None = None
        self.hub = Hub(self._loop)

    def start(self, app: App) -> None:
        """Serve `app`, whose hub is this one's, from now on."""
        config = self._uvicorn.Config(
            app, http="h11", ws="none", loop="none", lifespan="off", interface="asgi3", log_config=None,
            access_log=False, server_header=False, proxy_headers=False, limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = self._uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, args=[self._server], daemon=True, name="serve")
        self._thread.start()

    def _run(self, server: uvicorn.Server) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(server.serve(sockets=[self._socket]))
        finally:
            self._loop.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None:
            self._loop.close()
            return
        self._loop.call_soon_threadsafe(self.hub.close)
        self._server.should_exit = True
        self._thread.join(GRACE_S)
        self._server.force_exit = True
        self._thread.join(GRACE_S)
        self._socket.close()
