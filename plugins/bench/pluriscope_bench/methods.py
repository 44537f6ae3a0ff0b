"""Discovery methods that others wrote, run in processes of their own with a limit of time and memory."""

from __future__ import annotations

import ctypes
import faulthandler
import importlib.util
import inspect
import os
import random
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_all_start_methods
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.errors import AnalysisError, BeyondLimits, InvalidMethod
from pluriscope.analysis.running.progress import Progress, Report, silent
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.analysis.values.strict_json import validated
from pluriscope.processes.executor import Crashed, Finished, Lost, ProcessExecutor
from pluriscope.processes.memory import held, wants_memory
from pluriscope_bench.key.asking import Ask
from pluriscope_bench.key.condition import Condition
from pluriscope_bench.key.network_view import NetworkView
from pluriscope_bench.key.reading import NONE_ASKED, submission_of
from pluriscope_bench.key.submission import TRACKS, Calls, Outcome, Submission, Track

ASKING: Final = ("network", "ablation", "ask")
PUBLISHED: Final = ("module", "clean", "corrupt", "metric")
"""The parameters of a method's ``score``, in two forms; after them it may have ``seed``, and others with defaults."""
IMPORT_SECONDS: Final = 60.0
_NEARLY: Final = 0.9  # of the memory: a method that came so near has asked for more, whether it said so or not
_MOST_CHARACTERS: Final = 300
_BETWEEN_LOOKS: Final = 0.2
_CURE: Final = f"write score({', '.join(ASKING)}), which docs/bench.md explains"
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {}
"""Functions that were given, by what processes that are forked from this one know them by."""
_DIES_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl.h


@dataclass(frozen=True)
class Limits:
    """Limits of a method.

    Args:
        seconds: for one network; to be imported a method has :data:`IMPORT_SECONDS`.
        n_bytes: memory of its process; held to on Linux alone.
        workers: processes beside each other.
    """

    seconds: float = 60.0
    n_bytes: int = 2 << 30
    workers: int = 2


@dataclass(frozen=True)
class Task:
    """Task for a method, asked once for each of its seeds.

    Args:
        name: of the network.
        question: about it.
        condition: whose ablation is the method's, and whose judge says what is valid.
    """

    name: str
    question: Any
    condition: Condition


class MethodRecord(BaseModel):
    """Declaration of a method, by names in its file, or by attributes of a function.

    Args:
        name: ``NAME``, else the name of the file or function.
        track: ``TRACK``, what it may ask; None where it does not say, and may ask everything.
        seeds: ``SEEDS``, how often it is asked about each network, each time with another seed.
    """

    model_config = ConfigDict(alias_generator=str.upper, strict=True)
    name: str = Field(pattern=r"^[^\x00-\x1f\x7f]{1,60}$")
    track: Track | None
    seeds: int = Field(ge=1, le=20)


def method_of(source: Path | Callable[..., Any], limits: Limits) -> MethodRecord:
    """A method as it describes itself, found by importing it in a process of its own.

    Args:
        source: a Python file with a function ``score``, or that function.
        limits: of the process.

    Raises:
        InvalidMethod: it cannot be imported within the limits, has no ``score`` with the right parameters, or a
            ``NAME``, ``TRACK`` or ``SEEDS`` that cannot be; or processes do not take functions here.
    """
    slot = _Slot(source, limits)
    slot.start(partial(_described, slot.known_as))
    try:
        while (found := slot.look()) is None:
            wait(slot.executor.ends, slot.left)
    except AnalysisError as error:
        raise InvalidMethod(error.item, error.cause, error.cure) from None
    finally:
        slot.executor.close()
    if isinstance(found, Submission):
        raise InvalidMethod(_shown(source), f"cannot be imported ({found.message.rstrip('.')})", _CURE)
    return found


