"""The same bench on another machine: genrekit and the files go there over ssh, raw rounds come back."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ...runtime.engines import MEASURED
from ...runtime.errors import Failure, ParameterError
from ...runtime.modelfile.reader import format_by_name
from ...runtime.native_build import BuildError
from ..measure.plan import BenchPlan, RawBench
from ..measure.rounds import Progress, no_progress
from ..results import build, store
from ..results.reader import read_typed
from ..results.schema import Bench
from . import agent, ssh
from .answers import MOST_LETTERS, Prepared, is_busy, read_prepared, read_step, require_fitting
from .job import write_job
from .platforms import program_for
from .wheel import make_wheel, require_wheel

OLD_NUMPY = "tflite-runtime"  # the extra that needs numpy 1: an environment of its own
LIBROSA = "librosa>=0.10"  # the baseline's front end
PROGRAM = "genrekit.bench.remote.job"
MOST_GREETINGS = 1000  # lines that other programs write there before ours
ENDING_S = 10.0
REMEDY = "see that it reaches a package index, and that its disk has room"

Say = Callable[[str], None]


@contextlib.contextmanager
def open_device(
    address: str, *, ssh_config: Path | None, wheel: Path | None, say: Callable[[str], None]
) -> Iterator[Device]:
    """A machine that is connected and can serve, for the time of the block.

    Args:
        address: user@host, host or ssh://user@host:port.
        ssh_config: a configuration file instead of the user's.
        wheel: of genrekit; None makes one of the genrekit that runs, for that machine.
        say: called with a sentence about what does not stop the bench.

    Raises:
        ParameterError, MissingFileError: an address, a configuration or a wheel that cannot be meant.
        MissingPackageError: there is no ssh here.
        Failure: the machine cannot be reached, has no Python that serves, or measures for somebody else.
    """
    parsed = ssh.Address.parse(address)
    with tempfile.TemporaryDirectory(prefix="genrekit-") as folder, contextlib.ExitStack() as stack:
        if wheel:
            require_wheel(wheel)  # before anybody is connected
        connection = stack.enter_context(ssh.connect(parsed, ssh_config))
        prepared = stack.enter_context(_prepared(connection))
        prepared.require_usable(parsed.host)
        yield Device(connection, wheel or make_wheel(Path(folder), prepared.machine, say), prepared, say)


class Device:
    """A connected machine; its `run_bench` measures there what that of `run` measures here.

    Its environments stay for the next time; the files of the bench do not.
    """

    def __init__(self, connection: ssh.Connection, wheel: Path, prepared: Prepared, say: Say) -> None:
        self._connection, self._wheel, self._say = connection, wheel, say
        self._host = connection.address.host
        self._prepared = prepared

    def run_bench(self, plan: BenchPlan, *, progress: Progress = no_progress, save_to: Path | None = None) -> Bench:
        """As `run.run_bench`, with the host as it was named; Ctrl-C keeps what was measured.

        Raises:
            Failure: genrekit cannot be installed there, or the bench ended early; what it measured is in `save_to`.
            OutputError: `save_to` cannot be written, or another bench writes it; checked before anything is sent.
        """
        with store.sole_bench(save_to):
            save = store.saver(save_to)
            blanks = build.blank_rows(plan)
            raw, reason = self._measure(plan, progress)
            bench = dataclasses.replace(build.summarize(plan, blanks, raw), device=self._host)
            save(bench.to_json())
        if isinstance(reason, Failure):
            kept = "--out FILE would have kept what was measured"
            if save_to:  # or beside it, where it holds earlier results
                partial = store.partial_path(save_to)
                kept = f"what was measured is in {partial if partial.exists() else save_to}"
            raise Failure(f"{reason}; {kept}") from reason
        return bench

    def _measure(self, plan: BenchPlan, progress: Progress) -> tuple[RawBench, BaseException | None]:
        """The raw rounds that were measured there, and what ended the bench early, if anything did."""
        job = self._prepared.job
        progress(0, 1, f"installing on {self._host}")
        python = self._install(plan)
        with tempfile.TemporaryDirectory(prefix="genrekit-") as folder:
            progress(0, 1, f"sending files to {self._host}")
            names = write_job(Path(folder) / "bench", self._with_programs(plan, Path(folder) / "programs"))
            self._connection.send(Path(folder) / "bench", job)
            reason = self._run([python, "-m", PROGRAM, f"{job}/bench", f"{job}/rounds.json"], progress)
            rounds = Path(folder) / "rounds.json"
            try:
                self._connection.fetch(f"{job}/rounds.json", rounds)
            except Failure as error:
                raise reason or error from error
            text = rounds.read_text("utf-8", "replace")
            for name, path in names.items():  # in its sentences, the paths that the user gave
                text = text.replace(json.dumps(f"{job}/bench/{name}")[1:-1], json.dumps(str(path))[1:-1])
            rounds.write_text(text, "utf-8")
            raw = self._read(plan, rounds)
        return (dataclasses.replace(raw, complete=False, interrupted=True) if reason else raw), reason

    def _with_programs(self, plan: BenchPlan, folder: Path) -> BenchPlan:
        """`plan` with the programs of folders of C, made here in the new `folder`, where the device has no compiler."""
        programs: dict[Path, Path] = {}
        if not self._prepared.compiler:
            for path in dict.fromkeys(case.path for case in plan.cases if case.is_program and case.program is None):
                try:
                    programs[path] = program_for(self._prepared.machine, path, folder / str(len(programs)))
                except BuildError as error:
                    self._say(f"{self._host} has no C compiler: {error}")
        cases = (dataclasses.replace(case, program=case.program or programs.get(case.path)) for case in plan.cases)
        return dataclasses.replace(plan, cases=tuple(cases))

    def _read(self, plan: BenchPlan, rounds: Path) -> RawBench:
        try:
            raw = read_typed(rounds, RawBench, f"the rounds that {self._host} measured", "measure again")
            require_fitting(plan, raw)
        except ParameterError as error:
            raise Failure(f"{self._host} answers with what cannot have been measured: {error}") from error
        return raw

    def _run(self, command: Sequence[str], progress: Progress) -> BaseException | None:
        """Have the job measured; what ended it early, if anything did."""
        try:
            ended = self._step(command, lambda line: _pass_on(line, progress))
        except (KeyboardInterrupt, Failure) as error:
            return error
        if ended.code:
            return Failure(f"the bench on {self._host} ended with code {ended.code} ({ended.last_line})")
        return None

    def _install(self, plan: BenchPlan) -> str:
        """The python of an environment there with this genrekit and the engines, as far as they can be had."""
        extras = _extras(plan, self._prepared.python)
        old = OLD_NUMPY in extras
        version = ".".join(map(str, self._prepared.python))
        environment = f"{self._prepared.folder}/python{version}{'-numpy1' if old else ''}"
        python = f"{environment}/bin/python"
        if self._step([python, "-m", "pip", "--version"]).code:
            self._need(["python3", "-m", "venv", environment], "make an environment", "see that its disk has room")
        self._connection.send(self._wheel, self._prepared.job)
        wheel = f"{self._prepared.job}/{self._wheel.name}"
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        always = [wheel, *(["numpy<2"] if old else [])]
        requested = {f"genrekit[{extra}]": f"{wheel}[{extra}]" for extra in extras}
        if any(case.front_end == "librosa" for case in plan.all_cases):
            requested[LIBROSA] = LIBROSA
        if self._step([*pip, *always, *requested.values()]).code:
            # Genrekit without engines, then each requested library: what cannot be had becomes rows that say so.
            self._need([*pip, *always], "install genrekit", REMEDY)
            for name, requirement in requested.items():
                if (ended := self._step([*pip, *always, requirement])).code:
                    self._say(f"{self._host} cannot install {name} ({ended.last_line}); rows that need it say so")
        # pip leaves a genrekit of the same version alone, though its code may be another.
        self._need([*pip, "--no-deps", "--force-reinstall", wheel], "install genrekit", REMEDY)
        return python

    def _need(self, command: Sequence[str], what: str, remedy: str) -> None:
        ended = self._step(command)
        if ended.code:
            raise Failure(f"{self._host} cannot {what} ({ended.last_line}); {remedy}")

    def _step(self, command: Sequence[str], on_line: ssh.OnLine | None = None) -> ssh.CommandResult:
        return self._connection.run([*_program(), "run", self._prepared.job, *command], on_line)


def _program() -> list[str]:
    return ["python3", "-c", Path(agent.__file__).read_text()]


@contextlib.contextmanager
def _prepared(connection: ssh.Connection) -> Iterator[Prepared]:
    """What `agent.hold` found; it holds the machine while the block runs."""
    host = connection.address.host
    with connection.kept_open([*_program(), "hold"]) as process:
        found, last = None, "no reason given"
        for line in itertools.islice(ssh.lines(process), MOST_GREETINGS):
            if is_busy(line):
                raise Failure(f"{host} measures for somebody else at the moment; wait for the end of that bench")
            with contextlib.suppress(ValueError):  # another program's, such as a greeting
                found = read_prepared(line)
                break
            last = line.strip()[:MOST_LETTERS] or last
        if found is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if process.wait(ENDING_S) == 127:  # the shell found no such command (POSIX, 2.8.2)
                    raise Failure(f"{host} has no python3 ({last}); install it, on Debian: apt install python3-venv")
            raise Failure(f"{host} cannot prepare a folder ({last}); see that {agent.FOLDER} can be written there")
        yield found


def _extras(plan: BenchPlan, python: tuple[int, ...]) -> list[str]:
    """The extras of genrekit that bring the engines of the cases, as far as they have wheels for `python`."""
    extras = []
    for case in () if plan.front_end else plan.all_cases:
        usual = (spec for spec in MEASURED.values() if spec.format == format_by_name(case.path))
        spec = MEASURED[case.engine] if case.engine else next(usual, None)
        if spec and spec.extra and (spec.last_python is None or python <= spec.last_python):
            extras.append(spec.extra)
    return list(dict.fromkeys(extras))


def _pass_on(line: str, progress: Progress) -> None:
    """A line of the job, if it reports a step."""
    if step := read_step(line):  # else a library's warning
        progress(*step)
