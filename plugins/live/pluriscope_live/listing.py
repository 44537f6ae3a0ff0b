"""Every valid circuit of a live space, and one circuit of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.figures.numbers import Bound
from pluriscope.objects.counts import Count
from pluriscope.objects.progress import Reader, working
from pluriscope.objects.showing import Row, aligned, frame, table
from pluriscope_live.saving import save

if TYPE_CHECKING:
    from pluriscope_live.space import RowsName, Space, Verdicts

MOST_UNITS: Final = 22
"""Of which all circuits are run."""
_BLOCK: Final = 1 << 12
Numbers = NDArray[np.uint64]


@dataclass(frozen=True)
class Circuit:
    """Units of a space that run together, all others ablated.

    Args:
        space: whose it is.
        number: its mask: bit u is unit u.
    """

    space: Space
    number: int

    @property
    def units(self) -> tuple[str, ...]:
        """Names of what it keeps."""
        return tuple(name for bit, name in enumerate(self.space.units) if self.number >> bit & 1)

    @property
    def size(self) -> int:
        """Number of units that it keeps."""
        return self.number.bit_count()

    @property
    def bits(self) -> NDArray[np.bool_]:
        """``[units]`` what it keeps."""
        return np.array([self.number >> bit & 1 for bit in range(self.space.n_units)], dtype=np.bool_)

    @cached_property
    def verdict(self) -> Verdicts:
        """What the protocol says of it on the space's rows, an array of one each."""
        return self.space.judge(self.bits[None])

    @property
    def is_valid(self) -> bool:
        return bool(self.verdict.valid[0])

    @property
    def faithfulness(self) -> float:
        """Its score by the protocol's criterion."""
        return float(self.verdict.score[0])

    @cached_property
    def held_out(self) -> float | None:
        """Its score on the rows held out; None where the space has none."""
        return None if self.space.held_out is None else float(self.space.judge(self.bits[None], "held-out").score[0])

    @cached_property
    def complement(self) -> Verdicts:
        """What the protocol says of all other units without these."""
        return self.space.judge(~self.bits[None])

    @cached_property
    def spare(self) -> tuple[str, ...]:
        """Units each of which can be removed alone; none in a circuit of which nothing can be spared."""
        kept = np.flatnonzero(self.bits)
        without = np.repeat(self.bits[None], len(kept), axis=0)
        without[np.arange(len(kept)), kept] = False
        valid = self.space.valid(without)[0]
        return tuple(self.space.units[unit] for unit in kept[valid])

    def hooks(self, model: Any = None) -> AbstractContextManager[None]:
        """A context in which the model runs as this circuit, whoever calls it.

        Args:
            model: that of the space if None; another object must have equal parameters.

        Raises:
            InvalidNetwork: it has other parameters, or runs as a circuit already.
        """
        return self.space.running_as(self.bits, model)

    def __repr__(self) -> str:
        return f"<Circuit: {self.size} of {self.space.n_units} units: {' '.join(self.units)}>"