def run_method(
    source: Path | Callable[..., Any], tasks: Sequence[Task], limits: Limits, report: Report = silent
) -> Iterator[tuple[Submission, ...]]:
    """Ask a method, in processes beside each other that are replaced where they are lost.

    Args:
        source: as of :func:`method_of`.
        tasks: what it is asked.
        limits: of each process.
        report: gets the number of answers.

    Yields:
        for each task, in their order, what it answered with its first seed, then with the others. Whatever goes wrong
        with one task is the outcome of that one.

    Raises:
        InvalidMethod: as :func:`method_of`.
    """
    method = method_of(source, limits)
    jobs = [(_without_truth(task), repeat) for task in tasks for repeat in range(method.seeds)]
    slots = [_Slot(source, limits) for _ in range(min(limits.workers, len(jobs)))]
    waiting, done, answered, yielded = iter(enumerate(jobs)), dict[int, Submission](), 0, 0
    try:
        while yielded < len(jobs):
            for slot in slots:
                if slot.number is None and (job := next(waiting, None)) is not None:
                    slot.number, (task, repeat) = job
                    slot.start(partial(_answered, slot.known_as, task, repeat, limits.n_bytes, slot.inherited))
            busy = [slot for slot in slots if slot.number is not None]
            if busy:
                wait([end for slot in busy for end in slot.executor.ends], min(slot.left for slot in busy))
            for slot in busy:
                try:
                    found = slot.look()
                except AnalysisError as error:  # it could be imported before
                    found = _unanswered("raised", f"It {error.cause}.")
                if isinstance(found, Submission) and slot.number is not None:
                    text = "".join(one if one.isprintable() else " " for one in found.message)
                    text = re.sub("at 0x[0-9a-f]*", "at 0x…", text)  # an address, another one in every run
                    done[slot.number] = replace(found, message=text)
                    slot.number, answered = None, answered + 1
                    report(Progress("methods", answered, len(jobs), f"{answered} of {len(jobs)} answers"))
            while all(number in done for number in range(yielded, yielded + method.seeds)):
                yield tuple(done.pop(number) for number in range(yielded, yielded + method.seeds))
                yielded += method.seeds
    finally:
        for slot in slots:
            slot.executor.close()


class _Slot:
    """Process that a method runs in: it imports the method, then takes one task after the other."""

    def __init__(self, source: Path | Callable[..., Any], limits: Limits) -> None:
        function = not isinstance(source, Path)
        if function and "fork" not in get_all_start_methods():
            raise InvalidMethod(_shown(source), "cannot be given to a process of its own here", "give a file")
        self.known_as = str(source.absolute()) if isinstance(source, Path) else f"function {id(source)}"
        if not isinstance(source, Path):
            _FUNCTIONS[self.known_as] = source
        self.inherited = held() if function else 0
        self._most = limits.n_bytes + self.inherited
        self.executor = ProcessExecutor(self._most, keeps=True, begin=stand_apart, forked=function)
        self.number: int | None = None
        self._limit = self._seconds = limits.seconds
        self._until = 0.0

    @property
    def left(self) -> float:
        """Seconds until its time is up, or its memory is looked at again."""
        return min(_BETWEEN_LOOKS, max(0.0, self._until - time.monotonic()))

    def start(self, compute: Callable[[Work], Any]) -> None:
        """Start something, the time of which begins when the method has been imported."""
        os.environ.setdefault("PYTHONHASHSEED", "0")  # of processes to come: what goes through a set repeats itself
        self._allow(IMPORT_SECONDS)
        self.executor.start(compute, lambda _: self._allow(self._seconds))

    def _allow(self, seconds: float) -> None:
        self._limit, self._until = seconds, time.monotonic() + seconds

    def look(self) -> Submission | MethodRecord | None:
        """Outcome of the process; None if it goes on."""
        lost = True
        try:
            finished = self.executor.wait(0)
            if finished is None and self.executor.held > self._most:  # memory that it shares has no other limit
                finished = Finished(_unanswered("memory", f"It holds more than {self._most / 1e6:,.0f} MB of memory."))
            if finished is None and self.left:
                return None
            if finished and isinstance(finished.outcome, MethodRecord):
                return finished.outcome
            found = finished.outcome if finished else _unanswered("timeout", "")
            lost = found.outcome in ("timeout", "memory")
        except BeyondLimits:
            found = _unanswered("memory", "Its process had no memory left.")
        except Lost as error:
            found = _unanswered("raised", f"Its {error.reason}.")
        except Crashed as error:
            found = _unanswered("raised", f"What it gave could not be sent ({error.args[0]}).")
        if found.outcome == "timeout" or found.seconds > self._seconds:
            found = _unanswered("timeout", f"It took more than {self._limit:g} s.")
        if lost:
            self.executor.close()
        return found


def _unanswered(outcome: Outcome, message: str, calls: Calls = NONE_ASKED, seconds: float = 0.0) -> Submission:
    return Submission(outcome, message[:_MOST_CHARACTERS], calls=calls, seconds=seconds)


def _shown(source: Path | Callable[..., Any]) -> str:
    """A method in errors."""
    return f"method {source.name if isinstance(source, Path) else getattr(source, '__name__', 'of a call')!r}"


def _without_truth(task: Task) -> Task:
    """Strip what was planted in the network from a task."""
    subject = task.question.subject
    if getattr(subject, "planted", None) is None:
        return task
    return replace(task, question=replace(task.question, subject=replace(subject, planted=None)))


# --- in the process of the method


def stand_apart() -> None:
    """Make this process head of its own group, silent, and let it end with the one that started it."""
    if hasattr(os, "setsid"):
        os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    faulthandler.disable()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - in notebooks these are no files


def _described(known_as: str, _: Work) -> MethodRecord:
    return _loaded(known_as)[0]


