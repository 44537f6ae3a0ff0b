"""Explanations of one network beside each other: what they are asked, and what else they say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pluriscope.address import Addresses
from pluriscope.analyses.shown import input_words
from pluriscope.analysis.answers import ANSWER_RULE
from pluriscope.analysis.directions.self_interventions import OwnSwap, ask_own_swaps
from pluriscope.analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    NeuronSite,
    ask_network,
    decide_in_circuit,
)
from pluriscope.analysis.explanations.explanation import Claim
from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.interventions.swaps import swapped_layers
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.tasks import INPUT_NAMES
from pluriscope.app.pages.candidates import input_texts
from pluriscope.app.pages.compare.compared import Compared, Experiment
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.page import column, listed
from pluriscope.app.pages.place import Place
from pluriscope.app.pages.placed import neurons_label
from pluriscope.app.pages.play.tokens import write_now
from pluriscope.app.pages.recorded import claim_record
from pluriscope.app.pages.shared import edge_names
from pluriscope.app.pages.verdicts.told import folded
from pluriscope.blocks import Block, Figure, More
from pluriscope.comparison import Trials, trials_of
from pluriscope.figures.numbers import decimal, enumerated, noun, readable
from pluriscope.figures.svg.combs import claimed, linear_words
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import WIDTH, Contrast, network_diagram
from pluriscope.figures.svg.number_line import Threshold, number_line
from pluriscope.figures.svg.tiles import bits_of, hues_among
from pluriscope.figures.svg.vessels import SMALL, vessels
from pluriscope.naming import LEAST, LETTERS
from pluriscope.records import ComparedRecord, DifferenceRecord
from pluriscope.tables import Row

Layers = Sequence[Sequence[float]]
_LISTED: Final = 4  # neurons whose change is told in a sentence
_ALIKE: Final = 1e-9  # activations that differ by less are drawn on one line


@dataclass(frozen=True, eq=False)
class Beside:
    """Explanations of one network.

    Args:
        place: what they explain.
        explanations: two to six.
    """

    session: Session
    links: Addresses
    place: Place
    explanations: Sequence[Explanation]

    @property
    def lettered(self) -> list[tuple[str, Explanation]]:
        """Each with its letter."""
        return list(zip(LETTERS, self.explanations, strict=False))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the layers."""
        return self.place.question.network.sizes

    @cached_property
    def bench(self) -> Bench:
        """The network, to be run."""
        return Bench(self.place.question.network, self.place.question.clean_rows)

    @cached_property
    def hues(self) -> Any:
        """Which hue each function has."""
        functions = (claim.function for one in self.explanations for claim in one.functions)
        return hues_among(bits_of(function, self.sizes[0]) for function in functions)


def of_network(session: Session, links: Addresses, place: Place, explanations: Sequence[Explanation]) -> Compared:
    """The comparison of some explanations of a network."""
    beside = Beside(session, links, place, explanations)
    own = any(one.kind == "direction" for one in explanations)
    circuits = all(one.kind == "circuit" for one in explanations)  # which are run, since they predict nothing
    answers: NetworkAnswers
    sets: list[_Neurons]
    settled: list[NDArray[np.bool_]] = []
    if own:
        asked = ask_own_swaps(
            place.question.network, place.question.data.clean_rows, [one.item for one in explanations]
        )
        predictions, answers = asked.predictions, asked
        bounded = "Some have more interventions than are made: single ones, and all at once" if asked.bounded else ""
        sets = [_OwnSwap(beside, swap) for swap in asked.swaps]
    else:
        space, answers = ask_network(place.question)
        every = np.arange(len(space.sets))
        predictions = np.stack(
            [
                decide_in_circuit(one.place.question, one.circuit, space, every).decisions
                if circuits and one.circuit is not None
                else one.predictions(space)
                for one in explanations
            ]
        )
        settled = [one.record.settled(one.item, space) for one in explanations]
        bounded = ""
        if space.largest is not None:
            up_to = noun(space.largest, "neuron")
            bounded = f"Sets of up to {up_to}; there are {readable(space.n_possible_sets)} sets in all"
        sets = [_Neurons(beside, sites) for sites in space.sets]
    trials = trials_of(
        predictions, answers, [len(one) for one in sets], settled or [np.ones(answers.outputs.shape, bool)]
    )
    where = np.argwhere(answers.counted)
    return Compared(
        session=session,
        links=links,
        network=place.row,
        scope=place.scope,
        rules=f"Under protocol {place.question.protocol.name}",
        ones=[_record(beside, number, trials) for number in range(len(explanations))],
        drawings=lambda width: [_drawing(beside, one, width=width) for one in explanations],
        trials=trials,
        asked="own interventions" if own else "interventions",
        bounded=bounded,
        trial=lambda number: _trial(beside, answers, sets, where[number].tolist()),
        experiment=lambda number: _experiment(beside, trials, answers, sets, where[number].tolist(), number),
        outputs=f"{_outputs(beside)} {_same(beside)}",
        people={letter: one.person for letter, one in beside.lettered if one.person},
        legend=_legend(beside, squares=len(trials.apart) > 0 and not own),
        differences=list(_differences(beside)),
        folds=lambda: _folds(beside),
    )


