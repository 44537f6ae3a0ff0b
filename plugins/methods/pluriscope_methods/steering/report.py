"""Report of steering, dose by dose and row by row: its effects, the predictions of explanations, and transfer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.common_ground.interpreted import choose_classes, speaks
from pluriscope.analysis.common_ground.survey import drawn_ranks
from pluriscope.analysis.criteria.placements import valid_alignments
from pluriscope.analysis.errors import BeyondLimits, InvalidIntervention
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.methods.report import Analysed, Part, Report
from pluriscope.analysis.methods.settings import filled
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.sandbox.intervention import MAX_VALUE
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.directions.search import placed_in_seconds
from pluriscope_methods.steering.directions import SETTINGS, direction_of
from pluriscope_methods.steering.flips import exact_flips, exact_threshold
from pluriscope_methods.steering.predicting import UNREAD, Bits, classes_predict, placement_predicts
from pluriscope_methods.steering.sites import Array, Steerable, steerable
from pluriscope_methods.steering.transfer import CONFIDENCE, affine_map, as_meant, check_alike, null_of

MOST_CLASSES: Final = 10_000
MOST_CIRCUITS: Final = 500
N_DRAWN: Final = 500
"""Classes that are drawn where there are more of them or of circuits: some seconds."""
_SEED: Final = 0


class Flip(Part):
    """A change of a row's answer as the dose grows."""

    low: float = Field(description="The dose; where it is not exact, the last one on the grid before it.")
    high: float = Field(description="The same; where it is not exact, the first one after it.")
    answer: str = Field(description="Above it.")


class SteeredRow(Part):
    """Row at every dose."""

    row: str
    wanted: str = Field(description="The right answer.")
    of_class: int = Field(description="1, 0, or −1 for neither.")
    measured: list[float] = Field(description="At each dose.")
    answers: list[str]
    flips: list[Flip]


class Dose(Part):
    """All rows at one dose. Meant are those of class 0 where it is positive, those of class 1 where it is negative."""

    dose: float
    right: int = Field(description="Rows answered right.")
    meant: int = Field(description="Rows meant that are answered otherwise than without steering.")
    others: int = Field(description="Other rows that are.")
    as_meant: int = Field(
        description="Rows that go as positive doses mean: class 0 gets the answer of class 1, all others keep theirs."
    )


class Predicted(Part):
    """Predictions of explanations of one kind about every row at every dose but 0."""

    kind: str
    of: int = Field(description="Explanations of the kind that are known to be valid.")
    asked: int = Field(description="Of these: all, or as many as were drawn.")
    agree: int = Field(description="Explanations that predict something, and never wrong.")
    wrong: int = Field(description="Those that are wrong somewhere.")
    low: float = Field(description="Of all, the share of these; where some were drawn, its interval's lower end (95%).")
    high: float
    silent: int = Field(description="Those that predict nothing.")
    right_at: list[int] = Field(description="Predictions that are right at each dose, of all explanations and rows.")
    wrong_at: list[int]
    silent_at: list[int]
    split: int = Field(description="Rows at a dose of which some predict 0 and others 1.")
    cells: int = Field(description="Rows at a dose, in all.")


class Steered(Part):
    """Steering of one network at one site."""

    site: str
    measure: str
    direction: list[float]
    length: float
    doses: list[Dose]
    rows: list[SteeredRow]
    exact: bool = Field(description="Whether flips are exact; else each lies between two neighbouring doses.")

    @property
    def where(self) -> str:
        name, _, at = self.site.partition("~")
        if name.isdigit():
            return f"layer {name}"
        words = f"the residual stream after layer {name[1:]}" if name[0] == "x" and name != "x0" else f"site {name}"
        return f"{words}, {'position' if name[0] in 'chm' else 'token'} {at}" if at else words


class Transferred(Part):
    """Steering of another network, by the affine map between both, beside random directions."""

    network: str
    rank: int = Field(description="Of the first network's values about their mean.")
    dimension: int = Field(description="How many numbers its site has.")
    n_rows: int
    residual: float = Field(description="The largest distance of a mapped number from the other network's.")
    explained: float | None = Field(description="Share of the other network's variance; null where it has none.")
    unique: bool = Field(description="Whether the rows determine the map; else the one that moves least is taken.")
    fits_anything: bool = Field(description="Whether there are no more rows than a read-out has parameters.")
    steered: Steered
    best: int = Field(description="Rows that go as is meant at the best positive dose.")
    best_there: int = Field(description="The same of the first network.")
    n_random: int
    as_well: int = Field(description="Random directions of the same length that reach as many, each at its best dose.")
    low: float = Field(description="Lower end of the share of such directions, with 95% confidence.")
    high: float


