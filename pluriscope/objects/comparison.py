"""Two to six explanations side by side: what each says in every trial, where they contradict, and who is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.addresses.naming import LEAST, LETTERS, MOST
from pluriscope.analysis.algorithms.causal_model import NONE, CausalModel, read_causal_model
from pluriscope.analysis.directions.self_interventions import OwnSwap, ask_own_swaps
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.explanations.explanation import Kind
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.interventions.experiments import (
    SILENT,
    NetworkAnswers,
    NeuronSite,
    decide_in_circuit,
    run_interventions,
)
from pluriscope.analysis.placements.interchange import AskedModel, Interchange
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.comparison import QUARTERS
from pluriscope.figures.numbers import exact, noun, readable
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.marks import quarters
from pluriscope.objects.explanations import Explanation
from pluriscope.objects.findings import Findings
from pluriscope.objects.showing import Row, Rows, link
from pluriscope.page_kit.blocks import Figure
from pluriscope.views.records import PairRecord


@dataclass(frozen=True, eq=False)
class Trials:
    """Predictions of several explanations in some trials, and the network's answers: interventions, or rows of a task.

    Args:
        said: ``[explanation, trial]`` what each says, 0 or more; −1 for nothing.
        happens: ``[trial]``.
        margins: ``[trial]`` how clear each is.
        forced: ``[trial]`` how much is forced; None where nothing is.
        doubtful: ``[trial]`` whether something about it is open: a prediction that another completion of the same gates
            would not make, or an output that is near neither 0 nor 1; None where nothing is.
        asked: what these trials are.
        answers: what 0 and more stand for.
        bounded: what is left out, as a sentence; "" where nothing is.
    """

    said: NDArray[Any]
    happens: NDArray[Any]
    margins: NDArray[np.float64]
    forced: NDArray[Any] | None = None
    doubtful: NDArray[np.bool_] | None = None
    asked: Literal["interventions", "own interventions", "rows", "rows and interchanges"] = "interventions"
    answers: Sequence[Any] = (0, 1)
    bounded: str = ""

    @cached_property
    def spoken(self) -> NDArray[np.bool_]:
        """Whether each explanation predicts anything in each trial: ``[explanation, trial]`` bool."""
        found: NDArray[np.bool_] = self.said != SILENT
        return found

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """``[explanation, trial]``: who is right."""
        found: NDArray[np.bool_] = self.said == self.happens
        return found

    @cached_property
    def apart(self) -> NDArray[np.intp]:
        """The trials in which two contradict each other, who is right taking turns.

        Among those in which the same are right, those without doubt come first, then by what is forced, fewest first,
        then the clearest first, else in order.
        """
        said = np.where(self.spoken, self.said, np.iinfo(self.said.dtype).max)
        where = self._experiments_where(np.any(self.spoken, axis=0) & (said.min(axis=0) < self.said.max(axis=0)))
        who = [one.tobytes() for one in self.right[:, where].T]
        seen, turn = Counter[bytes](), []
        for one in who:
            turn.append(seen[one])
            seen[one] += 1
        return where[np.argsort(turn, kind="stable")]

    @cached_property
    def wrong(self) -> NDArray[np.intp]:
        """The trials in which one says what does not happen, in the same order but for turns."""
        return self._experiments_where(np.any(self.spoken & ~self.right, axis=0))

    def _experiments_where(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Some trials, the clearest first."""
        where = np.flatnonzero(chosen)
        keys = [-self.margins, *(one for one in (self.forced, self.doubtful) if one is not None)]
        return where[np.lexsort([key[where] for key in keys])]

    def pair(self, first: int, second: int) -> PairRecord:
        """Two of them by their positions."""
        both = self.spoken[first] & self.spoken[second]
        one, other = self.right[first], self.right[second]
        return PairRecord(
            first=LETTERS[first],
            second=LETTERS[second],
            both=int(both.sum()),
            same=int((both & (self.said[first] == self.said[second])).sum()),
            both_right=int((one & other).sum()),
            first_right=int((one & ~other).sum()),
            second_right=int((other & ~one).sum()),
            neither=int((~one & ~other).sum()),
        )