# --- one trial


class _Neurons:
    """Neurons that take another input's values."""

    def __init__(self, beside: Beside, sites: Sequence[NeuronSite]) -> None:
        self.beside, self.sites = beside, sites

    def __len__(self) -> int:
        return len(self.sites)

    @property
    def words(self) -> str:
        """For people."""
        return neurons_label(self.sites)

    @property
    def text(self) -> str:
        """In addresses."""
        return "+".join(f"{layer}.{neuron}" for layer, neuron in self.sites)

    def changed(self, source: int, base: int) -> Intervention | None:
        """The same by hand."""
        return Intervention(base, tuple(Change(layer, n, None, "source", source=source) for layer, n in self.sites))

    def runs(self, source: int, base: int) -> Layers:
        """Activations of every layer."""
        layers = self.beside.bench.run(self.changed(source, base) or Intervention(base))
        return [layer.tolist() for layer in layers]

    def values(self, one: Explanation, source: int, base: int) -> dict[NeuronSite, int]:
        """The bits that an explanation gives neurons."""
        space = InterventionSpace(
            self.beside.place.question.network.hidden_sizes, self.beside.sizes[0], (tuple(self.sites),)
        )
        bits = one.record.values(one.item, space)
        return {site: int(np.broadcast_to(some, space.shape)[0, source, base]) for site, some in bits.items()}


class _OwnSwap(_Neurons):
    """Directions, or neurons, of an explanation's own that are swapped with another input's."""

    def __init__(self, beside: Beside, swap: OwnSwap) -> None:
        moved = [
            (place.layer, neuron)
            for place in swap.places
            for neuron in np.flatnonzero(np.any(place.swaps or place.reads, axis=0)).tolist()
        ]
        super().__init__(beside, sorted({*moved}))
        self.swap = swap

    def __len__(self) -> int:
        return len(self.swap.labels)

    @property
    def words(self) -> str:
        owners = " ".join(LETTERS[number] for number in self.swap.owners)
        return f"{owners}: {', '.join(self.swap.labels)} on {self.text}"

    @property
    def text(self) -> str:
        sizes = self.beside.sizes
        return "; ".join(linear_words(place.layer, row, sizes) for place in self.swap.places for row in place.reads)

    def changed(self, source: int, base: int) -> Intervention | None:
        return None

    def runs(self, source: int, base: int) -> Layers:
        question = self.beside.place.question
        sources = np.full((1, len(self.swap.places)), source)
        swapped = swapped_layers(question.network, self.beside.bench.clean, self.swap.places, sources)
        return [layer[0, base].tolist() for layer in swapped]

    def values(self, one: Explanation, source: int, base: int) -> dict[NeuronSite, int]:
        return {}


def _trial(beside: Beside, answers: NetworkAnswers, sets: Sequence[_Neurons], at: Sequence[int]) -> dict[str, Any]:
    members, source, base = at
    n_inputs, place, chosen = beside.sizes[0], beside.place, sets[members]
    inputs = [input_words(row, n_inputs) for row in (source, base)]
    changed = chosen.changed(source, base)
    now = "" if changed is None else write_now(changed, n_inputs)
    refs = [str(one.ref) for one in beside.explanations]
    return {
        "experiment": ":".join((chosen.text, *inputs)),
        "neurons": chosen.words,
        "source": inputs[0],
        "base": inputs[1],
        "output": float(answers.outputs[members, source, base]),
        "url": beside.links.play(place.slug, refs, place.scope, now=now) if now else "",
    }


