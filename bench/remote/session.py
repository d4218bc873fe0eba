"""The same bench on another machine: genrekit and the files go there over ssh, the results come back."""

from __future__ import annotations

import contextlib
import functools
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...runtime import MfccConfig
from ...runtime.engines import ENGINES, EngineSpec
from ...runtime.errors import Failure
from ...runtime.modelfile.description import SUFFIXES
from ..measure.cases import Case, Effort
from ..measure.clips import Clips
from ..results import build, store
from ..run import Progress
from . import agent, ssh
from .job import write_bench_job, write_front_end_job
from .wheel import find_wheel

PYTHON = (3, 10)  # the oldest that genrekit runs on
OLD_NUMPY = "tflite-runtime"  # the extra that needs numpy 1: an environment of its own
LIBROSA = "librosa>=0.10"  # the baseline's front end

Say = Callable[[str], None]
WriteJob = Callable[[Path], Mapping[str, Path]]


@contextlib.contextmanager
def open_device(address: str, *, ssh_config: Path | None, wheel: Path | None, say: Say) -> Iterator[Device]:
    """A machine that is connected and can serve, for the time of the block.

    Args:
        address: user@host, host or ssh://user@host:port.
        ssh_config: a configuration file instead of the user's.
        wheel: of genrekit; None makes one of the genrekit that runs.
        say: told, in a sentence, what does not stop the bench.

    Raises:
        ParameterError, MissingFileError: an address, a configuration or a wheel that cannot be meant.
        MissingPackageError: there is no ssh here.
        Failure: the machine cannot be reached, or has no Python that serves.
    """
    parsed = ssh.Address.parse(address)
    with tempfile.TemporaryDirectory(prefix="genrekit-") as folder, contextlib.ExitStack() as stack:
        if wheel:
            find_wheel(Path(folder), wheel)  # a wrong name is told before anybody is connected
        connection = stack.enter_context(ssh.connect(parsed, ssh_config))
        found = _prepare(connection)
        stack.callback(_remove, connection, found["job"])
        _require(found, parsed.host)
        yield Device(connection, find_wheel(Path(folder), wheel), found, say)


class Device:
    """A connected machine; `run_bench` and `run_front_end` measure there what those of `run` measure here.

    Its environments stay for the next time; the files of the bench do not.
    """

    def __init__(self, connection: ssh.Connection, wheel: Path, found: Mapping[str, Any], say: Say) -> None:
        self._connection, self._wheel, self._say = connection, wheel, say
        self._host = connection.address.host
        self._python = tuple(found["python"])
        self._folder, self._job = found["folder"], found["job"]

    def run_bench(
        self,
        cases: Sequence[Case],
        clips: Clips,
        reference_labels: Mapping[str, list[str] | str] | None = None,
        *,
        baselines: Sequence[Case] = (),
        effort: Effort = Effort(),  # noqa: B008 (frozen)
        training: Sequence[dict[str, Any]] = (),
        progress: Progress | None = None,
        save_to: Path | None = None,
    ) -> dict[str, Any]:
        """As `run.run_bench`, with "device", the host as it was named; Ctrl-C keeps what was measured.

        Raises:
            Failure: genrekit cannot be installed there, or the bench ended early; what it measured is in `save_to`.
            OutputError: `save_to` cannot be written; checked before anything is sent.
        """
        every = [*cases, *baselines]
        libraries = [LIBROSA] if any(case.front_end == "librosa" for case in every) else []
        write = functools.partial(
            write_bench_job,
            cases=cases,
            clips=clips,
            reference_labels=reference_labels,
            baselines=baselines,
            effort=effort,
            training=training,
        )
        return self._measure(write, _extras(every, self._python), libraries, progress, save_to)

    def run_front_end(
        self,
        clips: Clips,
        config: MfccConfig,
        *,
        threads: int = 1,
        effort: Effort = Effort(),  # noqa: B008 (frozen)
        progress: Progress | None = None,
        save_to: Path | None = None,
    ) -> dict[str, Any]:
        """As `run.run_front_end`; raises as `run_bench` does."""
        write = functools.partial(write_front_end_job, clips=clips, config=config, threads=threads, effort=effort)
        return self._measure(write, [], [LIBROSA], progress, save_to)

    def _measure(
        self,
        write: WriteJob,
        extras: Sequence[str],
        libraries: Sequence[str],
        progress: Progress | None,
        save_to: Path | None,
    ) -> dict[str, Any]:
        progress = progress or (lambda done, total, what: None)
        save = store.saver(save_to)
        progress(0, 1, f"installing on {self._host}")
        python = self._install(extras, libraries)
        with tempfile.TemporaryDirectory(prefix="genrekit-") as folder:
            progress(0, 1, f"sending files to {self._host}")
            names = write(Path(folder) / "bench")
            self._connection.send(Path(folder) / "bench", self._job)
            reason = self._run(python, progress)
            bench = self._fetch(Path(folder) / "results.json", reason, names)
        save(bench)
        if isinstance(reason, Failure):
            kept = f"what was measured is in {save_to}" if save_to else "--out FILE would have kept what was measured"
            raise Failure(f"{reason}; {kept}") from reason
        return bench

    def _run(self, python: str, progress: Progress) -> BaseException | None:
        """Have the job measured; what ended it early, if anything did."""
        command = [python, "-m", "genrekit.bench", f"{self._job}/bench", f"{self._job}/build.json"]
        try:
            ended = self._step(command, lambda line: _pass_on(line, progress))
        except (KeyboardInterrupt, Failure) as error:
            return error
        if ended.code:
            return Failure(f"the bench on {self._host} ended with code {ended.code} ({ended.last_line})")
        return None

    def _fetch(self, target: Path, reason: BaseException | None, names: Mapping[str, Path]) -> dict[str, Any]:
        """Bring the results back, finished where the device did not come to it; raises `reason` without any."""
        for name in ("results.json", f"results.json{store.PARTIAL}"):
            try:
                self._connection.fetch(f"{self._job}/{name}", target)
                break
            except Failure as error:
                missing = error
        else:
            raise reason or missing from missing
        bench = {**store.read_json(target), "device": self._host}
        if reason and not bench["interrupted"]:
            bench.update(interrupted=True, complete=False)
            build.finish(bench)
        for row in (*bench["results"], *bench["baselines"]):
            if "error" in row:
                row["error"] = _with_own_paths(row["error"], f"{self._job}/bench", names)
        return bench

    def _install(self, extras: Sequence[str], libraries: Sequence[str]) -> str:
        """The python of an environment there with this genrekit and the engines, as far as they can be had."""
        old = OLD_NUMPY in extras
        version = ".".join(map(str, self._python))
        environment = f"{self._folder}/python{version}{'-numpy1' if old else ''}"
        python = f"{environment}/bin/python"
        if self._step([python, "-m", "pip", "--version"]).code:
            self._need(["python3", "-m", "venv", environment], "make an environment", "see that its disk has room")
        self._connection.send(self._wheel, self._job)
        wheel = f"{self._job}/{self._wheel.name}"
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        always = [wheel, *(["numpy<2"] if old else [])]
        wanted = {f"genrekit[{extra}]": f"{wheel}[{extra}]" for extra in extras}
        wanted.update({library: library for library in libraries})
        if self._step([*pip, *always, *wanted.values()]).code:
            self._install_apart([*pip, *always], wanted)
        # pip leaves a genrekit of the same version alone, though its code may be another.
        self._need([*pip, "--no-deps", "--force-reinstall", wheel], "install genrekit", REMEDY)
        return python

    def _install_apart(self, command: Sequence[str], wanted: Mapping[str, str]) -> None:
        """Genrekit without engines, then each of what is wanted: what cannot be had becomes rows that say so."""
        self._need(command, "install genrekit", REMEDY)
        for name, requirement in wanted.items():
            ended = self._step([*command, requirement])
            if ended.code:
                self._say(f"{self._host} cannot install {name} ({ended.last_line}); rows that need it say so")

    def _need(self, command: Sequence[str], what: str, remedy: str) -> None:
        ended = self._step(command)
        if ended.code:
            raise Failure(f"{self._host} cannot {what} ({ended.last_line}); {remedy}")

    def _step(self, command: Sequence[str], on_line: ssh.OnLine | None = None) -> ssh.Ended:
        return self._connection.run([*_program(), "run", *command], on_line)


