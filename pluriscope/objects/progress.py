"""Progress of long computations, for a function of the user's, or in one line of a notebook."""

from __future__ import annotations

import inspect
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from pydantic import Field

from pluriscope.analysis.running.limits import DEFAULT_LIMITS, Limits
from pluriscope.analysis.running.progress import Progress, Report
from pluriscope.analysis.running.work import Work
from pluriscope.errors import InvalidOption

_SECONDS: Final = 1.0
"""Between two reports, and before a notebook shows the first."""
Reader = Callable[[str], Any] | None
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)] | None


@contextmanager
def reporting(report: Reader = None) -> Iterator[Report]:
    """Receiver for reports of progress that passes them on at most once a second, for the time of a block.

    Args:
        report: takes it in words; without it a notebook shows a line, in place and only until the block ends.

    Raises:
        InvalidOption: the report takes no text.
    """
    try:
        inspect.signature(report or print).bind("")
    except TypeError:
        raise InvalidOption("report", "takes no text", "give a function of one text, such as print") from None
    shows = report is None and _in_notebook()
    line, last = None, time.perf_counter() if shows else -_SECONDS
    known: dict[str, str] = {}  # what each stage ended with

    def show(progress: Progress, /) -> None:
        nonlocal last, line
        ended, due = progress.done == progress.total, time.perf_counter() - last > _SECONDS
        if progress.known is not None:
            known[progress.stage] = progress.known.words
        elif ended and progress.found:
            known[progress.stage] = progress.found
        if report and progress.found and (due or ended):
            report(f"{progress.stage}: {progress.found}")
        elif shows and due:
            before = [words for stage, words in known.items() if stage != progress.stage]
            share = f" · {progress.done / progress.total:.0%}" if progress.total > 1 else ""
            found = dict.fromkeys(filter(None, (known.get(progress.stage), progress.found)))
            words = "; ".join([*before, f"{progress.stage}: {'; '.join(found) or 'under way'}{share}"])
            line = line or _line()
            line(words)
        else:
            return
        last = time.perf_counter()

    try:
        yield show
    finally:
        shows = False  # what keeps the work, such as a population, may go on with it later
        if line:
            line("")


def _in_notebook() -> str:
    """The notebook that this runs in: "jupyter", which all kernels of it are, "marimo", or ""."""
    jupyter, marimo = map(sys.modules.get, ("IPython", "marimo"))
    if jupyter is not None and hasattr(jupyter.get_ipython(), "kernel"):
        return "jupyter"
    return "marimo" if marimo is not None and marimo.running_in_notebook() else ""


def _line() -> Callable[[str], Any]:
    """Shows a text below the cell that runs, in place of the one before; "" takes it away."""
    if _in_notebook() == "jupyter":
        shown = sys.modules["IPython"].display.display({"text/html": ""}, raw=True, display_id=True)
        return lambda text: shown.update({"text/plain" if text else "text/html": text}, raw=True)
    spinner = sys.modules["marimo"].status.spinner()
    inner = spinner.__enter__()
    return lambda text: inner.update(title=text) if text else spinner.__exit__(None, None, None)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Function that returns whether the user of a notebook interrupted the block. The first interrupt only sets that,
    so that work ends with what is known; the second raises KeyboardInterrupt, as elsewhere the first does.
    """
    interrupted_once = False

    def interrupted(_number: int, _frame: Any) -> None:
        nonlocal interrupted_once
        if interrupted_once:
            raise KeyboardInterrupt
        interrupted_once = True

    here = threading.current_thread() is threading.main_thread() and _in_notebook()
    former = signal.signal(signal.SIGINT, interrupted) if here else None
    try:
        yield lambda: interrupted_once
    finally:
        if here:
            signal.signal(signal.SIGINT, former)


@contextmanager
def working(seconds: float | None, report: Reader, limits: Limits = DEFAULT_LIMITS) -> Iterator[Work]:
    """Work with time limit, reports and interruption for an analysis, for the time of a block."""
    with reporting(report) as show, stopping() as stopped:
        work = Work(show, time.perf_counter, limits, stopped=stopped)
        yield work if seconds is None else work.for_seconds(seconds)
