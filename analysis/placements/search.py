"""Search for the placements of causal models on the sites of a network of any kind.

Every set of places of every family is exchanged once, and its table of decisions scores all variables of all models. An
algorithm is placed if each variable is on a set of its own, no two of which overlap, with all pairs of rows right and
some changed. Variables that no interchange of theirs alone asks are placed by the joint score of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations, islice, product
from operator import or_
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import NONE, CausalModel
from pluriscope.analysis.algorithms.refinement import first_rows, folded
from pluriscope.analysis.algorithms.written import first_wrong
from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.families import OF_VECTORS, Bounds, Family, families
from pluriscope.analysis.placements.interchange import AskedModel, Interchange, Place, SiteScore, places_text
from pluriscope.analysis.placements.report import (
    FamilySize,
    ModelVariable,
    PlacedModel,
    PlacedVariable,
    PlacementsReport,
    SitePlacement,
)
from pluriscope.analysis.placements.scores import STAGE, ScoredSet, Search
from pluriscope.analysis.placements.subspaces import direction_families
from pluriscope.analysis.placements.telling_apart import told_apart
from pluriscope.analysis.running.progress import Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.values.digest import short_id

_CHOICES: Final = 1_000  # sets of a variable that are combined with as many that overlap some of them
_CROSSED: Final = 1e-9  # the cosine at which one projector's read-outs do not see what another moves
_BEST: Final = 3  # sets of a variable that fail
_FEW_RUNS: Final = 1 << 14  # for the joint score of a placement that fails, or of an algorithm that is folded
_DRAWN: Final = 100  # choices of sources on every base for a joint score that is not exact
_SOURCES: Final = 200  # choices of sources of two variables, of which some ask
_TRIED: Final = 64  # of those and a base, runs that refute two sets
_FEW: Final = 8  # of these, that are tried first
_JOINT: Final = 32  # sets of a variable with decisions of their own that are tried jointly


class Variable:
    """A variable with the sets on which it is placed.

    Args:
        search: with all sets scored.
        number: of its column.
    """

    def __init__(self, search: Search, number: int) -> None:
        self.search, self.number = search, number
        self.asked, self.name = search.columns[number]
        self.possible = self.asked.possible(self.name)

    def score(self, one: ScoredSet) -> SiteScore:
        """Its score on a set."""
        right = {"agreed": int(one.agreed[self.number]), "changed_agreed": int(one.changed_agreed[self.number])}
        return self.possible.model_copy(update=right)

    @cached_property
    def at_1(self) -> list[ScoredSet]:
        """The sets on which all pairs agree."""
        return [one for one in self.search.scored if one.agreed[self.number] == self.possible.of]

    @cached_property
    def placed(self) -> list[ScoredSet]:
        """The sets on which it is placed: of coordinates; if there are none but cuts, along directions as well. Minimal
        ones first.
        """
        if not self.possible.changed_of:
            return []
        found = {one.mask: one for one in reversed(self.at_1) if one.map == "coordinates"}
        placed = [*found.values()][::-1]
        if all(self.search.parts.is_cut(one.places) for one in placed):
            placed += [one for one in self.at_1 if one.map != "coordinates"]
        return sorted(placed, key=lambda one: (one not in self.minimal, one.condition))

    @cached_property
    def minimal(self) -> dict[ScoredSet, None]:
        """The placed sets of which no proper subset in their family, or among whole vectors, is placed."""
        found, kept = dict[ScoredSet, None](), dict[str, list[int]]()
        for one in sorted(self.at_1, key=lambda one: one.mask.bit_count()):
            among = "" if one.family.name in OF_VECTORS else one.family.name
            mask, smaller = one.mask, kept.setdefault(among, [])
            contains = any(mask & less == less != mask for less in smaller)
            if not (contains if one.map == "coordinates" else _spans(one)):
                smaller.append(mask)
                found[one] = None
        return found

    @cached_property
    def paths(self) -> dict[str, int]:
        """The number of each class of placed sets with the same decisions, from 1, by their digest."""
        return {digest: number for number, digest in enumerate(dict.fromkeys(one.digest for one in self.placed), 1)}

    @cached_property
    def best(self) -> list[ScoredSet]:
        """The sets with the highest scores, some of each map."""
        found = []
        for kind in ("coordinates", "orthogonal", "oblique"):
            some = (one for one in self.search.scored if one.map == kind)
            found += sorted(some, key=self.rank)[: _BEST if kind == "coordinates" else 1]
        return found

    def rank(self, one: ScoredSet) -> tuple[float, ...]:
        """The lower, the better: by score, then size and condition."""
        return -one.agreed[self.number], -one.changed_agreed[self.number], one.mask.bit_count(), one.condition

    def shown(self, one: ScoredSet) -> PlacedVariable:
        """It on a set, with all that stands beside the score."""
        search, parts = self.search, self.search.parts
        table, orthogonal = search.table(one.places), None
        if one.map == "oblique":
            plain = tuple(
                Place(p.site, p.at, None, Subspace.of(1, p.directions.reads)) for p in one.places if p.directions
            )
            orthogonal = self.asked.score(self.name, search.there.table(plain))
        return PlacedVariable(
            variable=self.name,
            sites=places_text(one.places),
            family=one.family.name,
            score=self.score(one),
            minimal=None if _spans(one) else one in self.placed and one in self.minimal,
            path=self.paths.get(one.digest, 0) if one in self.placed else 0,
            follows=parts.is_cut(one.places),
            ceiling=self.asked.score(self.name, search.table(parts.inputs_of(one.places))),
            closed=self.asked.score(self.name, table, parts.closed(one.places)),
            gap=one.gap,
            map=one.map,
            condition=one.condition,
            orthogonal=orthogonal,
        )


def _spans(one: ScoredSet) -> bool:
    """Whether it is a subspace of more than one dimension, inside which no smaller one is tried."""
    return sum(place.directions.dimension for place in one.places if place.directions) > 1


def _all(some: Iterable[bool | None]) -> bool | None:
    """Whether all hold; None where none is known not to, and some are not known."""
    found = [*some]
    return False if False in found else None if None in found else True


def apart(one: ScoredSet, other: ScoredSet) -> bool:
    """Whether two variables may be on these: places that do not overlap, or projectors whose products are 0."""
    if not one.mask & other.mask:
        return True
    (first, *more), (second, *others) = one.places, other.places
    if more or others or first.directions is None or second.directions is None:
        return False
    pairs = ((first.directions, second.directions), (second.directions, first.directions))
    return (first.site, first.at) == (second.site, second.at) and all(_crossed(*pair) < _CROSSED for pair in pairs)


def _crossed(reads: Subspace, moved: Subspace) -> float:
    rows, along = reads.matrix, np.array(moved.swaps or moved.reads)
    sizes = np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(along, axis=1)
    return float((np.abs((rows[:, None] * along).sum(axis=2)) / sizes).max())


class Choices:
    """Choices of a set for each of several variables, no two of which overlap.

    Args:
        sets: for each variable.
        steps: that a count may take.
    """

    def __init__(self, sets: Sequence[Sequence[ScoredSet]], steps: int) -> None:
        masks = [reduce(or_, (one.mask for one in some), 0) for some in sets]
        pairs = [*combinations(range(len(sets)), 2)]
        near = {(i, j) for i, j in pairs if masks[i] & masks[j]}
        self.cut = any(len(sets[i]) * len(sets[j]) > _CHOICES**2 for i, j in near)
        sets = [some[:_CHOICES] for some in sets] if self.cut else sets
        self._sets, self._steps, self._apart = sets, steps, dict[tuple[int, int], list[int]]()
        for i, j in pairs:
            full = (1 << len(sets[j])) - 1
            self._apart[i, j] = [
                sum(apart(one, other) << k for k, other in enumerate(sets[j])) if (i, j) in near else full
                for one in sets[i]
            ]

    def each(self, allowed: Sequence[int] | None = None) -> Iterator[tuple[int, ...]]:
        """The numbers of the sets of every choice, in order.

        Args:
            allowed: for each variable the sets that are, as bits; all if None.
        """
        left = [(1 << len(some)) - 1 for some in self._sets] if allowed is None else [*allowed]

        def onward(at: int, left: Sequence[int]) -> Iterator[tuple[int, ...]]:
            if at == len(left):
                yield ()
            elif all(left[at:]):
                for one in _bits(left[at]):
                    then = [left[j] & self._apart[at, j][one] if j > at else left[j] for j in range(len(left))]
                    for rest in onward(at + 1, then):
                        yield one, *rest

        return onward(0, left)

    @property
    def count(self) -> int | None:
        """Their number; None where they are too many to count."""
        if self.cut:
            return None
        if all(one == (1 << len(self._sets[j])) - 1 for (_, j), rows in self._apart.items() for one in rows):
            return int(np.prod([len(some) for some in self._sets], dtype=object))
        found = sum(1 for _ in islice(self.each(), self._steps + 1))
        return None if found > self._steps else found

    def classes(self, of: Callable[[ScoredSet], Any]) -> int | None:
        """The number of choices of a class of sets for each variable that some choice of sets has."""
        masks = [dict[Any, int]() for _ in self._sets]
        for mask, some in zip(masks, self._sets, strict=True):
            for k, one in enumerate(some):
                mask[of(one)] = mask.get(of(one), 0) | 1 << k
        if self.cut or np.prod([float(len(one)) for one in masks]) > self._steps:
            return None
        return sum(any(True for _ in self.each(chosen)) for chosen in product(*(one.values() for one in masks)))


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def find(
    question: SubjectQuestion,
    models: Sequence[CausalModel],
    work: Work = DEFAULT_WORK,
    *,
    bounds: Bounds = Bounds(),  # noqa: B008  # frozen
    more: Sequence[Family] = (),
) -> PlacementsReport:
    """Find where causal models are placed on the sites of a network.

    Args:
        question: about the network.
        models: each of which must compute the task to be placed.
        work: reports "placements"; may cancel. When its time is up, what is scored is what was tried.
        bounds: of the search.
        more: families beside those of the network's kind, such as the blocks to which a compiler wrote variables.

    Raises:
        InvalidAlgorithm: inputs that are no whole numbers, or that a model reads and the task has not.
    """
    there = Interchange.of(question)
    itself = there.decisions([])[:, 0]
    right = list({model.id: model for model in models if first_wrong(model, question) is None}.values())
    search = Search(there, right, bounds, work)
    found = (*families(there, search.parts, bounds), *more) if right else ()
    if right:
        with work.ending(STAGE):
            search.score(found)
            found += direction_families(search)
    of_model = dict[str, list[Variable]]()
    for number, (asked, _) in enumerate(search.columns):
        of_model.setdefault(asked.model.id, []).append(Variable(search, number))
    known = [described(question, model, there, of_model.get(model.id, ())) for model in models]
    # of those that are one, one whose values are all told apart stands for all, else the first
    stands = dict[str, str]()
    for one, key in sorted(known, key=lambda each: not each[0].irredundant_values):
        if not one.wrong:
            stands.setdefault(key, one.id)
    placed = []
    for number, (one, key) in enumerate(known):
        work.report(Progress(STAGE, number, len(known), "where algorithms are placed"))
        folded_onto = "" if one.wrong else stands[key].replace(one.id, "")
        shown = one.model_copy(update={"folded_onto": folded_onto})
        placed.append(_placed(shown, search, of_model[one.id]) if one.id in of_model else shown)
    report = PlacementsReport(
        inputs=there.inputs.name,
        n_rows=there.n_rows,
        n_right=int((itself == question.examples.answers).sum()),
        families=[
            FamilySize.showing(one, n_tried=sum(scored.family is one for scored in search.scored)) for one in found
        ],
        algorithms=placed,
    )
    return report.model_copy(update={"apart": told_apart(there, report.placed)})


def described(
    question: SubjectQuestion, model: CausalModel, there: Interchange, variables: Sequence[Variable] = ()
) -> tuple[PlacedModel, str]:
    """What is known of a model before it is placed, and the key of what it is folded by.

    Args:
        question: about the network.
        model: on the rows.
        there: the network on the rows of its task.
        variables: of the model, where sets were scored.
    """
    fold, values = folded(model, there.inputs), model.run(there.inputs)
    about = {one.name: one for one in variables}
    found = PlacedModel(
        id=model.id,
        text=model.text,
        variables=[_variable(name, values[name], fold.alike[name], about.get(name)) for name in model.variables],
        wrong=str(first_wrong(model, question) or ""),
        unread=[*fold.unread],
        folded_onto="",
        remarks=[] if fold.exact else ["Values that are told apart were looked for in drawn settings."],
    )
    return found, fold.key


def unplaced(question: SubjectQuestion, model: CausalModel) -> PlacedModel:
    """What is known of a model before anybody asks where it is placed."""
    there = Interchange.of(question)
    search = Search(there, [model], Bounds(), DEFAULT_WORK)
    return described(question, model, there, [Variable(search, number) for number in range(len(search.columns))])[0]


def placed_on(
    question: SubjectQuestion, model: CausalModel, sites: Mapping[str, str], joint_runs: int = Bounds.joint_runs
) -> SitePlacement:
    """A placement that somebody names, tried as it is; whether it is minimal is not looked for.

    Args:
        question: about the network.
        model: which need not compute the task.
        sites: variable → its sites, with spaces between them.
        joint_runs: of all variables at once; with too few choices are drawn.

    Raises:
        InvalidPlacement: a variable has no sites, no variable has that name, or sites of two overlap.
        InvalidIntervention: a text is no site of this network.
    """
    there = Interchange.of(question)
    names = ", ".join(model.variables)
    for name in (*sites, *model.variables):
        if name not in model.variables:
            cause = "is not one of the algorithm's"
            raise InvalidPlacement(f"variable {name[:40]!r}", cause, f"place {names or 'none'}")
        if not sites.get(name):
            raise InvalidPlacement(f"variable {name}", "has no sites", f"give sites for each of {names}")
    search = Search(there, [model], Bounds(joint_runs=joint_runs), DEFAULT_WORK)
    given = {name: tuple(there.read(one) for one in sites[name].split()) for name in model.variables}
    search.score([Family("given", "sites that were named", (places,), 1, 0) for places in given.values()])
    for (i, one), (j, other) in combinations(enumerate(search.scored), 2):
        if not apart(one, other):
            first, second = model.variables[i], model.variables[j]
            cure = "give each variable sites of its own"
            raise InvalidPlacement(f"sites of {first} and {second}", "overlap", cure)
    variables = [Variable(search, number) for number in range(len(search.columns))]
    known, _ = described(question, model, there, variables)
    found = _shown_placement(known, variables, search.scored, "single")
    alone = all(one.score.placed for one in found.places)
    jointly = (
        found.joint is not None
        and found.joint_exact
        and found.joint.placed
        and not all(one.asked for one in known.variables)
    )
    places = [one.model_copy(update={"minimal": None, "path": 0}) for one in found.places]
    placed = "single" if alone else "joint" if jointly else ""
    return found.model_copy(update={"places": places, "placed": placed if not known.wrong else "", "minimal": None})


@dataclass(frozen=True, eq=False)
class Exchanged:
    """The interchanges of a variable on given sites, over all pairs of a base and a source.

    Args:
        variable: its name.
        values: that it has on each row; :data:`NONE` where it is not defined.
        expected: the algorithm's answers ``[base, source]``, likewise.
        decided: the network's ``[base, source]``, −1 where no output is above every other.
    """

    variable: str
    values: NDArray[np.int64]
    expected: NDArray[np.int64]
    decided: NDArray[np.int16]

    @property
    def pairs(self) -> NDArray[np.intp]:
        """Base and source of those on which the algorithm has an answer, ``[pairs, 2]``, those that fail first."""
        asked = (self.expected != NONE) & ~np.eye(len(self.values), dtype=np.bool_)
        found = np.argwhere(asked)
        wrong = (self.expected != self.decided)[asked]
        return found[np.argsort(~wrong, kind="stable")]


def interchanges(question: SubjectQuestion, model: CausalModel, sites: Mapping[str, str]) -> Iterator[Exchanged]:
    """The interchanges of each variable of a model on given sites."""
    there = Interchange.of(question)
    asked = AskedModel(model, there.inputs)
    for name, text in sites.items():
        table = there.table(tuple(map(there.read, text.split())))
        values = asked.itself[name]
        yield Exchanged(name, values, asked.answers({name: values}), table.pairs)


def _variable(name: str, values: NDArray[np.int64], alike: Any, about: Variable | None) -> ModelVariable:
    different = np.unique(values)
    shown = ModelVariable(
        name=name,
        values=[None if value == NONE else value for value in different[:64].tolist()],
        n_values=len(different),
        alike=[[*group] for group in alike],
        split=short_id(first_rows(values).tobytes().hex()),
        changed_of=about.possible.changed_of if about else 0,
        undefined=about.possible.undefined if about else 0,
    )
    if about is None:
        return shown
    of_coordinates = [one for one in about.placed if one.map == "coordinates"]
    return shown.model_copy(
        update={
            "n_at_1": len(about.at_1),
            "n_placed": len(about.placed),
            "n_minimal": sum(one in about.minimal for one in about.placed),
            "n_paths": len(about.paths),
            "best": [] if of_coordinates or not about.possible.changed_of else [about.shown(one) for one in about.best],
        }
    )


def _placed(model: PlacedModel, search: Search, variables: Sequence[Variable]) -> PlacedModel:
    """A model with its placements."""
    bounds, remarks = search.bounds, [*model.remarks]
    unasked = [one for one in variables if not one.possible.changed_of]
    if unread := [one.name for one in unasked if one.name in model.unread]:
        remarks.append(f"Nothing reads {', '.join(unread)}, so no placement says anything of it.")
        return model.model_copy(update={"remarks": remarks})
    if not unasked and all(one.placed for one in variables):
        choices = Choices([one.placed for one in variables], bounds.steps)
        least = Choices([[s for s in one.placed if s in one.minimal] for one in variables], bounds.steps)
        listed = dict.fromkeys(
            tuple(one.placed[at] for one, at in zip(variables, choice, strict=True))
            for some in (least, choices)
            for choice in islice(some.each(), bounds.listed)
        )
        shown = [_shown_placement(model, variables, sets, "single") for sets in [*listed][: bounds.listed]]
        if shown:
            found = [one.name for one in variables if not one.placed[0].family.exact]
            counts = (
                (None, None, None) if found else (choices.count, least.count, choices.classes(lambda one: one.digest))
            )
            if found:
                remarks.append(f"Directions of {', '.join(found)} were found, so placements are not counted.")
            elif None in counts:
                remarks.append(f"What is more than {bounds.steps:,} placements is not counted.")
            update = dict(zip(("n_placed", "n_minimal", "n_paths"), counts, strict=True))
            return model.model_copy(update={**update, "placements": shown, "remarks": remarks})
        remarks.append("Each variable is placed, but no two sets of them are apart.")
    if len(variables) == len(unasked) == 1:
        remarks.append(
            f"No interchange of {variables[0].name} changes the answer, so it cannot be asked on these rows."
        )
        return model.model_copy(update={"remarks": remarks})
    if unasked and model.folded_onto:
        remarks.append("What is placed jointly is listed of the algorithm that it is folded onto.")
        return model.model_copy(update={"remarks": remarks})
    if unasked:
        names = ", ".join(one.name for one in unasked)
        remarks.append(f"No interchange of {names} alone changes the answer on these rows, so they are asked jointly.")
        remarks.append("Of the sets of a variable with the same decisions not all were tried jointly.")
        jointly = _jointly(search, variables)
        shown = [_shown_placement(model, variables, sets, "joint") for sets in jointly]
        at_1 = [one for one in shown if one.joint and one.joint.placed]
        valid = [one for one in at_1 if one.joint_exact]
        failing = [one.model_copy(update={"placed": ""}) for one in (at_1 or shown)[:1]]
        if at_1 and not valid:
            remarks.append("No choice of sources drawn refutes the one listed, and all are too many to try.")
        return model.model_copy(update={"placements": valid or failing, "remarks": remarks})
    return model.model_copy(update={"placements": _best(model, search, variables), "remarks": remarks})


def _best(model: PlacedModel, search: Search, variables: Sequence[Variable]) -> list[SitePlacement]:
    """The placement that comes closest, if there is one whose sets do not overlap."""
    sets = [one.placed[:_BEST] or [s for s in one.best if s.map == "coordinates"] for one in variables]
    choices = [
        [some[at] for some, at in zip(sets, choice, strict=True)]
        for choice in islice(Choices(sets, 0).each(), search.bounds.steps)
    ]
    if not choices:
        return []

    def agreed(chosen: Sequence[ScoredSet]) -> int:
        return sum(int(one.agreed[v.number]) for one, v in zip(chosen, variables, strict=True))

    return [_shown_placement(model, variables, max(choices, key=agreed), "")]


def _shown_placement(
    model: PlacedModel, variables: Sequence[Variable], sets: Sequence[ScoredSet], placed: Any
) -> SitePlacement:
    search, asked = variables[0].search, variables[0].asked
    placing = {one.name: scored.places for one, scored in zip(variables, sets, strict=True)}
    places = [one.shown(scored) for one, scored in zip(variables, sets, strict=True)]
    runs = search.there.joint_runs(asked, placing)
    exact = runs <= min(search.bounds.joint_runs if placed and not model.folded_onto else _FEW_RUNS, search.joint_left)
    drawn = np.random.default_rng(0).integers(0, search.there.n_rows, (_DRAWN, len(placing)))
    joint = None
    if not search.work.is_over:
        if not exact or placed == "joint":  # which a few choices most often refute
            joint = search.there.joint(asked, placing, drawn)
            exact = exact and joint.agreed == joint.of
        if exact:
            joint = search.there.joint(asked, placing)
            search.joint_left -= runs
    return SitePlacement(
        id=short_id(f"{model.id} " + "; ".join(f"{name}: {places_text(one)}" for name, one in placing.items())),
        places=places,
        score=SiteScore.sum(one.score for one in places),
        placed=placed,
        joint=joint,
        joint_runs=runs,
        joint_exact=exact,
        minimal=None if placed == "joint" else _all(one.minimal for one in places),
    )


def _jointly(search: Search, variables: Sequence[Variable]) -> list[tuple[ScoredSet, ...]]:
    """Sets that may place variables jointly, the likeliest first.

    A joint placement places each variable and each two of them, with the others' sources the base. So sets at 1 are
    taken, those that change some decision, and pairs of them that a few drawn sources do not refute.
    """
    there, asked = search.there, variables[0].asked
    idle = there.table(()).digest
    sets, alike = list[list[ScoredSet]](), dict[str, list[ScoredSet]]()
    for s in search.scored:
        alike.setdefault(s.digest, []).append(s)
    for one in variables:
        likely = dict.fromkeys([*one.at_1, *sorted(search.scored, key=one.rank)])
        acting = [s for s in likely if s.map == "coordinates" and s.digest != idle]
        by_path = {s.digest: s for s in reversed(acting)}
        sets.append([s for s in acting if by_path[s.digest] is s][:_JOINT])
    wrong = dict[tuple[int, int], NDArray[np.int64]]()
    for i, j in combinations(range(len(variables)), 2):
        base, sources, wanted = _asking(asked, [variables[i].name, variables[j].name])
        wrong[i, j] = np.full((len(sets[i]), len(sets[j])), len(base) + 1)
        for a, b in product(range(len(sets[i])), range(len(sets[j]))):
            if apart(first := sets[i][a], second := sets[j][b]):
                for n in (_FEW, len(base)):  # most are wrong on the first few
                    exchanged = [(first.places, sources[:n, 0]), (second.places, sources[:n, 1])]
                    given, _ = there.decided(there.outputs(exchanged, base[:n]))
                    wrong[i, j][a, b] = (given != wanted[:n]).sum() * len(base) // min(n, len(base))
                    if wrong[i, j][a, b]:
                        break

    def onward(chosen: tuple[int, ...], most: int) -> Iterator[tuple[int, ...]]:
        """Choices of which no two sets are wrong more often on the choices drawn."""
        if (last := len(chosen)) == len(variables):
            yield chosen
            return
        for one in range(len(sets[last])):
            if all(wrong[at, last][other, one] <= most for at, other in enumerate(chosen)):
                yield from onward((*chosen, one), most)

    steps = sorted({int(one) for some in wrong.values() for one in np.unique(some)})[:-1] or [0]
    likeliest = next(filter(None, (list(islice(onward((), most), search.bounds.listed)) for most in steps)), [])
    found = [tuple(some[at] for some, at in zip(sets, chosen, strict=True)) for chosen in likeliest]
    # of sets with the same decisions those that are on one site for all variables say it best
    on_one = [
        tuple(next((s for s in alike[one.digest] if {p.site for p in s.places} == {site}), one) for one in chosen)
        for chosen in found
        for site in there.clean
    ]
    same = [one for one in on_one if len({p.site for s in one for p in s.places}) == 1]
    same.sort(key=lambda one: sum(s.mask.bit_count() for s in one))
    apart_ones = (one for one in (*same, *found) if all(apart(*pair) for pair in combinations(one, 2)))
    return [*dict.fromkeys(apart_ones)][: search.bounds.listed]


def _asking(asked: AskedModel, names: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Bases, sources of some variables ``[runs, variables]``, and the model's answers: drawn among those that differ
    from its answers on the bases, if there are any.
    """
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(asked.right), (_SOURCES, len(names)))
    answers = asked.answers({name: asked.itself[name][rows] for name, rows in zip(names, drawn.T, strict=True)})
    defined = answers != NONE
    changed = defined & (answers != asked.right[:, None])
    base, choice = np.nonzero(changed if changed.any() else defined)
    some = random.permutation(len(base))[:_TRIED]
    return base[some], drawn[choice[some]], answers[base[some], choice[some]]
