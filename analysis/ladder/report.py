"""The ladder of map classes as it is stored, told and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import Field

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.ladder.climbing import climb_closed
from analysis.ladder.rungs import CLOSED, LEARNED, MAP_CLASSES, Ladder
from analysis.question import Question
from analysis.report import Analysed, Part, Report, Settings
from analysis.work import DEFAULT_WORK, Work

_LABELS: Final[Mapping[str, str]] = {str(key): label for key, label in MAP_CLASSES.items()}
_ORDER: Final[list[str]] = [*CLOSED, *LEARNED]


class RungFound(Part):
    """One class of maps, with its floor; see :class:`analysis.ladder.rungs.Rung`."""

    map_class: str
    algorithms: int
    alignments: int
    of: int | None
    joint: int | None
    exact: bool
    seconds: float
    refused: str
    floor_networks: int
    floor_passing: int
    floor_alignments: int

    @property
    def label(self) -> str:
        """Its name."""
        return _LABELS.get(self.map_class, self.map_class)


class LadderReport(Report):
    """See :class:`analysis.ladder.rungs.Ladder`."""

    algorithms: list[str] = Field(description="Those that were placed.")
    n_irredundant: int = Field(description="Irredundant algorithms with a variable, exact.")
    rungs: list[RungFound]
    n_permuted: int
    n_permuted_right: int = Field(description="Permuted networks that compute the task by themselves.")
    seed: int = Field(description="Of the permutations.")

    @property
    def in_order(self) -> list[RungFound]:
        """The classes that were climbed or refused, from the narrowest on."""
        return sorted(self.rungs, key=lambda one: [*_ORDER, one.map_class].index(one.map_class))

    def values(self, question: Question) -> list[HighLevelModel]:
        """The algorithms that were placed."""
        form, n_inputs = question.protocol.algorithm_form, question.model.n_inputs
        return [parse_algorithm(text, form, n_inputs) for text in self.algorithms]

    def findings(self, question: Question | None, part: str = "edge") -> list[str]:
        """What the numbers say, no more: where nothing passes, where all do, and where chance does as well."""
        if not self.algorithms:
            return ["No algorithm of this task has a variable to place, so there is nothing to climb."]
        n, told = len(self.algorithms), []
        climbed = [one for one in self.in_order if not one.refused]
        what = "The algorithm" if n == 1 else "Both algorithms" if n == 2 else f"All {n:,} algorithms"
        for words, chosen in (
            (f"{what} can be placed on", [one for one in climbed if one.algorithms == n]),
            ("Some of them, not all, on", [one for one in climbed if 0 < one.algorithms < n]),
            ("None on", [one for one in climbed if not one.algorithms]),
        ):
            if chosen:
                told.append(f"{words}: {'; '.join(one.label for one in chosen)}.")
        vain = [one for one in climbed if one.alignments and 0 < one.floor_networks <= 2 * one.floor_passing]
        if vain:
            told.append(
                "On at least half of the permuted networks something passes too, on: "
                f"{'; '.join(one.label for one in vain)}. Passing there says little about this network."
            )
        return told


def ladder_report(ladder: Ladder) -> LadderReport:
    """A ladder as a report."""
    rungs = [
        RungFound.showing(
            rung, map_class=key, **{f"floor_{name}": number for name, number in vars(ladder.floors[key]).items()}
        )
        for key, rung in ladder.rungs.items()
    ]
    return LadderReport.showing(ladder, rungs=rungs)


def find(of: Analysed, settings: Settings, work: Work = DEFAULT_WORK) -> LadderReport:
    """Climb every class in closed form, and the learned ones where all is asked for; only these load torch."""
    ladder = climb_closed(of.question, work)
    if settings.thorough:
        from analysis.ladder.learning import climb_learned

        ladder = climb_learned(ladder, of.question, work)
    return ladder_report(ladder)
