"""Keeps tests from the internet families of sockets, so that each command is tried without a network; see conftest."""

import contextlib
import sys

USED = "a test has used the network"
allowed = False
attempts = []


class NetworkUsed(BaseException):
    """No Exception, which a library may pass over."""


def _refuse(event, arguments):
    if allowed or event not in EVENTS:
        return
    if event not in NAMES and getattr(arguments[0], "family", None) not in (2, 10, 30):  # AF_INET, AF_INET6
        return
    if event == "socket.bind" and arguments[1] == PROBE:
        return
    attempts.append(event)
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.__stderr__.write(f"{USED}: {event}\n")
    raise NetworkUsed(event)


NAMES = {"socket.getaddrinfo", "socket.gethostbyname"}
PROBE = ("::1", 0)  # urllib3 asks once, when it is imported, whether there is IPv6: nobody is reached
EVENTS = {*NAMES, "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}


def watch():
    """From now on, in this process; there is no way back."""
    sys.addaudithook(_refuse)
