"""The progress of a chain of stages on stderr: which of how many, and the time that it takes."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.progress import Progress, Report, silent
from app.cli.terminal import remark
from app.figures.numbers import duration

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_REDRAWN: float = 0.2  # seconds


@dataclass
class ChainBar:
    """Stages in a row, each with its own line.

    Args:
        stages: every stage that there will be, in order.
        quiet: show nothing.
    """

    stages: Sequence[str]
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
            if name in self.stages:
                self._tell(name, progress)

        return tell

    def _tell(self, name: str, progress: Progress) -> None:
        now = time.perf_counter()
        if name != self._current:
            self._end_current("")
            self._current, self._since, self._drawn = name, now, -math.inf
        self.spent[name] = now - self._since
        done = progress.done >= progress.total
        if self._bars is not None and (done or now - self._drawn >= _REDRAWN):
            self._drawn = now
            self._draw(name, progress, self._bars)
        if done:
            self._end_current(progress.found or "done")

    def _draw(self, name: str, progress: Progress, bars: Bars) -> None:
        """One line for the stage, and one for the whole chain."""
        at: dict[str, Any] = {"completed": progress.done, "total": progress.total}
        if name not in self._tasks:
            label = f"{self.stages.index(name) + 1}/{len(self.stages)} {name}"
            self._tasks[name] = bars.add_task(label, found="", **at)
        bars.update(self._tasks[name], found=progress.found, **at)
        if len(self.stages) > 1:
            if "" not in self._tasks:
                self._tasks[""] = bars.add_task("all stages", total=len(self.stages), found="")
            n_done = sum(1 for stage in self.spent if stage != self._current)
            bars.update(self._tasks[""], completed=n_done)

    def _end_current(self, found: str) -> None:
        name = self._current
        if name is None:
            return
        self._current = None
        if self._bars is not None:
            if "" in self._tasks:
                self._bars.update(self._tasks[""], completed=len(self.spent))
        elif found and not self.quiet:
            remark(self._plain(name, found))

    def _plain(self, name: str, found: str) -> str:
        """A line for the end of a stage."""
        place = f"stage {self.stages.index(name) + 1} of {len(self.stages)}"
        return f"{name}: {found} ({place}, {duration(self.spent[name])})"