class Circuits(Sequence[Circuit]):
    """Circuits of a space, of which each is made when it is asked for.

    Args:
        space: theirs.
        numbers: their masks.
    """

    def __init__(self, space: Space, numbers: Numbers) -> None:
        self.space, self.numbers = space, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return Circuits(self.space, self.numbers[at])
        return Circuit(self.space, int(self.numbers[at]))

    def rows(self) -> list[Row]:
        """Figures of each, run together."""
        score, held_out = self._scores("rows"), self._scores("held-out") if self.space.held_out else [None] * len(self)
        both = zip(self, score, held_out, strict=True)
        return [
            {"size": one.size, "faithfulness": a, "held out": b, "units": " ".join(one.units)} for one, a, b in both
        ]

    def _scores(self, rows: RowsName) -> list[float]:
        return self.space.judge([one.number for one in self], rows).score.tolist() if len(self) else []

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each."""
        return frame(self.rows())

    def __repr__(self) -> str:
        return aligned(self[:10].rows(), f"{len(self):,} circuits", n=len(self))

    def _repr_html_(self) -> str:
        return str(table(self[:10].rows()))


@dataclass(frozen=True, eq=False, repr=False)
class Found:
    """All valid circuits of a space.

    Args:
        space: what was searched.
        numbers: masks of the valid ones, those with the fewest units first.
        strict, lax: how many are valid where gaps near a tie count as wrong, and as right.
        tested: masks that were run; fewer than there are where time was up.
    """

    space: Space
    numbers: Numbers
    strict: int
    lax: int
    tested: int
    save = save

    @property
    def possible(self) -> int:
        return 1 << self.space.n_units

    @property
    def complete(self) -> bool:
        """Whether every mask was run."""
        return self.tested == self.possible

    @property
    def circuits(self) -> Circuits:
        """The valid ones, those with the fewest units first."""
        return Circuits(self.space, self.numbers)

    @cached_property
    def minimal(self) -> Circuits:
        """The valid ones that have no other within."""
        return Circuits(self.space, minimal_masks(self.numbers))

    @property
    def smallest(self) -> Circuits:
        """The valid ones with the fewest units."""
        sizes = np.bitwise_count(self.numbers)
        return Circuits(self.space, self.numbers[sizes == sizes[:1]])

    @property
    def sizes(self) -> dict[int, int]:
        """Number of valid circuits by their number of units."""
        counts = np.bincount(np.bitwise_count(self.numbers))
        return {size: int(count) for size, count in enumerate(counts) if count}

    @property
    def use(self) -> dict[str, int]:
        """Number of valid circuits that keep each unit."""
        one = np.uint64(1)
        return {name: int((self.numbers >> np.uint64(bit) & one).sum()) for bit, name in enumerate(self.space.units)}

    @property
    def indispensable(self) -> tuple[str, ...]:
        """Units that every valid circuit keeps.

        Raises:
            BeyondLimits: not every mask was run.
        """
        if not self.complete:
            cause = f"is not known: {self.tested:,} of {self.possible:,} masks were run"
            raise BeyondLimits("what is indispensable", cause, "call pluriscope.explain(space) again with more seconds")
        return tuple(name for name, count in self.use.items() if count == len(self.numbers))

    @cached_property
    def fails_without(self) -> tuple[str, ...]:
        """Units without which the whole model fails; they need not be indispensable."""
        without = ~np.eye(self.space.n_units, dtype=np.bool_)
        valid = self.space.valid(without)[0]
        return tuple(name for name, one in zip(self.space.units, valid, strict=True) if not one)

    @property
    def counts(self) -> dict[str, Count]:
        """Numbers of circuits, with how sure each is."""
        bound: Bound = "exact" if self.complete else "at_least"
        return {
            "possible circuits": Count(self.possible),
            "valid circuits": Count(len(self.numbers), bound),
            "minimal circuits": Count(len(self.minimal), bound),
        }

    @property
    def verdict(self) -> str:
        """In one sentence, whether there is one circuit."""
        n, least, protocol = len(self.minimal), self.smallest, self.space.protocol
        if not self.complete:
            found = f"{len(self.numbers):,} valid circuits were found in {self.tested:,} of {self.possible:,} masks"
            return f"{self.space.doubt} {found}, by {protocol}.".lstrip()
        of = f"of {least[0].size} of {self.space.n_units} units"
        if n == 1:
            return f"{self.space.doubt} One minimal circuit, {of}, explains the model by {protocol}.".lstrip()
        kept = len(self.indispensable)
        shared = f"they share {kept} {'unit' if kept == 1 else 'units'}" if kept else "no unit is in all of them"
        found = f"{n:,} minimal circuits, the smallest {of}, explain the model by {protocol}; {shared}."
        return f"{self.space.doubt} {found}".lstrip()

    def __repr__(self) -> str:
        ties = f"; {self.strict:,} to {self.lax:,} by near ties" if self.strict != self.lax else ""
        return f"{self.verdict}\n<Found: {len(self.numbers):,} valid of {self.possible:,} circuits{ties}>"


def explained(space: Space, *, seconds: float | None = None, report: Reader = None) -> Any:
    """Every valid circuit of a space of at most 22 units, :class:`Found`; of more what uniform draws say.

    Args:
        seconds: after so many it is what was found by then; with a file the next call goes on.
        report: called with what is known, in words.
    """
    with working(seconds, report) as work:
        if space.n_units > MOST_UNITS:
            return function_at("pluriscope_live.sampling:drawn")(space, work)
        return _listed(space, work)


def _listed(space: Space, work: Work) -> Found:
    total, units = 1 << space.n_units, np.arange(space.n_units, dtype=np.uint64)
    found, strict, lax, done = [np.empty(0, np.uint64)], 0, 0, 0
    store = space.resumed
    for line in store.of("block"):
        if line["to"] > done:  # two programs that write one file give a block twice
            found.append(np.array(line["valid"], dtype=np.uint64))
            strict, lax, done = strict + line["strict"], lax + line["lax"], line["to"]
    with work.ending("circuits"):
        work.report_step("circuits", done, total)
        while done < total:
            numbers = np.arange(done, min(done + _BLOCK, total), dtype=np.uint64)
            bits = (numbers[:, None] >> units & np.uint64(1)).astype(np.bool_)
            valid, surely, perhaps = space.valid(bits)
            found.append(numbers[valid])
            strict, lax, done = strict + int(surely.sum()), lax + int(perhaps.sum()), int(numbers[-1]) + 1
            one = {"valid": found[-1].tolist(), "strict": int(surely.sum()), "lax": int(perhaps.sum())}
            store.add("block", to=done, **one)
            work.report_step("circuits", done, total, f"{sum(map(len, found)):,} valid of {done:,} tried")
    every = np.concatenate(found)
    return Found(space, every[np.lexsort((every, np.bitwise_count(every)))], strict, lax, done)