def _experiment(
    beside: Beside, trials: Trials, answers: NetworkAnswers, sets: Sequence[_Neurons], at: Sequence[int], number: int
) -> Experiment:
    members, source, base = at
    chosen, n_inputs, sizes = sets[members], beside.sizes[0], beside.sizes
    one, other = (input_words(row, n_inputs) for row in (base, source))
    after, clean = chosen.runs(source, base), beside.bench.clean
    names = (
        chosen.text.replace("; ", " and ")
        if isinstance(chosen, _OwnSwap)
        else enumerated([node_name(*site, sizes) for site in chosen.sites])
    )
    value = "the value of input" if len(chosen) == 1 else "their values of input"
    changes = [
        f"{node_name(layer, n, sizes)}: {_becomes(float(clean[layer][base][n]), after[layer][n])}"
        for layer, n in chosen.sites
    ]
    forced = set(chosen.sites)
    full = 1.05 * max(1.0, *(value for some in after for value in some))
    inputs = {(0, n): base >> (n_inputs - 1 - n) & 1 for n in range(n_inputs)}
    bits = [
        inputs | chosen.values(explanation, source, base) | {(len(sizes) - 1, 0): said} if said >= 0 else None
        for said, explanation in zip(trials.said[:, number].tolist(), beside.explanations, strict=True)
    ]
    result = float(answers.outputs[members, source, base])
    closed = [
        [v if layer == 0 or (layer, n) in forced else None for n, v in enumerate(some)]
        for layer, some in enumerate(after)
    ]
    title = f"The network on input {one}, {names} as on {other}"
    play = _trial(beside, answers, sets, at)["url"]
    rests = [
        letter
        for letter, explanation in beside.lettered
        if not isinstance(chosen, _OwnSwap) and not _settled(explanation, chosen, source, base)
    ]
    return Experiment(
        asks=f"We run input {one}, but give {names} {value} {other}.",
        changes=f"{'; '.join(changes)}." if len(changes) <= _LISTED else "",
        outcome=f"It answers {trials.happens[number]}: the output is {decimal(result)}.",
        drawings=lambda width: [
            _drawing(beside, explanation, some, forced, width)
            for some, explanation in zip(bits, beside.explanations, strict=True)
        ],
        network=lambda told: vessels(
            beside.place.question.network.weights,
            after if told else closed,
            full,
            SMALL,
            sentence=f"{title}: {_told(after if told else closed, sizes)}",
            forced=dict.fromkeys(forced, ""),
        ),
        doubt=f"What {enumerated(rests)} says here rests on a row of a gate that no input reaches." if rests else "",
        play=play,
    )


def _becomes(before: float, after: float) -> str:
    """Two values of a neuron, with as many digits as tell them apart."""
    for digits in range(2, 7):
        if (old := decimal(before, digits)) != (new := decimal(after, digits)):
            return f"{old} becomes {new}"
    return f"{decimal(before)} stays"


def _told(values: Sequence[Sequence[float | None]], sizes: Sequence[int]) -> str:
    """Values of neurons, for those who do not see them."""
    some = [(node_name(layer, n, sizes), v) for layer, row in enumerate(values) for n, v in enumerate(row)]
    return ", ".join(f"{name} {'not told' if v is None else decimal(v)}" for name, v in some)


def _settled(one: Explanation, chosen: _Neurons, source: int, base: int) -> bool:
    sizes = chosen.beside.sizes
    space = InterventionSpace(sizes[1:-1], sizes[0], (tuple(chosen.sites),))
    return bool(one.record.settled(one.item, space)[0, source, base])


# --- one explanation


def _record(beside: Beside, number: int, trials: Trials) -> ComparedRecord:
    letter, one = beside.lettered[number]
    predicted = int(trials.spoken[number].sum())
    return ComparedRecord(
        letter=letter,
        kind=one.kind,
        ref=str(one.ref),
        url=one.url,
        name=_name(beside, one),
        edges=None if one.circuit is None else edge_names(one.circuit.layout, one.circuit.mask),
        claims=[claim_record(claim, beside.sizes) for claim in one.functions],
        says=one.says,
        predicted=predicted,
        right=int(trials.right[number].sum()),
        silent_because="" if predicted else one.record.silence,
    )


