"""Another machine over the system's ssh: one connection that all commands share, so that it asks once."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Any, NamedTuple

from ...runtime.errors import Failure, MissingFileError, MissingPackageError, ParameterError
from ...runtime.util.regular import MOST_BYTES

OnLine = Callable[[str], None]
Pipe = int | IO[bytes]

CONNECT_TIMEOUT_S = 15
CONNECTED = "genrekit-connected"
LINES, LINE_LETTERS = 100, 65536  # of what a device writes so many lines are kept, and of a line so many letters
READ_BYTES = 65536
ALIVE_S = 15  # between questions whether the other side is still there; three without an answer end the connection
CONNECTION_FAILED = 255  # exit code of ssh itself (ssh(1)); another is the remote command's

_ADDRESS = re.compile(
    r"(?P<scheme>ssh://)?(?:(?P<user>[\w.][\w.+-]*)@)?"
    r"(?P<host>\w[\w.-]*|\[[0-9A-Fa-f:.]+(?:%\w+)?\])(?::(?P<port>\d{1,5}))?",
    re.ASCII,
)


class Address(NamedTuple):
    """Where a machine is: its name or number, or an alias of the ssh configuration, without brackets."""

    host: str
    user: str | None = None
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read "user@host", "host" or "ssh://user@host:port" (IPv6 in brackets); raises ParameterError."""
        match = _ADDRESS.fullmatch(text)
        port = int(match["port"]) if match and match["port"] else None
        if not match or (port is not None and not (match["scheme"] and 0 < port < 65536)):
            raise ParameterError(
                f"device={text}: expected user@host, or ssh://user@host:port with a port up to 65535; IPv6 in brackets"
            )
        return cls(match["host"].strip("[]"), match["user"], port)

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host


class CommandResult(NamedTuple):
    """How a remote command ended: its exit code, and the last line that it wrote, or of its last error."""

    code: int
    last_line: str