class SteeringReport(Report):
    """Report of adding α times a direction at a site."""

    along: str
    on: str
    classes: tuple[str, str] = Field(description="Class 1 and class 0.")
    n_rows: int = Field(description="Rows of the task, of which these are all or drawn ones.")
    steered: Steered
    predicted: list[Predicted]
    notes: list[str]
    transfer: Transferred | None = None

    def findings(self, question: Any = None) -> list[str]:
        """Sentences on what the largest dose does, what explanations predict, and whether the direction transfers."""
        here, sentences = self.steered, [self.at_dose(len(self.steered.doses) - 1)]
        if firsts := [one.high for row in here.rows if row.of_class == 0 for one in row.flips if one.high > 0]:
            by = "at" if here.exact else "by"
            sentences.append(f"The first of them changes {by} dose {min(firsts):.4g}.")
        for one in self.predicted:
            drawn = " drawn" if one.asked < one.of else ""
            sentences.append(
                f"{one.kind}: of {one.asked:,}{drawn}, {one.agree:,} predict something and nothing wrong, and "
                f"{one.wrong:,} are wrong somewhere."
            )
            if drawn:
                sentences.append(f"Of all, {one.low:.1%} to {one.high:.1%} are wrong somewhere, with 95% confidence.")
            if one.split:
                sentences.append(f"Some contradict each other on {one.split:,} of {one.cells:,} rows at a dose.")
        return sentences + ([] if self.transfer is None else self._transferred(self.transfer))

    def at_dose(self, number: int) -> str:
        """Sentence on how many rows the answer changes on at one of the doses."""
        here, one = self.steered, self.steered.doses[number]
        meant, name = (1, self.classes[0]) if one.dose < 0 else (0, self.classes[1])
        of = sum(row.of_class == meant for row in here.rows)
        along = "difference of the means" if self.along == "means" else self.along
        return (
            f"At dose {one.dose:g} of the direction ({along}) at {here.where}, the answer changes on "
            f"{one.meant} of {of} rows of {name}, and on {one.others} of {len(here.rows) - of} others."
        )

    def _transferred(self, one: Transferred) -> list[str]:
        n = len(one.steered.rows)
        return [
            f"Mapped to {one.steered.where} of {one.network}, at its best dose {one.best} of {n} rows go as positive "
            f"doses mean; here {one.best_there} do.",
            f"Of {one.n_random:,} random directions of that length {one.as_well:,} do as well "
            f"({one.low:.1%} to {one.high:.1%} with 95% confidence).",
        ]


def find(
    of: Analysed[SubjectQuestion],
    given: Mapping[str, object],
    into: tuple[str, Any] | None = None,
    work: Work = DEFAULT_WORK,
    dose: float | None = None,
) -> SteeringReport:
    """Steer a network.

    Args:
        of: the question, with circuits and placements where explanations are asked.
        given: settings of :data:`~pluriscope_methods.steering.directions.SETTINGS`; the rest as usual.
        into: name of another network and the question about it, to which the direction is transferred.
        work: gets the progress; may cancel.
        dose: where only the dose next to this one is wanted, with either sign, and none.

    Raises:
        InvalidMethod: an unknown setting, or a value that is not allowed.
        InvalidIntervention: a site, class or direction that is not there; a dose that is too large; another network
            with other rows or another task.
        NotOffered: the kind of network cannot be steered.
    """
    settings: dict[str, Any] = filled(SETTINGS, given, "steering")
    question, along, on = of.question, settings["along"], settings["on"]
    here = steerable(question, settings["at"], settings["of"])
    direction = direction_of(question, here, along, on)
    steps = np.arange(-settings["steps"], settings["steps"] + 1)
    doses = settings["most"] * steps / settings["steps"]
    if dose is not None:
        doses = min(doses[doses > 0], key=lambda one: abs(one - abs(dose))) * np.arange(-1, 2)
    steered, now = _steered(question, here, direction, doses)
    notes, predicted = list[str](), list[Predicted]()
    if len(here.rows) < here.of:
        notes.append(f"On {len(here.rows)} of {here.of:,} rows, drawn.")
    if isinstance(question, Question) and question.data.boolean:
        tallies = _Asked(question, here, direction, doses, now)
        asked = (tallies.interpretations(of, work), tallies.on_neurons(of), tallies.on_directions())
        predicted = [one for one in asked if one]
        notes += tallies.notes
    else:
        notes.append("No explanation is asked: circuits say nothing of values at a site.")
    transfer = None if into is None else _transfer(here, direction, doses, steered, into, settings)
    return SteeringReport(
        along=along,
        on=on,
        classes=here.named,
        n_rows=here.of,
        steered=steered,
        predicted=predicted,
        notes=notes,
        transfer=transfer,
    ).asked_about(question)