@cache
def _loaded(known_as: str) -> tuple[MethodRecord, Callable[..., Any], str]:
    """A method: its record, its function, and the file that it stands in."""
    given = _FUNCTIONS.get(known_as)
    item = _shown(given or Path(known_as))
    if "torch" in sys.modules:  # whose other threads a forked process does not have
        function_at("torch:set_num_threads")(1)
    attributes = {**getattr(given, "__dict__", {}), "score": given}
    names = vars(_module(Path(known_as), item)) if given is None else attributes
    function = names.get("score")
    if not callable(function):
        raise InvalidMethod(item, "has no function 'score'", _CURE)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise InvalidMethod(item, "has a 'score' whose parameters cannot be read", _CURE) from None
    needed = [one.name for one in parameters if one.default is one.empty and not one.kind.name.startswith("VAR")]
    if not any(needed in ([*wanted], [*wanted, "seed"]) for wanted in (ASKING, PUBLISHED)):
        cause = f"has score({', '.join(one.name for one in parameters)}), whose parameters are not those of a method"
        raise InvalidMethod(item, cause, f"{_CURE}, or score({', '.join(PUBLISHED)})")
    name = Path(known_as).stem if given is None else getattr(given, "__name__", "function")
    said = {key: names.get(key, usual) for key, usual in (("NAME", name), ("TRACK", None), ("SEEDS", 1))}
    record = validated(MethodRecord, said, item, InvalidMethod, "give what docs/bench.md says")
    code = getattr(inspect.unwrap(function), "__code__", None)
    return record, function, code.co_filename if code and given else known_as


def _module(path: Path, item: str) -> Any:
    """A method's file, imported; what stands beside it can be imported by it."""
    sys.dont_write_bytecode = True  # the author's folder stays as it is
    try:
        if b"torch" in path.read_bytes():  # so that its random numbers have a seed from the beginning
            function_at("torch:set_num_threads")(1)
        sys.path.insert(0, str(path.parent.resolve()))
        spec: Any = importlib.util.spec_from_file_location(f"method_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    except BaseException as error:
        cause = f"cannot be imported ({_in_words(error, str(path))})"
        raise InvalidMethod(item, cause, "give a Python file that can be imported by itself") from None
    return module


def _answered(known_as: str, task: Task, repeat: int, n_bytes: int, inherited: int, work: Work) -> Submission:
    """Answer of a method about one network."""
    method, function, file = _loaded(known_as)
    work.report_step("methods", 1, 1, "imported")
    question, ablation, parameters = task.question, task.condition.ablation, inspect.signature(function).parameters
    published = PUBLISHED[0] in parameters
    if published and question.kind.refuses("neurons"):
        return _unanswered("not-offered", f"Modules of {question.kind.plural} whose edges can be patched are not made.")
    try:
        ask = Ask(question, task.condition, method.track or TRACKS[-1])
        if published:
            given = function_at("pluriscope_bench.key.patchable_module:published_form")(question, ablation)
        else:
            given = (NetworkView.of(question, ablation), ablation, ask)
    except AnalysisError as error:
        return _unanswered("not-offered", f"{error}")
    seed = int(sha256_hex(f"{method.name}\n{task.name}\n{repeat}".encode())[:8], 16)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the state that others' code draws from
    if "torch" in sys.modules:
        function_at("torch:manual_seed")(seed)
    begin, more = time.perf_counter(), {"seed": seed} if "seed" in parameters else {}
    try:
        answer = function(*given, **more)
        seconds = time.perf_counter() - begin
        calls = given[0].calls if published else ask.calls
        found = submission_of(question.graph, answer, calls, seconds)
    except BaseException as error:
        seconds = time.perf_counter() - begin
        outcome: Outcome = "memory" if wants_memory(error) else "raised"
        found = _unanswered(outcome, f"{_in_words(error, file)}.", ask.calls, seconds)
    if published and TRACKS.index(found.calls.track) > TRACKS.index(ask.track):
        ask.beyond = f"it asks for {found.calls.track} on the track {method.track!r}"
    if ask.beyond:
        return _unanswered("beyond-track", f"{ask.beyond[:1].upper()}{ask.beyond[1:]}.", found.calls, seconds)
    if found.outcome == "memory" or held(at_most=True) - inherited > _NEARLY * n_bytes:
        return _unanswered("memory", f"It needs more than {n_bytes / 1e6:,.0f} MB of memory.", found.calls, seconds)
    return found


def _in_words(error: BaseException, file: str) -> str:
    """An error's last line, and where in a method's file it arose."""
    text = "".join(traceback.format_exception_only(error)).strip().splitlines() or [type(error).__name__]
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    line = lines[-1] if lines else getattr(error, "lineno", None)
    return f"{text[-1][:_MOST_CHARACTERS]}" + (f", line {line}" if line else "")