def _name(beside: Beside, one: Explanation) -> str:
    """What it is, and its rules where they are others."""
    own = one.place.question.protocol.name
    under = f", under {own}" if own != beside.place.question.protocol.name else ""
    if one.circuit is not None:
        return f"{noun(one.circuit.n_edges, 'edge')}{under}"
    if one.algorithm is not None:
        return f"{one.algorithm.formula}{', not placed' if one.kind == 'algorithm' else ''}{under}"
    return f"{one.recorded.name(one.item) if one.recorded else ''}{under}"


def _drawing(
    beside: Beside,
    one: Explanation,
    bits: Mapping[NeuronSite, int] | None = None,
    forced: Collection[NeuronSite] = (),
    width: float = WIDTH,
) -> Markup:
    """It on the network, edges that it keeps and another cuts thick."""
    tiles, directions = claimed(one.functions, beside.sizes[0])
    weights, title = beside.place.question.network.weights, _name(beside, one)
    if directions:
        return network_diagram(weights, None, tiles, directions, hues=beside.hues, title=title)
    circuits = [other.circuit.keep for other in beside.explanations if other.circuit is not None]
    alone = None
    if one.circuit is not None and len(circuits) >= LEAST:
        alone = tuple(
            own & ~np.logical_and.reduce(layer) for own, *layer in zip(one.circuit.keep, *circuits, strict=True)
        )
    contrast = Contrast(alone, bits, forced, width)
    return network_diagram(weights, one.circuit, tiles, contrast=contrast, hues=beside.hues, title=title)


def _legend(beside: Beside, *, squares: bool) -> str:
    masks = {one.circuit.mask for one in beside.explanations if one.circuit is not None}
    thick = "Thick: an edge that only some keep. " if len(masks) >= LEAST else ""
    values = "Small squares: the value each gives its variable here, dashed where it is forced. " if squares else ""
    return f"{thick}Dashed: a negative weight. {values}The network answers {ANSWER_RULE}."


def _same(beside: Beside) -> str:
    """Whether they are of one kind and passed the same test."""
    kinds = {one.kind for one in beside.explanations}
    rules = {one.place.question.protocol.name for one in beside.explanations}
    if len(kinds) > 1:
        return f"Different kinds, so different tests, under protocol {beside.place.question.protocol.name}."
    return (
        f"Same kind, same test: protocol {beside.place.question.protocol.name}."
        if len(rules) == 1
        else (f"Same kind, different tests: protocols {enumerated(sorted(rules))}.")
    )


def _outputs(beside: Beside) -> str:
    """How many inputs each gets right, in a sentence."""
    task = beside.place.question.task
    told = [(letter, one.says) for letter, one in beside.lettered if one.says]
    if not told:
        return "None of them says what the network gives on an input."
    right = {sum(said == wanted for said, wanted in zip(says, task.truth_table, strict=True)) for _, says in told}
    names = ", ".join(letter for letter, _ in told)
    if len(told) == len(beside.explanations):
        names = "Both" if len(told) == LEAST else "All"
    verb = "gives" if len(told) == 1 else "give"
    low, high, of = min(right), max(right), noun(len(task.truth_table), "input")
    of += "’ rows" if beside.place.question.data.stand_in else ""
    how_many = f"{low}" if low == high else f"{low} to {high}"
    return f"{names} {verb} {task.name or 'the task'} on {how_many} of {of}."


# --- what they say of neurons and edges


def _differences(beside: Beside) -> Iterator[DifferenceRecord]:
    """Neurons and edges of which they say different things; a function and its negation are the same."""
    n_rows = 1 << beside.sizes[0]
    claims = {letter: by for letter, one in beside.lettered if (by := one.by_neuron())}
    for site in sorted(set().union(*claims.values())) if len(claims) >= LEAST else ():
        said = {letter: by.get(site) for letter, by in claims.items()}
        kinds = {one and (one.says, _up_to_negation(one.function, n_rows)) for one in said.values()}
        if len(kinds) > 1:
            says = {letter: _says(one) for letter, one in said.items() if one is not None}
            yield DifferenceRecord(site=neurons_label([site]), says=says)
    kept = {letter: edge_names(one.circuit.layout, one.circuit.mask) for letter, one in beside.lettered if one.circuit}
    for edge in dict.fromkeys(edge for edges in kept.values() for edge in edges):
        if not all(edge in edges for edges in kept.values()):
            yield DifferenceRecord(site=edge, says={k: "kept" if edge in edges else "cut" for k, edges in kept.items()})