REMEDY = "see that it reaches a package index, and that its disk has room"


def _program() -> list[str]:
    return ["python3", "-c", Path(agent.__file__).read_text()]


def _prepare(connection: ssh.Connection) -> dict[str, Any]:
    """What the machine has, and a fresh folder on it."""
    lines: list[str] = []
    host = connection.address.host
    ended = connection.run([*_program(), "prepare"], lines.append)
    if ended.code == 127:  # the shell found no such command (POSIX, 2.8.2)
        raise Failure(
            f"{host} has no python3 ({ended.last_line}); install it there, on Debian: apt install python3-venv"
        )
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError) as error:
        raise Failure(
            f"{host} cannot prepare a folder ({ended.last_line}); see that {agent.FOLDER} can be written there"
        ) from error


def _require(found: Mapping[str, Any], host: str) -> None:
    """Raises Failure where the Python of the machine cannot serve."""
    if tuple(found["python"]) < PYTHON:
        received, expected = (".".join(map(str, version)) for version in (found["python"], PYTHON))
        raise Failure(f"python3 of {host} is {received}: expected {expected} or later; bring its system up to date")
    if not found["environments"]:
        raise Failure(f"python3 of {host} cannot make environments; install what does there: apt install python3-venv")


def _remove(connection: ssh.Connection, folder: str) -> None:
    with contextlib.suppress(Failure):  # a machine that is gone; a later job removes the folder
        connection.run([*_program(), "remove", folder])


def _extras(cases: Iterable[Case], python: tuple[int, ...]) -> list[str]:
    """The extras of genrekit that bring the engines of `cases`, as far as they have wheels for `python`."""
    specs = filter(None, map(_engine, cases))
    return list(dict.fromkeys(spec.extra for spec in specs if spec.last_python is None or python <= spec.last_python))


def _engine(case: Case) -> EngineSpec | None:
    """The engine that the case names, or the usual one of its format."""
    if case.engine:
        return ENGINES[case.engine]
    return next((spec for spec in ENGINES.values() if spec.format == SUFFIXES.get(case.path.suffix)), None)


def _pass_on(line: str, progress: Progress) -> None:
    """A line of the job, if it tells a step."""
    try:
        step = json.loads(line)
        progress(step["done"], step["total"], step["what"])
    except (ValueError, KeyError, TypeError):
        pass  # a library's warning


def _with_own_paths(text: str, folder: str, names: Mapping[str, Path]) -> str:
    """`text` with the paths that the user gave instead of those on the device."""
    for name, path in names.items():
        text = text.replace(f"{folder}/{name}", str(path))
    return text
