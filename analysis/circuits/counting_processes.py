"""States tallied, and circuits drawn, by several processes: NumPy's calls are too short for threads to gain anything.

A process is a Python of its own, started by ``python -m analysis.circuits.counting_processes``, that reads from its
standard input what to find and writes it to its standard output. It needs nothing of the program that started it,
neither that it may have children of :mod:`multiprocessing`, nor that its main module can be imported again. It ends
when that program does, however it ended, for its input is closed then.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from typing import IO, Any, Final, TypeVar, cast

from analysis.circuits.layered_states import CountableSpace, Placed
from analysis.circuits.prefixes import Prefixes
from analysis.circuits.source_subsets import Tally
from analysis.errors import AnalysisError
from analysis.question import Question

Given = TypeVar("Given")
Found = TypeVar("Found")
PROCESS_BYTES: Final = 48 << 20
"""What a process takes before it tallies anything."""
_ENVIRONMENT: Final = {
    # processes that each had several threads would wait for one another
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # to give each array back to the system and to ask for the next took a fifth of the time
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}


class CountingProcesses:
    """Processes that tally pieces of one question's space. Use it as a context manager.

    Args:
        question: whose space it is.
        n: how many processes.
    """

    def __init__(self, question: Question, n: int) -> None:
        self._question, self._n = question, n
        self._free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._open = ExitStack()

    def __enter__(self) -> CountingProcesses:
        environment = {**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._threads = ThreadPoolExecutor(self._n)
        with self._open:
            # last of all, so that nothing is waited for that nobody wants any more
            self._open.callback(self._threads.shutdown, cancel_futures=True)
            for _ in range(self._n):
                process = subprocess.Popen(  # noqa: S603  ourselves
                    [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
                )
                self._open.callback(_end, process)
                _send(process, self._question)
                self._free.put(process)
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def begin_tallying(self, pieces: Sequence[Prefixes]) -> Callable[[], list[Tally]]:
        """Begin to tally pieces; whichever process is free takes the next.

        Returns:
            What waits for the tallies, in the order of the pieces. It raises BeyondLimits as
            :meth:`CountableSpace.terms` does, and ChildProcessError if a process ended before its time.
        """
        return self._begin(CountableSpace.tally, pieces)

    def masks(self, placed: Sequence[Placed]) -> list[list[int]]:
        """The masks of circuits, state by state.

        Raises:
            ChildProcessError: a process ended before its time.
        """
        return self._begin(CountableSpace.masks, placed)()

    def _begin(
        self, method: Callable[[CountableSpace, Given], Found], given: Sequence[Given]
    ) -> Callable[[], list[Found]]:
        futures = [self._threads.submit(self._ask, method, one) for one in given]
        return lambda: [future.result() for future in futures]

    def _ask(self, method: Callable[[CountableSpace, Given], Found], given: Given) -> Found:
        process = self._free.get()
        try:
            _send(process, (method, given))
            told = pickle.load(cast(IO[bytes], process.stdout))  # noqa: S301  our own process wrote it
        except (EOFError, OSError, pickle.UnpicklingError):
            process.kill()  # if it has not ended, it cannot be talked to any more
            raise ChildProcessError(f"a process that counts ended too early, with status {process.wait()}") from None
        finally:
            self._free.put(process)
        if isinstance(told, AnalysisError):
            raise told
        return cast(Found, told)


def _send(process: subprocess.Popen[bytes], what: Any) -> None:
    pipe = cast(IO[bytes], process.stdin)
    pickle.dump(what, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):  # it ended while something was being sent
            cast(IO[bytes], pipe).close()


def serve(orders: IO[bytes], answers: IO[bytes]) -> None:
    """What a process does: it reads a question, then what to find of its space, until there is no more."""
    try:
        space = CountableSpace.of(pickle.load(orders))  # noqa: S301  who started this process wrote it
        while True:
            method, given = pickle.load(orders)  # noqa: S301
            try:
                told = method(space, given)
            except AnalysisError as error:
                told = error
            pickle.dump(told, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
    except EOFError:
        return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who started this one ends it
    _answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get among the answers
    serve(sys.stdin.buffer, _answers)
