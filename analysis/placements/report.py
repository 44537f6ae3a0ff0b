"""The report on the placements of causal models on the sites of a network."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from pluriscope.analysis.placements.interchange import SiteScore as SiteScore  # pages take it from here
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.report import Part, Report

Map = Literal["coordinates", "orthogonal", "oblique"]
_SENTENCES: Final = 6  # sentences on algorithms that were written


class FamilySize(Part):
    """A family of sets of places; fields as of :class:`pluriscope.analysis.placements.families.Family`."""

    name: str
    holds: str
    n_sets: int
    n_tried: int
    n_runs: int
    exact: bool

    @property
    def cut_off(self) -> bool:
        """Whether it holds more sets than were tried."""
        return self.n_tried < self.n_sets


class PlacedVariable(Part):
    """A variable on a set of places.

    Args:
        variable: its name.
        sites: the places, with a space between them, as an ``Interchange`` reads each.
        family: the name of the family that the set is of.
        score: over all ordered pairs of different rows.
        minimal: whether no proper subset in its family, or of whole vectors in any, is placed; None where that was not
            looked for.
        path: from 1; equal for sets of this variable whose exchange gives the same decisions; 0 if it is not placed.
        follows: whether the set is a cut, so that its score follows from the network's accuracy.
        ceiling: the score of the exchange of the inputs that the set is computed from.
        closed: its score on the pairs whose row with these inputs exchanged is a row of the task.
        gap: as of :class:`pluriscope.analysis.placements.interchange.Table`.
        map: what of the places is exchanged.
        condition: the condition number of the coordinates that the projector is one onto; 1 but for oblique ones.
        orthogonal: of an oblique one the score of the orthogonal projector on its read-outs.
    """

    variable: str
    sites: str
    family: str
    score: SiteScore
    minimal: bool | None
    path: int
    follows: bool
    ceiling: SiteScore
    closed: SiteScore
    gap: float
    map: Map = "coordinates"
    condition: float = 1.0
    orthogonal: SiteScore | None = None

    @property
    def fragile(self) -> bool:
        """Whether another order of sums might turn a decision around."""
        return self.gap < FRAGILE_MARGIN


class SitePlacement(Part):
    """A placement of all variables of an algorithm.

    Args:
        id: of algorithm and sites.
        places: of each variable, in the order of the algorithm.
        score: the sum over its variables.
        placed: ``single`` if each variable is; ``joint`` if variables that cannot be asked by themselves are, with the
            others; "" if it is not, and is listed as one of the best that fail.
        joint: the score of all variables at once; None where no runs were left for it.
        joint_runs: runs that it takes.
        joint_exact: whether all choices of sources were tried, otherwise some drawn.
        minimal: whether no other placement that is placed, of sets of the same families, is contained in it; None where
            that was not looked for.
    """

    id: str
    places: list[PlacedVariable]
    score: SiteScore
    placed: Literal["single", "joint", ""]
    joint: SiteScore | None
    joint_runs: int
    joint_exact: bool
    minimal: bool | None

    @property
    def sites(self) -> str:
        """Variables with their sites: ``p1: h1[1]; p2: h2[1]``."""
        return "; ".join(f"{one.variable}: {one.sites}" for one in self.places)

    @property
    def follows(self) -> bool:
        """Whether it follows from accuracy, that is all its sets are cuts."""
        return all(one.follows for one in self.places)

    @property
    def fragile(self) -> bool:
        return any(one.fragile for one in self.places)


class ModelVariable(Part):
    """A variable of an algorithm.

    Args:
        name: of it.
        values: those that it has on the rows, None for not defined; the first 64 in order.
        n_values: how many there are.
        alike: groups of values that no row and no setting of the others tells apart.
        changed_of: pairs of rows whose interchange changes the answer; with none it cannot be asked by itself.
        undefined: pairs on which the algorithm has no answer.
        split: equal for two variables that split the rows alike.
        n_at_1: sets on which all pairs agree; with no changed pair that says nothing.
        n_placed: sets on which it is placed.
        n_minimal: those of them that are minimal in their family.
        n_paths: classes of them by their decisions.
        best: sets with the highest score, where it is not placed.
    """

    name: str
    values: list[int | None]
    n_values: int
    alike: list[list[int]]
    changed_of: int
    undefined: int
    split: str = ""
    n_at_1: int = 0
    n_placed: int = 0
    n_minimal: int = 0
    n_paths: int = 0
    best: list[PlacedVariable] = Field(default_factory=list)

    @property
    def asked(self) -> bool:
        """Whether an interchange of it alone asks anything."""
        return self.changed_of > 0


class PlacedModel(Part):
    """An algorithm with its placements.

    Args:
        id: of its statements.
        text: as it was written.
        variables: those that can be placed.
        wrong: the first row on which it does not give the task's answer, in words; "" if it computes the task. Where it
            does not, nothing is placed.
        unread: variables of which no value is told apart from another.
        folded_onto: id of the algorithm that it is one with and that stands for both, "" for none.
        n_placed: placements with each variable placed single; None where they are too many to count.
        n_minimal: likewise, those that are minimal in their families.
        n_paths: likewise, counted by the paths of their variables.
        placements: some of them, minimal ones first; where there are none, those placed jointly; else the best that
            fail.
        remarks: what was left out, one sentence each.
        written: whether somebody wrote it.
    """

    id: str
    text: str
    variables: list[ModelVariable]
    wrong: str
    unread: list[str]
    folded_onto: str
    n_placed: int | None = 0
    n_minimal: int | None = 0
    n_paths: int | None = 0
    placements: list[SitePlacement] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)
    written: bool = False

    @property
    def irredundant_values(self) -> bool:
        """Whether it passes the criterion ``irredundant-values``: all values of its variables are told apart."""
        return not any(one.alike for one in self.variables)

    @property
    def valid(self) -> list[SitePlacement]:
        """The listed placements that are placed."""
        return [one for one in self.placements if one.placed]

    @property
    def sentence(self) -> str:
        """Where it is placed, or how close it comes."""
        one = max(
            self.placements, key=lambda one: (bool(one.placed), one.score.agreed / max(one.score.of, 1)), default=None
        )
        if self.wrong:
            return f"“{self.text}” does not compute the task: it {self.wrong}."
        if one is None:
            return f"“{self.text}” is not placed. {' '.join(self.remarks)}".rstrip()
        follows = ", which follows from accuracy" if one.placed and one.follows else ""
        right = f"{one.score.agreed:,} of {one.score.of:,} interchanges are right on {one.sites or 'no site'}"
        if maps := sorted({each.map for each in one.places} - {"coordinates"}):
            right += f", by {' and '.join(maps)} projections"
        return f"“{self.text}” is {'' if one.placed else 'not '}placed: {right}{follows}."


class Apart(Part):
    """The interchange that parts two placed algorithms most.

    Args:
        first: the id of the one whose variable is exchanged.
        second: the id of the other.
        variable: of the first.
        other: the variable of the second that answers most alike.
        differ: ordered pairs of rows on which the two answer differently; 0 if no interchange of one variable parts the
            algorithms.
        of: ordered pairs on which both have an answer.
        base: the first such pair's row that runs; None where there is none.
        source: and the row that gives the value; likewise.
        says: what each answers on it, by number.
    """

    first: str
    second: str
    variable: str
    other: str
    differ: int
    of: int
    base: int | None
    source: int | None
    says: list[int]


class PlacementsReport(Report):
    """The placements of causal models on the sites of a network.

    Args:
        inputs: the name by which algorithms read inputs.
        n_rows: rows of the task.
        n_right: rows that the network answers right.
        families: what was searched.
        algorithms: in the order in which they were given.
        apart: what parts every two of the first placed algorithms.
    """

    inputs: str
    n_rows: int
    n_right: int
    families: list[FamilySize]
    algorithms: list[PlacedModel]
    apart: list[Apart] = Field(default_factory=list)

    @property
    def distinct(self) -> list[PlacedModel]:
        """The algorithms that compute the task; of those that no answer tells apart one."""
        return [one for one in self.algorithms if not one.wrong and not one.folded_onto]

    @property
    def placed(self) -> list[PlacedModel]:
        """Those of them that are placed."""
        return [one for one in self.distinct if one.valid]

    @property
    def follows(self) -> bool:
        """Whether all that is listed of those that are placed follows from accuracy."""
        return all(each.follows for model in self.placed for each in model.valid)

    @property
    def written(self) -> tuple[str, ...]:
        return tuple(one.text for one in self.algorithms if one.written)

    @property
    def all_there_is(self) -> bool:
        return not any(one.cut_off for one in self.families)

    def findings(self, question: SubjectQuestion) -> list[str]:
        right = [one for one in self.algorithms if not one.wrong]
        distinct, placed = self.distinct, self.placed
        tried = sum(one.n_tried for one in self.families)
        found = [
            f"{len(placed)} of {len(distinct)} algorithms that compute the task are placed among {tried:,} sets of "
            f"places of {len(self.families)} families."
        ]
        if wrong := len(self.algorithms) - len(right):
            found.append(f"Given that do not compute it, and so not placed: {wrong}.")
        found += [one.sentence for one in self.algorithms if one.written][:_SENTENCES]
        if follow := sum(all(one.follows for one in model.valid) for model in placed):
            found.append(f"All that is listed of {follow} follows from accuracy.")
        if cut := [one for one in self.families if one.cut_off]:
            found.append(
                "Cut off: " + ", ".join(f"{one.name} at {one.n_tried:,} of {one.n_sets:,}" for one in cut) + "."
            )
        return found
