"""The common ground as it is stored: which places explanations stand at, the best and the worst, and how all spread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from pydantic import Field

from pluriscope.analysis.common_ground.on_sites import SharedGround, shared_ground
from pluriscope.analysis.common_ground.points import THOROUGH, Bounds, ExtremeFound
from pluriscope.analysis.common_ground.survey import CommonGround, survey_common_ground
from pluriscope.analysis.methods.report import Analysed, Exact, Part, Report, Settings
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.placements.result import AlgorithmResult
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion

Kind = Literal["interpretation", "valid", "failing"]
KINDS: Final[tuple[Kind, ...]] = ("interpretation", "valid", "failing")
"""Observed classes of the interpretations of circuits, valid alignments, and alignments that fail."""


class PlaceFound(Part):
    """Explanations of one kind that predict equally much, and are right equally often."""

    kind: Kind
    predicted: int = Field(description="Interventions that each predicts.")
    right: int = Field(description="Of those, how many it predicts right.")
    count: int = Field(description="Observed classes, or placements.")
    members: Exact = Field(description="Interpretations in those classes; 0 of placements.")
    first: str = Field(description="One of them: the mask of its circuit, or the id of its algorithm.")
    second: str = Field(description="And the index of the representative, or the id of the placement.")


class CommonGroundReport(Report):
    """The coverage and accuracy of the explanations of an analysis on all interchange interventions."""

    n_sets: int = Field(description="Sets of hidden neurons that are patched.")
    largest_set: int | None = Field(description="Most neurons in a set where not every set is patched, else null.")
    n_interventions: int = Field(description="Sets times ordered pairs of different inputs.")
    n_classes: Exact = Field(description="Observed classes of the listed circuits.")
    classes: int = Field(description="Of those, how many were looked at.")
    drawn: bool = Field(description="Whether these are a uniform sample, without repetition.")
    seed: int = Field(description="Of the sample.")
    n_unread: int = Field(
        default=0,
        description="Classes drawn beside those: finding one of their circuit's by rank takes too many states.",
    )
    more_circuits: bool = Field(False, description="Whether there are valid circuits that are not listed.")
    n_alignments: int = Field(description="Kept placements.")
    alignments: int = Field(description="Of those, how many were looked at.")
    silent_classes: int = Field(description="Classes that predict nothing: their output has no gate.")
    silent_alignments: int = Field(description="Placements that predict nothing: no variable has a place.")
    interpretations: Exact = Field(description="Interpretations in the classes that were looked at.")
    perfect: Exact | None = Field(description="Of these, right on every intervention; null if not known.")
    best: ExtremeFound | None = Field(description="Every completion included; null if not known for some class.")
    worst: ExtremeFound | None
    spread: list[tuple[int, Exact]] | None = Field(
        description="Right predictions, with how many interpretations have so many; null where that is not known."
    )
    places: list[PlaceFound]
    shared: SharedGround | None = Field(None, description="Of a network with sites; null of others.")

    @property
    def known(self) -> bool:
        """Whether anything was found that it sums up."""
        return self.shared is None or bool(self.n_sets)

    @property
    def partial(self) -> bool:
        """Whether something was left out: circuits or alignments beyond a limit, drawn classes, or large sets."""
        left_out = self.drawn or self.more_circuits or self.alignments < self.n_alignments
        return left_out or self.largest_set is not None

    @property
    def all_there_is(self) -> bool:
        return not self.drawn and self.alignments == self.n_alignments

    def of(self, *kinds: Kind) -> Iterator[PlaceFound]:
        """The places of some kinds."""
        return (one for one in self.places if one.kind in kinds)

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        of, answer = f"{self.n_interventions:,}", []
        everywhere = [one for one in self.places if one.predicted == self.n_interventions]
        aligned = [one for one in everywhere if one.kind != "interpretation"]
        sampled = " among those looked at" if self.partial else ""
        n_perfect = int(self.perfect or 0) + sum(one.count for one in aligned if one.right == one.predicted)
        if n_perfect:
            who = (
                f"{n_perfect:,} explanations{sampled} predict"
                if n_perfect > 1
                else f"One explanation{sampled} predicts"
            )
            answer.append(f"{who} all {of} interventions right.")
        elif everywhere and self.perfect is not None:
            answer.append(f"No explanation{sampled} predicts all {of} interventions right.")
        if self.best is not None and self.worst is not None:
            which = " of the classes drawn" if self.drawn else " of listed circuits" if self.more_circuits else ""
            answer.append(
                f"The best of {int(self.interpretations):,} interpretations{which} is right on {self.best.right:,} of "
                f"{of}, the worst on {self.worst.right:,}."
            )
        if aligned:
            best = max(one.right for one in aligned)
            answer.append(f"The best placement that predicts every set is right on {best:,} of {of}.")
        sure = [one for one in self.of("valid", "failing") if one.right == one.predicted]
        if sure:
            n, most = sum(one.count for one in sure), max(one.predicted for one in sure)
            who = (
                "One placement is right wherever it predicts"
                if n == 1
                else f"{n:,} placements are right wherever they predict"
            )
            answer.append(f"{who}, on at most {most:,} of {of}.")
        if self.shared is not None:
            answer += self._shared_findings(self.shared)
        return answer or ["No explanation predicts any intervention."]

    @staticmethod
    def _shared_findings(shared: SharedGround) -> Iterator[str]:
        n = len(shared.algorithms)
        if n > 1:
            for what, found in (
                ("site", [(one.site, one.algorithms) for one in shared.sites]),
                ("variable", [(one.names[0], one.algorithms) for one in shared.variables]),
            ):
                most = max((many for _, many in found), default=0)
                names = ", ".join(name for name, many in found if many == most > 1)
                who = "All" if most == n else f"{most:,} of the"
                yield f"{who} {n:,} placed algorithms have {names}." if names else f"No {what} is of two algorithms."
        if same := sum(not one.differ for one in shared.apart):
            yield f"No interchange of one variable parts {same:,} of {len(shared.apart):,} pairs of them."


class CommonGroundWithSurvey(CommonGroundReport):
    """A report on its way to the store, which keeps beside it what is predicted and right, alignment by alignment; on a
    second line, where all classes were looked at, the fewest and the most that members of each predict right, by
    circuit, then rank.
    """

    beside: str = Field(exclude=True)


def find(of: Analysed[Question], settings: Settings, work: Work = DEFAULT_WORK) -> CommonGroundReport:
    """Survey every kept alignment and every observed class, or a uniform sample of the classes."""
    if of.question.kind.refuses("formulas"):
        return _on_sites(of.placements or _NOTHING, of.readings)
    if of.formulas is None:
        raise ValueError("the common ground looks at placements, which were not read")
    placed = of.formulas.kept
    bounds = THOROUGH if settings.thorough else Bounds()
    found = survey_common_ground(of.question, of.circuits.masks, placed, of.classes, work, bounds=bounds)
    sizes = found.classes.size
    speaking = found.classes.predicted > 0
    points = found.alignments
    numbers = [[*points.predicted.tolist(), *points.right.tolist()]]
    if not found.drawn:
        numbers.append([*found.classes.worst.tolist(), *found.classes.best.tolist()])
    beside = "\n".join(" ".join(map(str, one)) for one in numbers)
    return CommonGroundWithSurvey(
        n_sets=len(found.space.sets),
        largest_set=found.space.largest,
        n_interventions=found.space.n_interventions,
        n_classes=str(found.n_classes),
        classes=len(found.classes),
        drawn=found.drawn,
        seed=found.seed,
        n_unread=found.n_unread,
        more_circuits=of.circuits.truncated_at is not None,
        n_alignments=found.n_alignments,
        alignments=len(points),
        silent_classes=int((~speaking).sum()),
        silent_alignments=int((points.predicted == 0).sum()),
        interpretations=str(sum(size for size, speaks in zip(sizes, speaking, strict=True) if speaks)),
        perfect=None if found.n_perfect is None else str(found.n_perfect),
        best=found.best,
        worst=found.worst,
        spread=None if found.spread is None else [(right, str(n)) for right, n in sorted(found.spread.items())],
        places=list(_joined(found, of, placed)),
        beside=beside,
    )


_NOTHING: Final = PlacementsReport(inputs="", n_rows=0, n_right=0, families=[], algorithms=[])


def _on_sites(placed: PlacementsReport, readings: InterpretationsReport | None) -> CommonGroundReport:
    """Sum up what placements of algorithms predict of the sets of sites that they have."""
    models = [one for one in placed.algorithms if not one.folded_onto]
    here, n = defaultdict[tuple[bool, int, int], list[tuple[str, str]]](list), 0
    for model in models:
        n += len(model.placements)
        for one in model.placements:
            if one.score.of:
                here[not one.placed, one.score.of, one.score.agreed].append((model.id, one.id))
    n_sets = sum(one.n_tried for one in placed.families)
    return CommonGroundReport(
        n_sets=n_sets,
        largest_set=None,
        n_interventions=n_sets * placed.n_rows * (placed.n_rows - 1),
        n_classes="0",
        classes=0,
        drawn=False,
        seed=0,
        more_circuits=False,
        n_alignments=n,
        alignments=n,
        silent_classes=0,
        silent_alignments=n - sum(map(len, here.values())),
        interpretations="0",
        perfect=None,
        best=None,
        worst=None,
        spread=None,
        places=[
            PlaceFound(kind=KINDS[1 + fails], predicted=predicted, right=right, count=len(each), members="0",
                       first=each[0][0], second=each[0][1])
            for (fails, predicted, right), each in sorted(here.items())
        ],
        shared=shared_ground(placed, readings),
    )  # fmt: skip


def _joined(found: CommonGround, of: Analysed[Question], placed: Sequence[AlgorithmResult]) -> Iterator[PlaceFound]:
    """Join points that coincide, each with the first of its explanations."""
    here: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    classes, points = found.classes, found.alignments
    for number, key in enumerate(zip(classes.predicted.tolist(), classes.right.tolist(), strict=True)):
        here[0, *key].append(number)
    owners = list(zip(points.algorithm.tolist(), points.alignment.tolist(), strict=True))
    for number, (algorithm, alignment) in enumerate(owners):
        kind = 1 if placed[algorithm].alignments[alignment].valid else 2
        here[kind, int(points.predicted[number]), int(points.right[number])].append(number)
    for (kind, predicted, right), numbers in sorted(here.items()):
        if not predicted:
            continue
        answer: dict[str, Any] = {"members": "0"}
        if kind == 0:
            first = of.question.layout.to_hex(int(of.circuits.masks[classes.circuit[numbers[0]]]))
            second = str(classes.least_index[numbers[0]])
            answer["members"] = str(sum(classes.size[number] for number in numbers))
        else:
            algorithm, alignment = owners[numbers[0]]
            one = placed[algorithm]
            first, second = one.algorithm.id, one.alignments[alignment].alignment.id
        yield PlaceFound(
            kind=KINDS[kind], predicted=predicted, right=right, count=len(numbers), first=first, second=second, **answer
        )