def _steered(question: Any, here: Steerable, direction: Array, doses: Array) -> tuple[Steered, NDArray[Any]]:
    """Steer a network by each dose: the record, and answers ``[doses, rows]``."""
    reach = float(np.abs(doses).max() * np.abs(direction).max() + np.abs(here.values).max())
    measured, now = here.run(doses[:, None] * direction)
    if not reach <= MAX_VALUE or not np.isfinite(measured).all():
        cause = f"moves values beyond ±{MAX_VALUE:,.0f}, or what is computed of them beyond float64"
        raise InvalidIntervention(f"dose {doses[-1]:g}", cause, "give a smaller one")
    before, flips = now[len(doses) // 2], list[list[Flip]]()
    edge = exact_threshold(question.network, int(here.site), len(here.rows)) if isinstance(question, Question) else None
    if edge is not None:
        for row in here.values.tolist():
            found = exact_flips(question.network, int(here.site), row, direction.tolist(), float(doses[-1]), edge)
            flips.append([Flip(low=float(at), high=float(at), answer=str(answer)) for at, answer in found])
    else:
        flips = [
            [
                Flip(low=doses[at], high=doses[at + 1], answer=_word(here, row[at + 1]))
                for at in np.flatnonzero(row[1:] != row[:-1]).tolist()
            ]
            for row in now.T
        ]
    meant = np.where(doses[:, None] > 0, here.classes == 0, here.classes == 1)
    changed, as_is = now != before, as_meant(here, before, now)
    dosed = [
        Dose(
            dose=float(dose),
            right=int((now[at] == here.wanted).sum()),
            meant=int((changed & meant)[at].sum()),
            others=int((changed & ~meant)[at].sum()),
            as_meant=int(as_is[at]),
        )
        for at, dose in enumerate(doses)
    ]
    rows = [
        SteeredRow(
            row=name,
            wanted=_word(here, here.wanted[at]),
            of_class=int(here.classes[at]),
            measured=measured[:, at].tolist(),
            answers=[_word(here, answer) for answer in now[:, at]],
            flips=flips[at],
        )
        for at, name in enumerate(here.rows)
    ]
    length, exact = fixed_order.length(direction), edge is not None
    about = {"direction": direction.tolist(), "length": length, "doses": dosed, "rows": rows, "exact": exact}
    return Steered.showing(here, **about), now


def _word(here: Steerable, answer: Any) -> str:
    return here.outputs[answer] if answer >= 0 else "nothing"


def best_of(steered: Steered) -> int:
    """Rows that go as is meant at the best positive dose."""
    return max(one.as_meant for one in steered.doses if one.dose > 0)


def _transfer(
    here: Steerable,
    direction: Array,
    doses: Array,
    steered: Steered,
    into: tuple[str, Any],
    settings: Mapping[str, Any],
) -> Transferred:
    name, question = into
    there = steerable(question, settings["there"] or settings["at"], settings["of"])
    check_alike(here, there)
    found = affine_map(here.values, there.values)
    moved = fixed_order.inner(direction[None], found.matrix.T)[0]
    if not fixed_order.length(moved) > 0.0:
        raise InvalidIntervention("direction", f"is mapped to nothing in {name}", "choose another one")
    other, _ = _steered(question, there, moved, doses)
    best, n_rows = best_of(other), len(here.rows)
    n_random, as_well, (low, high) = null_of(there, doses[doses > 0], other.length, best)
    return Transferred.showing(
        found,
        network=name,
        dimension=len(direction),
        n_rows=n_rows,
        fits_anything=n_rows <= found.rank + 1,
        unique=found.rank == len(direction),
        steered=other,
        best=best,
        best_there=best_of(steered),
        n_random=n_random,
        as_well=as_well,
        low=low,
        high=high,
    )


class _Asked:
    """Explanations asked about a perceptron's rows at every dose but 0."""

    def __init__(
        self, question: Question, here: Steerable, direction: Array, doses: Array, now: NDArray[np.int8]
    ) -> None:
        self.question, self.layer, self.direction, self.clean = question, int(here.site), direction, here.values
        self.shifted = np.flatnonzero(doses)
        self.n_doses, n_rows = len(doses), len(here.rows)
        moved = here.values + (doses[self.shifted, None] * direction)[:, None]
        self.written, self.base = moved.reshape(-1, len(direction)), np.tile(np.arange(n_rows), len(self.shifted))
        self.happens = now[self.shifted].reshape(-1)
        self.notes = list[str]()

    def _predicted(self, kind: str, of: int, said: Iterable[Bits]) -> Predicted | None:
        """Count how predictions of explanations, ``[some, cells]`` each time, agree with the network."""
        counts = np.zeros((3, len(self.base)), dtype=np.int64)
        sides, kinds = np.zeros((2, len(self.base)), dtype=bool), np.zeros(3, dtype=np.int64)
        for some in said:
            right, silent = some == self.happens, some == UNREAD
            wrong = ~right & ~silent
            counts += [those.sum(axis=0) for those in (right, wrong, silent)]
            sides |= [(some == bit).any(axis=0) for bit in (0, 1)]
            is_wrong, is_silent = wrong.any(axis=1), silent.all(axis=1)
            kinds += [(~is_wrong & ~is_silent).sum(), is_wrong.sum(), is_silent.sum()]
        by_dose = np.zeros((3, self.n_doses), dtype=np.int64)
        by_dose[:, self.shifted] = counts.reshape(3, len(self.shifted), -1).sum(axis=2)
        if not kinds.sum():
            return None
        asked, wrong = int(kinds.sum()), int(kinds[1])
        low, high = share_interval(wrong, asked, CONFIDENCE) if asked < of else (wrong / asked, wrong / asked)
        return Predicted(
            kind=kind,
            of=of,
            asked=asked,
            agree=int(kinds[0]),
            wrong=wrong,
            low=float(low),
            high=float(high),
            silent=int(kinds[2]),
            right_at=by_dose[0].tolist(),
            wrong_at=by_dose[1].tolist(),
            silent_at=by_dose[2].tolist(),
            split=int(sides.all(axis=0).sum()),
            cells=len(self.base),
        )

    def interpretations(self, of: Analysed[SubjectQuestion], work: Work) -> Predicted | None:
        """Observed classes of interpretations of the valid circuits."""
        if of.formulas is None or of.search is None:
            return None
        observed = list(of.classes)
        total = sum(observed)
        if not total:
            self.notes.append("No interpretations are counted under these rules, so none is asked.")
            return None
        every: dict[int, list[int] | None] = dict.fromkeys(np.flatnonzero(observed).tolist())
        whole = total <= MOST_CLASSES and len(every) <= MOST_CIRCUITS
        ranks = every if whole else drawn_ranks(observed, N_DRAWN, _SEED)
        if not whole:
            self.notes.append(f"{N_DRAWN:,} of {total:,} observed classes are drawn.")
        if of.circuits.truncated_at is not None:
            self.notes.append(f"Truncated: the first {len(observed):,} valid circuits are asked.")
        return self._predicted("Observed classes of interpretations", total, self._of_classes(of, ranks, work))

    def _of_classes(
        self, of: Analysed[SubjectQuestion], ranks: Mapping[int, list[int] | None], work: Work
    ) -> Iterator[Bits]:
        moved = np.flatnonzero(self.direction).tolist()
        for number in work.each("steering", list(ranks), "circuits"):
            circuit = Circuit(self.question.layout, int(of.circuits.masks[number]))
            try:
                classes = choose_classes(self.question, circuit, ranks=ranks[number]).classes
            except BeyondLimits:
                self.notes.append(f"Circuit {circuit.hex} has too many classes to ask.")
                continue
            if speaks(classes):
                yield from classes_predict(classes, self.layer, self.written, moved, self.base)

    def on_neurons(self, of: Analysed[SubjectQuestion]) -> Predicted | None:
        """Valid placements on neurons."""
        if of.formulas is None:
            self.notes.append("The network is not analysed yet, so only placements on directions are asked.")
            return None
        width = len(self.direction)
        valid = [
            (algorithm, [(path, Subspace.on_neurons(site, width)) for path, site in self._here(one.alignment.places)])
            for algorithm, one in valid_alignments(of.formulas)
            if algorithm.responses
        ]
        return self._predicted("Valid placements on neurons", len(valid), map(self._placed, valid))

    def on_directions(self) -> Predicted | None:
        """Valid placements on directions, in closed form with orthogonal swaps."""
        placed = placed_in_seconds(self.question, ["orthogonal"])
        if placed is None:
            return None
        valid = [(algorithm, self._here(scored.alignment.places)) for algorithm, scored in placed]
        return self._predicted("Valid placements on directions, orthogonal swap", len(valid), map(self._placed, valid))

    def _here(self, places: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return [one for one in places if one[1].layer == self.layer]

    def _placed(self, one: tuple[Any, Sequence[tuple[str, Subspace]]]) -> Bits:
        said = placement_predicts(*one, self.direction, self.clean, self.written, self.base) if one[1] else None
        return (np.full(len(self.base), UNREAD, dtype=np.int8) if said is None else said)[None]
