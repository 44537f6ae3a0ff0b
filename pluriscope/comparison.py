"""Two to six explanations side by side: what each says in every trial, where they contradict, and who is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from analysis.errors import InvalidIntervention
from analysis.experiments import SILENT
from app.figures.numbers import noun
from app.figures.svg.layout import node_name
from pluriscope.explanations import Explanation
from pluriscope.findings import Findings
from pluriscope.naming import LEAST, LETTERS, MOST
from pluriscope.showing import ROWS_SHOWN, Row, beside, frame, heading, link, table

_THUMB: Final = 170


@dataclass(frozen=True)
class Pair:
    """Two explanations in all trials; who says nothing is not right.

    Args:
        both: trials in which both say something.
        same: of those, the ones in which they say the same; in the others they contradict each other.
        both_right: trials in which both are right.
        first_right: in which the first alone is.
        second_right: in which the second alone is.
        neither: in which neither is.
    """

    both: int
    same: int
    both_right: int
    first_right: int
    second_right: int
    neither: int

    @property
    def apart(self) -> int:
        """Trials in which they contradict each other."""
        return self.both - self.same


@dataclass(frozen=True, eq=False)
class Trials:
    """What several explanations say in some trials, and what happens: interventions, or rows of a task.

    Args:
        said: ``[explanation, trial]`` what each says, 0 or more; −1 for nothing.
        happens: ``[trial]``.
        margins: ``[trial]`` how telling each is.
    """

    said: NDArray[Any]
    happens: NDArray[Any]
    margins: NDArray[np.float64]

    @cached_property
    def spoken(self) -> NDArray[np.bool_]:
        """``[explanation, trial]``: who says anything."""
        found: NDArray[np.bool_] = self.said != SILENT
        return found

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """``[explanation, trial]``: who is right."""
        found: NDArray[np.bool_] = self.said == self.happens
        return found

    @cached_property
    def apart(self) -> NDArray[np.intp]:
        """The trials in which two contradict each other, most telling first, else in order."""
        said = np.where(self.spoken, self.said, np.iinfo(self.said.dtype).max)
        where = np.flatnonzero(self.spoken.any(axis=0) & (said.min(axis=0) < self.said.max(axis=0)))
        return where[np.argsort(-self.margins[where], kind="stable")]

    def pair(self, first: int, second: int) -> Pair:
        """Two of them by their positions."""
        both = self.spoken[first] & self.spoken[second]
        one, other = self.right[first], self.right[second]
        return Pair(
            both=int(both.sum()),
            same=int((both & (self.said[first] == self.said[second])).sum()),
            both_right=int((one & other).sum()),
            first_right=int((one & ~other).sum()),
            second_right=int((other & ~one).sum()),
            neither=int((~one & ~other).sum()),
        )


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Explanations held against every interchange intervention on the network.

    Args:
        result: what they were found in.
        explanations: two to six; P, Q, R … in this order.
    """

    result: Findings
    explanations: tuple[Explanation, ...]

    @classmethod
    def of(cls, result: Findings, explanations: Sequence[Explanation]) -> Comparison:
        """A comparison, if these can be compared.

        Raises:
            InvalidIntervention: fewer than two, more than six, or of different networks, outputs or rows.
        """
        if not LEAST <= len(explanations) <= MOST:
            raise InvalidIntervention(
                "comparison", f"has {noun(len(explanations), 'explanation')}", f"give {LEAST} to {MOST}"
            )
        asked = result.question
        for one in explanations:
            other = one.result.question
            if (other.model.digest, other.output, other.data.digest) != (
                asked.model.digest,
                asked.output,
                asked.data.digest,
            ):
                cause = "is about another network, output or rows"
                raise InvalidIntervention(one.title, cause, "compare explanations of one output on the same rows")
        return cls(result, tuple(explanations))

    @property
    def letters(self) -> str:
        """What the explanations are called here."""
        return LETTERS[: len(self.explanations)]

    @property
    def address(self) -> str:
        """The page of this comparison."""
        refs = [one.ref for one in self.explanations]
        return self.result.addresses.compare(self.result.network_key, refs, self.result.scope)

    @cached_property
    def trials(self) -> Trials:
        """What each says of every intervention that counts, and what the network decides."""
        answers = self.result.decisions
        said = np.stack([one.predictions for one in self.explanations])[:, answers.counted]
        return Trials(said, answers.decisions[answers.counted], answers.margins[answers.counted])

    def rows(self) -> list[Row]:
        """A row for each intervention on which some contradict each other, clearest first: what is patched from which
        input to which, who says what, what happens.
        """
        sizes, n_inputs = self.result.question.cut.sizes, self.result.question.cut.n_inputs
        answers, sets, trials = self.result.decisions, self.result.interventions.sets, self.trials
        where = np.argwhere(answers.counted)
        found: list[Row] = []
        for number in trials.apart.tolist():
            members, source, base = where[number].tolist()
            said = trials.said[:, number].tolist()
            found.append(
                {
                    "patched": " + ".join(node_name(layer, neuron, sizes) for layer, neuron in sets[members]),
                    "source": f"{source:0{n_inputs}b}",
                    "base": f"{base:0{n_inputs}b}",
                    **{letter: None if one < 0 else one for letter, one in zip(self.letters, said, strict=True)},
                    "network": int(trials.happens[number]),
                    "output": float(answers.outputs[members, source, base]),
                }
            )
        return found

    def standings(self) -> list[Row]:
        """A row for each explanation: on how many interventions it predicts, and on how many it is right."""
        spoken, right = self.trials.spoken.sum(axis=1).tolist(), self.trials.right.sum(axis=1).tolist()
        return [
            {
                "": letter,
                "explanation": one.title,
                "predicted": spoken[number],
                "right": right[number],
                "of": len(self.trials.happens),
            }
            for number, (letter, one) in enumerate(zip(self.letters, self.explanations, strict=True))
        ]

    def to_pandas(self) -> Any:
        """A DataFrame of :meth:`rows`."""
        return frame(self.rows())

    def _repr_html_(self) -> str:
        drawn = beside(
            Markup("<div>{}<br>{}</div>").format(f"{letter} · {one.title}", one.thumb().image(_THUMB))
            for letter, one in zip(self.letters, self.explanations, strict=True)
        )
        total = len(self.trials.apart)
        said = f"{total:,} interventions divide them" if total else "no intervention divides them"
        told = table(self.rows()[:ROWS_SHOWN], caption=f"{said}; the clearest:" if total else said)
        return heading(link(self.address, "Comparison")) + drawn + table(self.standings()) + told

    def __repr__(self) -> str:
        names = " | ".join(one.title for one in self.explanations)
        return f"<Comparison: {names}; {len(self.trials.apart):,} interventions divide them>"
