"""The progress of a chain of stages on stderr: which of how many, the time that it takes, and how long it will be."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.expected_time import Outlook, chain_outlook, outlook
from analysis.progress import Progress, Report, silent
from app.cli.terminal import remark
from app.figures.numbers import duration

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_REDRAWN: float = 0.2  # seconds


def left_words(outlook: Outlook) -> str:
    """How long it will still take, or that it takes longer than expected."""
    if outlook.longer:
        whole = "" if outlook.expected is None else f" (expected {duration(outlook.expected)})"
        return f"longer than expected{whole}"
    return "no estimate" if outlook.left is None else f"about {duration(outlook.left)} left"


@dataclass
class ChainBar:
    """Stages in a row, each with its own line.

    Args:
        stages: every stage that there will be, in order.
        expected: seconds predicted of each, None where they cannot be.
        quiet: show nothing.
    """

    stages: Sequence[str]
    expected: Mapping[str, float | None]
    quiet: bool = False
    spent: dict[str, float] = field(default_factory=dict)
    _bars: Bars | None = None
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _current: str | None = None
    _since: float = 0.0
    _drawn: float = 0.0

    @contextmanager
    def shown(self) -> Iterator[ChainBar]:
        """While this lasts, lines are drawn; where stderr is no terminal, one is written when a stage ends."""
        if self.quiet or not sys.stderr.isatty():
            yield self
            self._end_current("")
            return
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("[dim]{task.fields[found]}"),
        )
        with Bars(*columns, console=Console(stderr=True)) as bars:
            self._bars = bars
            yield self
            self._end_current("")
        self._bars = None

    def report(self, prefix: str = "", named: str = "") -> Report:
        """A report that shows a stage of the chain; what the chain does not know is not shown.

        Args:
            prefix: stands before the stage's name.
            named: the stage's name; by default that of each progress.
        """
        if self.quiet:
            return silent

        def tell(progress: Progress, /) -> None:
            name = prefix + (named or progress.stage)
            if name in self.expected:
                self._tell(name, progress)

        return tell

    def _tell(self, name: str, progress: Progress) -> None:
        now = time.perf_counter()
        if name != self._current:
            self._end_current("")
            self._current, self._since, self._drawn = name, now, -math.inf
        elapsed = now - self._since
        self.spent[name] = elapsed
        done = progress.done >= progress.total
        if self._bars is not None and (done or now - self._drawn >= _REDRAWN):
            self._drawn = now
            words = left_words(outlook(self.expected.get(name), elapsed))
            self._draw(name, progress, words, self._bars)
        if done:
            self._end_current(progress.found or "done")

    def _draw(self, name: str, progress: Progress, words: str, bars: Bars) -> None:
        """One line for the stage, and one for the whole chain."""
        at: dict[str, Any] = {"completed": progress.done, "total": progress.total}
        if name not in self._tasks:
            label = f"{self.stages.index(name) + 1}/{len(self.stages)} {name}"
            self._tasks[name] = bars.add_task(label, found="", left="", **at)
        bars.update(self._tasks[name], found=progress.found, left=words, **at)
        if len(self.stages) > 1:
            whole = chain_outlook(self.stages, self.expected, self.spent, self._current)
            if "" not in self._tasks:
                self._tasks[""] = bars.add_task("all stages", total=len(self.stages), found="", left="")
            n_done = sum(1 for stage in self.spent if stage != self._current)
            bars.update(self._tasks[""], completed=n_done, left=left_words(whole))

    def _end_current(self, found: str) -> None:
        name = self._current
        if name is None:
            return
        self._current = None
        if self._bars is not None:
            bars_done = sum(1 for stage in self.spent)
            if "" in self._tasks:
                whole = chain_outlook(self.stages, self.expected, self.spent, None)
                ended = bars_done >= len(self.stages)
                self._bars.update(self._tasks[""], completed=bars_done, left="" if ended else left_words(whole))
            if name in self._tasks:
                self._bars.update(self._tasks[name], left="")
        elif found and not self.quiet:
            remark(self._plain(name, found))

    def _plain(self, name: str, found: str) -> str:
        """A line for the end of a stage."""
        expected = self.expected.get(name)
        predicted = "" if expected is None else f", expected {duration(expected)}"
        place = f"stage {self.stages.index(name) + 1} of {len(self.stages)}"
        return f"{name}: {found} ({place}, {duration(self.spent[name])}{predicted})"