def _up_to_negation(function: int, n_rows: int) -> int:
    """A truth table or its negation, whichever is 0 on the first input."""
    return ((1 << n_rows) - 1) & ~function if function & 1 else function


def _says(claim: Claim) -> str:
    if claim.says != "function":
        return claim.says
    others = f", with {noun(len(claim.neurons) - 1, 'other')}" if len(claim.neurons) > 1 else ""
    return f"{claim.label or 'a function without a name'}{others}"


# --- folded


def _folds(beside: Beside) -> Iterator[Block]:
    yield More(
        "On every input",
        lambda: [_on_every_input(beside)],
        "the values of their variables, and the output",
        id="values",
    )
    apart = {
        site: told
        for site, told in _readings(beside).items()
        if len({(one.value, one.table) for _, one, _ in told}) > 1
    }
    if apart:
        yield More("Thresholds", lambda: _thresholds(beside, apart), f"of {enumerated([*apart])}", id="cut")
    yield folded(beside.session, beside.links, beside.explanations)


def _on_every_input(beside: Beside) -> Block:
    """All values on one axis of inputs; equal ones at one place stand once."""
    place, n_rows = beside.place, 1 << beside.sizes[0]
    found: dict[tuple[str, tuple[int, ...]], tuple[list[str], str]] = {}
    for letter, one in beside.lettered:
        records = [claim_record(claim, beside.sizes) for claim in one.functions]
        told = [(claim.site or claim.label, claim.label, tuple(claim.truth_table)) for claim in records]
        for site, label, table in [*told, *([("y", "", tuple(one.says))] if one.says else [])]:
            letters, _ = found.setdefault((site, table), ([], label))
            letters += [letter] * (letter not in letters)
    columns = [column("input", INPUT_NAMES[: beside.sizes[0]], "The input.", "name", first=True)]
    values: list[dict[str, Any]] = [{"input": text} for text in input_texts(beside.sizes[0])]
    for number, ((site, bits), (letters, label)) in enumerate(found.items()):
        words = label if label == site else f"{site} {label}"
        columns.append(column(f"v{number}", f"{''.join(letters)} {words}", "Its value."))
        for row in range(n_rows):
            values[row][f"v{number}"] = "neither" if bits[row] < 0 else str(bits[row])
    columns.append(column("task", place.question.task.name or "Task", "What is asked for."))
    for row, wanted in enumerate(place.question.task.truth_table):
        values[row]["task"] = str(wanted)
    return listed("input", columns, [Row(one) for one in values])


Reading = tuple[NDArray[np.float64], Threshold, str]
"""A neuron's activations in a circuit, where an interpretation cuts them, and what it takes the neuron for."""


def _readings(beside: Beside) -> Mapping[str, list[Reading]]:
    """Neurons that some interpretation reads by a cut."""
    found: dict[str, list[Reading]] = {}
    for letter, one in beside.lettered:
        if one.interpretation is None:
            continue
        values = one.place.question.activations(one.interpretation.circuit)
        for gate in one.interpretation.gates:
            if gate.layer < len(beside.sizes) - 1:
                cut = Threshold(gate.threshold, letter, bits_of(gate.function, beside.sizes[0]))
                label = gate_name(gate.function, beside.sizes[0]) or "a function without a name"
                told = values[gate.layer][:, gate.neuron], cut, f"{letter} takes it for {label}"
                found.setdefault(neurons_label([(gate.layer, gate.neuron)]), []).append(told)
    return dict(sorted(found.items()))


def _thresholds(beside: Beside, readings: Mapping[str, list[Reading]]) -> Iterator[Block]:
    """A number line for each neuron, one for all whose circuits give it the same activations."""
    inputs = input_texts(beside.sizes[0])
    for site, told in readings.items():
        groups: list[list[Reading]] = []
        for one in told:
            alike = [group for group in groups if np.allclose(group[0][0], one[0], rtol=0, atol=_ALIKE)]
            alike[0].append(one) if alike else groups.append([one])
        for number, group in enumerate(groups, start=1):
            cuts = [cut for _, cut, _ in group]
            drawn = number_line(group[0][0].tolist(), inputs, cuts, hues=beside.hues, title=f"Neuron {site}")
            yield Figure(drawn, f"{site}: {'; '.join(words for *_, words in group)}", id=f"cut.{site}-{number}")