Asked = tuple[Kind[Any], Any, Any]
"""One explanation: the record of its kind, the question that it answers, and the engine's value of it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Interchanges(Trials):
    """Interchange interventions on a perceptron as trials: those that count.

    Args:
        outputs: ``[trial]`` of the network.
        sets: neurons that take another input's values; where one explanation is on directions, the swaps that each of
            them makes itself.
        where: ``[trial, 3]`` the set of each, the input whose values it takes, and the input that runs.
    """

    forced: NDArray[np.intp]
    outputs: NDArray[np.float64]
    sets: Sequence[tuple[NeuronSite, ...] | OwnSwap]
    where: NDArray[np.intp]

    @classmethod
    def of(cls, question: Question, explanations: Sequence[Asked]) -> Interchanges:
        """Trials of some explanations. Circuits predict nothing; they are run where there are no other explanations."""
        answers: NetworkAnswers
        sets: Sequence[Any]
        kinds = {kind.key for kind, _, _ in explanations}
        own = "direction" in kinds
        if own:
            clean = question.data.clean_rows
            answers = own_swaps = ask_own_swaps(question.network, clean, [item for *_, item in explanations])
            sets, forced, settled = own_swaps.swaps, [len(swap.labels) for swap in own_swaps.swaps], np.True_
            bounded = "Some have more interventions than are made: single ones, and all at once" * own_swaps.bounded
            predictions = own_swaps.predictions
        else:
            space, answers = run_interventions(question)
            sets, forced, bounded = space.sets, [len(some) for some in space.sets], ""
            if space.largest is not None:
                most = f"Sets of up to {noun(space.largest, 'neuron')}"
                bounded = f"{most}; there are {readable(space.n_possible_sets)} sets in all"
            every = np.arange(len(sets))
            predictions = np.stack(
                [
                    decide_in_circuit(own, item, space, every).decisions
                    if kinds == {"circuit"}
                    else kind.predict(own, [item], space)[0]
                    for kind, own, item in explanations
                ]
            )
            settled = np.logical_and.reduce([kind.settled(item, space) for kind, _, item in explanations])
        counted, doubtful = answers.counted, ~(answers.clear & settled)
        return cls(
            predictions[:, counted],
            answers.decisions[counted],
            answers.margins[counted],
            forced=np.broadcast_to(np.array(forced)[:, None, None], counted.shape)[counted],
            doubtful=doubtful[counted],
            asked="own interventions" if own else "interventions",
            bounded=bounded,
            outputs=answers.outputs[counted],
            sets=sets,
            where=np.argwhere(counted),
        )


Said = int | tuple[str, Mapping[str, str]]
"""What is compared of a network with sites: a circuit's mask, or an algorithm's text with sites for its variables."""
_RUNS: Final = 1 << 12  # at once
_SOURCES: Final = 1 << 14  # pairs of rows for each set of sites; of more, sources are drawn
NO_CLASS: Final = "no class"


@dataclass(frozen=True, eq=False, kw_only=True)
class OnSites(Trials):
    """The rows of a task, and interchanges of rows on the sites of placements, as trials.

    Args:
        sets: the sets of sites that placements have.
        where: ``[trial, 3]`` the set of each, −1 for none, the row that it takes, and the row that runs.
    """

    sets: Sequence[str]
    where: NDArray[np.intp]

    @classmethod
    def of(cls, question: SubjectQuestion, said: Sequence[Said]) -> OnSites:
        """Trials of circuits, algorithms and placements.

        Circuits answer on rows by their largest output, or nothing where two are. An algorithm's answer on rows is its
        own, and with a variable on a set of sites it says what the interchange of this set gives. Between circuits the
        rows are clearest on which these are farthest apart.
        """
        there = Interchange.of(question)
        n, n_classes = there.n_rows, len(question.examples.classes)
        rows = sources = np.arange(n)
        if n * n > _SOURCES:
            sources = np.sort(np.random.default_rng(0).permutation(n)[: _SOURCES // n])

        def answered(outputs: NDArray[np.float64]) -> NDArray[Any]:
            return largest(outputs) if there.rule is None else there.decided(outputs)[0]

        def known(answers: NDArray[Any]) -> NDArray[np.int64]:
            found = np.where((answers < 0) | (answers >= n_classes), n_classes, answers)
            return np.where(answers == NONE, SILENT, found)

        placed = dict[int, tuple[AskedModel, Mapping[str, str]]]()
        first = np.empty((len(said), n), dtype=np.int64)
        for which, one in enumerate(said):
            if isinstance(one, int):
                first[which] = answered(question.outputs(one))
            else:
                placed[which] = AskedModel(read_causal_model(one[0]), there.inputs), one[1]
                first[which] = known(placed[which][0].right)
        sets = list(dict.fromkeys(sites for _, by_name in placed.values() for sites in by_name.values()))
        base, at = (one.ravel() for one in np.meshgrid(rows, np.arange(len(sources)), indexing="ij"))
        apart = base != sources[at]
        base, at = base[apart], at[apart]
        source, chunks = sources[at], [slice(start, start + _RUNS) for start in range(0, len(base), _RUNS)]
        parts, wheres = [first], [np.stack([np.full(n, -1), rows, rows], axis=1)]
        outputs = [there.outputs([], rows)]
        for number, text in enumerate(sets):
            places = tuple(map(there.read, text.split()))
            outputs += [there.outputs([(places, source[some])], base[some]) for some in chunks]
            every = np.full((len(said), len(base)), SILENT)
            for which, (model, by_name) in placed.items():
                for name in (name for name, sites in by_name.items() if sites == text):
                    every[which] = known(model.answers({name: model.itself[name][sources]})[base, at])
            parts.append(every)
            wheres.append(np.stack([np.full(len(base), number), source, base], axis=1))
        happens, margins = there.decided(np.concatenate(outputs))
        masks = [one for one in said if isinstance(one, int)]
        if not placed:
            each = CLASSES.margins(np.array([question.outputs(mask) for mask in masks]), question.examples.answers)
            margins = each.max(axis=0) - each.min(axis=0)
        drawn = "" if len(sources) == n else f"Of {n} rows {len(sources)} are drawn as sources"
        return cls(
            np.concatenate(parts, axis=1),
            np.where(happens < 0, -2, happens),  # nobody is right by saying nothing
            margins,
            forced=np.concatenate(wheres)[:, 0] >= 0,
            asked="rows and interchanges" if sets else "rows",
            answers=[*map(str, question.examples.classes), NO_CLASS],
            bounded=drawn if sets else "",
            sets=sets,
            where=np.concatenate(wheres),
        )


def who_is_right(counts: Sequence[int], unit: str, beside: str = "") -> Figure:
    """The bar of two explanations over all trials.

    Args:
        counts: of trials in which both are right, P alone, Q alone, neither.
        unit: how many trials there are, with their noun.
        beside: what is left out of them.
    """
    named = list(zip(counts, QUARTERS, strict=True))
    words = ", ".join(f"{exact(n)} {name}" for n, name in named)
    part = Markup('<span style="flex:0 1 {:.1f}%"><b>{}</b> {}</span>').format
    shares = [100 * n / max(sum(counts), 1) for n in counts]
    below = Markup(" ").join(part(share, exact(n), name) for share, (n, name) in zip(shares, named, strict=True))
    reply = Markup('<span class="seg">{}</span>{}').format(below, f"{beside}." if beside else "")
    return Figure(quarters(counts, sentence=f"Of {unit}, from left to right: {words}"), reply, id="right")


def compare(self: Findings, *explanations: Explanation) -> Rows:
    """Trials in which two of two to six explanations contradict each other, the clearest first, such that each is right
    in turn.

    Raises:
        AnalysisError: fewer than two, more than six, or of another result.
    """
    if not LEAST <= len(explanations) <= MOST:
        cause = f"has {noun(len(explanations), 'explanation')}"
        raise InvalidIntervention("comparison", cause, f"give {LEAST} to {MOST}")
    question = self.question
    for one in explanations:
        other = one.result.question
        if (other.subject.digest, other.output, other.data_digest) != (
            question.subject.digest,
            question.output,
            question.data_digest,
        ):
            cause = "is about another network, output or rows"
            raise InvalidIntervention(one.title, cause, "compare explanations of one output on the same rows")
    letters = LETTERS[: len(explanations)]
    by_rows, of_neurons = not self.offers("neurons"), list[Explanation]()
    if not by_rows:
        of_neurons = [one for one in explanations if not isinstance(one.value, CausalModel | tuple)]
        by_rows = len(of_neurons) < len(explanations)
    for one in of_neurons if by_rows else ():
        if one.kind != "circuit":
            cause = "is about neurons, and algorithms with finite variables are about sites"
            raise InvalidIntervention(one.title, cause, "compare these with circuits and with each other")
    rows = list((_on_sites if by_rows else _on_interventions)(question, explanations))
    address = self.addresses.compare(self.network_key, [one.ref for one in explanations], self.scope)
    who = "; ".join(f"{letter}: {one.title}" for letter, one in zip(letters, explanations, strict=True))
    placed = any(one.kind == "alignment" for one in explanations)
    unit = ("row or interchange", "rows or interchanges") if placed else ("row",)
    trials = noun(len(rows), *(unit if by_rows else ("intervention",)))
    return Rows(rows, link(address, f"{trials} on which they contradict each other. {who}"))


def _on_interventions(question: Question, explanations: Sequence[Explanation]) -> Iterator[Row]:
    trials = Interchanges.of(question, [(KIND_OF[one.kind], one.result.question, one.value) for one in explanations])
    sizes, n_inputs = question.network.sizes, question.network.n_inputs
    for number in trials.apart.tolist():
        members, source, base = trials.where[number].tolist()
        yield {
            "patched": " + ".join(node_name(layer, neuron, sizes) for layer, neuron in trials.sets[members]),
            "source": f"{source:0{n_inputs}b}",
            "base": f"{base:0{n_inputs}b}",
            **_answers(trials, number),
            "output": float(trials.outputs[number]),
        }


def _on_sites(question: SubjectQuestion, explanations: Sequence[Explanation]) -> Iterator[Row]:
    """Rows, and interchanges on the sites of placements, on which explanations of a network with sites differ."""
    for one in explanations:
        if one.result.question.digest != question.digest:
            raise InvalidIntervention(one.title, "is under other rules", "compare circuits under the same rules")
    values = (None if one.kind == "circuit" else one.value for one in explanations)
    every = zip(explanations, values, strict=True)
    trials = OnSites.of(question, [said_of(one.kind, one.ref.first, value) for one, value in every])
    rows = question.examples.rows
    for number in trials.apart.tolist():
        which, source, base = trials.where[number].tolist()
        exchanged = {"sites": trials.sets[which], "source": rows[source]} if which >= 0 else {"sites": "", "source": ""}
        yield {"row": rows[base], **(exchanged if trials.sets else {}), **_answers(trials, number)}


def said_of(kind: str, mask: str, value: Any) -> Said:
    """What an explanation of a network with sites says.

    Args:
        kind: of the explanation.
        mask: of a circuit, or of the one that an interpretation reads, whose answers are its own; hex.
        value: of an algorithm its model, of a placement the algorithm's text with its record.
    """
    if kind in ("circuit", "interpretation"):
        return int(mask, 16)
    if kind == "algorithm":
        return value.text, {}
    if kind != "alignment":
        cure = "compare circuits, interpretations, algorithms and placements"
        raise InvalidIntervention(kind, "is not compared on sites", cure)
    text, placement = value
    return text, {one.variable: one.sites for one in placement.places}


def _answers(trials: Trials, number: int) -> Row:
    """Answers in a trial by letter, None for no prediction, and the network's."""
    every = [*trials.said[:, number].tolist(), int(trials.happens[number])]
    words = [None if answer < 0 else trials.answers[answer] for answer in every]
    return dict(zip([*LETTERS[: len(words) - 1], "network"], words, strict=True))