class Connection:
    """A connection that stays open; made by `connect`."""

    def __init__(self, address: Address, options: Sequence[str]) -> None:
        self.address = address
        self._options = [*options, "-o", "ControlMaster=no"]

    def run(self, command: Sequence[str], on_line: OnLine | None = None) -> CommandResult:
        """Run `command` there, each word of it as it stands; what it writes goes to `on_line`, line by line.

        On Ctrl-C its standard input is closed, and KeyboardInterrupt is raised when it has ended. Ctrl-C once more
        leaves it alone.

        Raises:
            Failure: the connection was lost.
        """
        # A session of its own: Ctrl-C must not end ssh, which still has to bring what the command says.
        with _process(self._ssh(command), stderr=subprocess.STDOUT, start_new_session=True) as process:
            try:
                last_line = _read_lines(process, on_line)
            except KeyboardInterrupt:
                _close_input(process)
                _read_lines(process, on_line)
                raise
            code = process.wait()
        if code == CONNECTION_FAILED:
            raise Failure(f"the connection to {self.address} was lost ({last_line}); see that both stay switched on")
        return CommandResult(code, last_line)

    @contextlib.contextmanager
    def kept_open(self, command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
        """Have `command` run there while the block runs, at whose end its input ends; yields the ssh that it is."""
        with _process(self._ssh(command), stderr=subprocess.STDOUT, start_new_session=True) as process:
            try:
                yield process
            finally:
                _close_input(process)
                process.wait()

    def send(self, source: Path, folder: str) -> None:
        """Copy a file, or a folder and what is in it, into `folder` there; raises Failure."""
        with tempfile.TemporaryFile() as packed:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(source, source.name)
            packed.seek(0)
            self._copy(source.name, ["tar", "-xof", "-", "-C", folder], stdin=packed)

    def fetch(self, path: str, target: Path) -> None:
        """Copy the file `path` from there; raises Failure."""
        with target.open("wb") as file:
            self._copy(path, ["cat", path], into=file)

    def _copy(self, name: str, command: Sequence[str], *, stdin: Pipe = DEVNULL, into: IO[bytes] | None = None) -> None:
        """Run `command` there; of what it writes at most `MOST_BYTES` go `into` a file, of its errors the last stay."""
        with Popen(self._ssh(command), stdin=stdin, stdout=PIPE, stderr=PIPE, start_new_session=True) as process:
            errors: deque[bytes] = deque(maxlen=LINES)
            reader = threading.Thread(target=_keep_last, args=(process.stderr, errors), daemon=True)
            reader.start()
            received = 0
            try:
                while data := process.stdout.read(READ_BYTES) if process.stdout else b"":
                    received += len(data)
                    if received > MOST_BYTES:
                        raise Failure(
                            f"{self.address} sends more than {MOST_BYTES >> 20} MiB for {name}; end the bench"
                        )
                    if into:
                        into.write(data)
                reader.join()
                code = process.wait()
            finally:
                process.kill()
        if code:
            raise Failure(
                f"{name} cannot be copied to or from {self.address} "
                f"({_last(b''.join(errors).decode(errors='replace'))}); "
                "see that the disk has room and that the connection holds"
            )

    def _ssh(self, command: Sequence[str]) -> list[str]:
        return [_tool(), *self._options, "-T", "--", str(self.address), shlex.join(command)]


@contextlib.contextmanager
def connect(address: Address, config: Path | None = None) -> Iterator[Connection]:
    """A connection for the time of the block; a password is asked for here and nowhere else.

    Args:
        address: of the other machine.
        config: an ssh configuration file instead of the user's.

    Raises:
        MissingFileError, MissingPackageError: no such configuration; there is no ssh.
        Failure: the machine cannot be reached, or lets nobody in.
    """
    if config and not config.is_file():
        raise MissingFileError(f"{config}: expected an ssh configuration file, found none; check the path")
    # Unix sockets have short names: at most about 100 characters.
    with tempfile.TemporaryDirectory(prefix="genrekit-") as folder:
        options = _options(address, config, Path(folder) / "s")
        settings = ["-o", "ControlPersist=no", "-o", f"ConnectTimeout={CONNECT_TIMEOUT_S}"]
        # All others go through this ssh, which lives no longer than the block: `cat` ends with its input, a pipe from
        # here. It stays in the session, to ask for a password at the terminal.
        command = [_tool(), *options, *settings, "-M", "-T", "--", str(address), f"echo {CONNECTED}; cat"]
        with (
            (Path(folder) / "errors").open("w") as errors,
            _process(command, stderr=errors, preexec_fn=_ignore_interrupts) as process,
        ):
            if not any(line.strip() == CONNECTED for line in lines(process)):
                reason = _last(Path(errors.name).read_text(errors="replace"))
                raise Failure(f"{address}: ssh cannot connect ({reason}); {_remedy(reason, address, config)}")
            yield Connection(address, options)
            _close_input(process)
            process.wait()


def _options(address: Address, config: Path | None, socket: Path) -> list[str]:
    control = str(socket).replace("%", "%%")
    options = ["-o", f'ControlPath="{control}"', "-o", f"ServerAliveInterval={ALIVE_S}"]
    if address.port:
        options += ["-o", f"Port={address.port}"]
    return [*(["-F", str(config.absolute())] if config else []), *options]


def _ignore_interrupts() -> None:
    """Ctrl-C at a terminal is sent to every process of its session."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _remedy(reason: str, address: Address, config: Path | None) -> str:
    port = ["-p", str(address.port)] if address.port else []
    by_hand = shlex.join([*(["-F", str(config)] if config else []), *port, str(address)])
    if "Permission denied" in reason:
        return f"let the device know your key: ssh-copy-id {by_hand}"
    if "Host key verification failed" in reason:
        return f"connect once by hand and look at its key: ssh {by_hand}"
    return f"see that the device is on and that this works: ssh {by_hand}"


def _tool() -> str:
    path = shutil.which("ssh")
    if path is None:
        raise MissingPackageError("a device is reached with ssh, which is not installed: apt install openssh-client")
    return path


@contextlib.contextmanager
def _process(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes; whatever happens in the block, it and they are gone afterwards."""
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, errors="replace", **options) as process:
        try:
            yield process
        finally:
            process.kill()


def _close_input(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        process.stdin.close()


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """What the process writes, line by line; a line that is too long comes in parts."""
    return iter(partial(process.stdout.readline, LINE_LETTERS), "") if process.stdout else iter(())


def _keep_last(stream: IO[bytes], last: deque[bytes]) -> None:
    last.extend(iter(partial(stream.readline, LINE_LETTERS), b""))


def _read_lines(process: subprocess.Popen[str], on_line: OnLine | None) -> str:
    """Pass on what the process writes until it ends; the last line of it, or of its errors."""
    written: deque[str] = deque(maxlen=LINES)
    for line in lines(process):
        written.append(line)
        if on_line:
            on_line(line.rstrip("\n"))
    return _last("".join(written))


def _last(text: str) -> str:
    """The last line that reports an error, as pip marks them, or else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no reason given"])[-1]
