"""Explanations of one network beside each other: what they are asked, and what else they say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.addresses.naming import LEAST, LETTERS
from pluriscope.analyses.shown import input_words
from pluriscope.analysis.directions.self_interventions import OwnSwap
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.analysis.explanations.explanation import Claim
from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.interventions.experiments import InterventionSpace, NeuronSite
from pluriscope.analysis.interventions.swaps import swapped_layers
from pluriscope.analysis.questions.answers import ANSWER_RULE
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.pages.candidates import input_texts
from pluriscope.app.pages.compare.compared import Compared, Experiment
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.page import column, listed
from pluriscope.app.pages.place import Place
from pluriscope.app.pages.placed import neurons_label
from pluriscope.app.pages.verdicts.of_explanation import folded
from pluriscope.figures.numbers import decimal, enumerated, noun
from pluriscope.figures.svg.combs import claimed, linear_words
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import Contrast, network_diagram
from pluriscope.figures.svg.number_line import Threshold, number_line
from pluriscope.figures.svg.tiles import Hues, bits_of, hues_among
from pluriscope.figures.svg.vessels import SMALL, Vessels
from pluriscope.objects.comparison import Interchanges
from pluriscope.page_kit.blocks import Block, Figure, More
from pluriscope.tables.table import Row
from pluriscope.views.records import DifferenceRecord

_LISTED: Final = 4  # neurons whose change is written out
_ALIKE: Final = 1e-9  # activations that differ by less are drawn on one line


class OnInterventions(Compared):
    """Explanations of a perceptron, asked about interchange interventions."""

    place: Place

    @cached_property
    def trials(self) -> Interchanges:
        asked = [(one.record, one.place.question, one.item) for one in self.explanations]
        return Interchanges.of(self.place.question, asked)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of the layers."""
        return self.place.question.network.sizes

    @cached_property
    def bench(self) -> Bench:
        """The network, to be run."""
        return Bench(self.place.question.network, self.place.question.clean_rows)

    @cached_property
    def hues(self) -> Hues:
        """Hue of each function."""
        functions = (claim.function for one in self.explanations for claim in one.functions)
        return hues_among(bits_of(function, self.sizes[0]) for function in functions)

    # --- one trial

    def trial(self, number: int) -> dict[str, Any]:
        members, source, base = self.trials.where[number].tolist()
        chosen, n_inputs = self.trials.sets[members], self.sizes[0]
        if isinstance(chosen, OwnSwap):
            text, url = "; ".join(_along(chosen, self.sizes)), ""
            owners = " ".join(LETTERS[number] for number in chosen.owners)
            words = f"{owners}: {', '.join(chosen.labels)} on {text}"
        else:
            text, words = "+".join(f"{layer}.{neuron}" for layer, neuron in chosen), neurons_label(chosen)
            view = {"row": base, "source": source, "change": [f"h{layer}[{neuron}]" for layer, neuron in chosen]}
            url = self.links.play(self.place.slug, self.refs, self.place.scope, **view)
        inputs = [input_words(row, n_inputs) for row in (source, base)]
        return {
            "experiment": ":".join((text, *inputs)),
            "neurons": words,
            "source": inputs[0],
            "base": inputs[1],
            "output": float(self.trials.outputs[number]),
            "url": url,
        }

    def experiment(self, number: int) -> Experiment:
        record, sizes, base = self.trial(number), self.sizes, int(self.trials.where[number, 2])
        (names, sites, after), (bits, rests) = self._run(number), self._given(number)
        forced, clean = {*sites}, [layer[base] for layer in self.bench.clean]
        value = "the value of input" if self.trials.forced[number] == 1 else "their values of input"
        changes = [
            f"{node_name(layer, n, sizes)}: {_becomes(float(clean[layer][n]), after[layer][n])}" for layer, n in sites
        ]
        full = 1.05 * max(1.0, *(value for some in after for value in some))
        closed = [
            [v if layer == 0 or (layer, n) in forced else None for n, v in enumerate(some)]
            for layer, some in enumerate(after)
        ]

        def network(outcome: bool) -> Markup:
            values = after if outcome else closed
            title = f"The network on input {record['base']}, {names} as on {record['source']}"
            words, rings = f"{title}: {_in_words(values, sizes)}", dict.fromkeys(forced, "")
            weights = self.place.question.network.weights
            return Vessels(weights, values, full, SMALL, sentence=words, forced=rings).drawn()

        rest = f"What {enumerated(rests)} says here rests on a row of a gate that no input reaches."
        return Experiment(
            asks=f"We run input {record['base']}, but give {names} {value} {record['source']}.",
            changes=f"{'; '.join(changes)}." if len(changes) <= _LISTED else "",
            outcome=f"It answers {self.trials.happens[number]}: the output is {decimal(record['output'])}.",
            drawings=lambda width: [
                self._drawing(one, width, some, forced) for one, some in zip(self.explanations, bits, strict=True)
            ],
            network=network,
            doubt=rest if rests else "",
        )

    def _run(self, number: int) -> tuple[str, Sequence[NeuronSite], list[list[float]]]:
        """Run a trial: what takes other values, the neurons that this moves, the activations of every layer then."""
        members, source, base = self.trials.where[number].tolist()
        chosen, clean = self.trials.sets[members], self.bench.clean
        if isinstance(chosen, OwnSwap):
            sources = np.full((1, len(chosen.places)), source)
            swapped = swapped_layers(self.place.question.network, clean, chosen.places, sources)
            return " and ".join(_along(chosen, self.sizes)), _moved(chosen), [one[0, base].tolist() for one in swapped]
        names = [node_name(layer, n, self.sizes) for layer, n in chosen]
        layers = self.bench.run(_by_hand(chosen, source, base))
        return enumerated(names), chosen, [layer.tolist() for layer in layers]

    def _given(self, number: int) -> tuple[list[dict[NeuronSite, int] | None], list[str]]:
        """The values that each gives in a trial, None for one that says nothing, and the letters of those whose
        prediction another completion of their gates would not make.
        """
        members, source, base = self.trials.where[number].tolist()
        chosen, sizes = self.trials.sets[members], self.sizes
        inputs = {(0, n): base >> (sizes[0] - 1 - n) & 1 for n in range(sizes[0])}
        given: list[dict[NeuronSite, int] | None] = []
        rests: list[str] = []
        for (letter, one), said in zip(self.lettered, self.trials.said[:, number].tolist(), strict=True):
            bits = {**inputs}
            if not isinstance(chosen, OwnSwap):
                space = InterventionSpace(sizes[1:-1], sizes[0], (chosen,))
                for site, some in one.record.values(one.item, space).items():
                    bits[site] = int(np.broadcast_to(some, space.shape)[0, source, base])
                rests += [] if one.record.settled(one.item, space)[0, source, base] else [letter]
            given.append(bits | {(len(sizes) - 1, 0): said} if said >= 0 else None)
        return given, rests

    # --- one explanation

    def edges(self, number: int) -> list[str] | None:
        circuit, labels = self.explanations[number].circuit, enumerate(labels_of(self.place.question))
        if circuit is None:
            return None
        return [label.replace("-", " → ") for edge, label in labels if circuit.mask >> edge & 1]

    def name(self, number: int) -> str:
        return self._name(self.explanations[number])

    def _name(self, one: Explanation[Question]) -> str:
        """Describe an explanation, with its rules where they are others."""
        own = one.place.question.protocol.name
        under = f", under {own}" if own != self.place.question.protocol.name else ""
        if one.circuit is not None:
            return f"{noun(one.circuit.n_edges, 'edge')}{under}"
        if one.algorithm is not None:
            return f"{one.algorithm.formula}{', not placed' if one.kind == 'algorithm' else ''}{under}"
        return under

    def drawings(self, width: float) -> Sequence[Markup]:
        return [self._drawing(one, width) for one in self.explanations]

    def _drawing(
        self,
        one: Explanation[Question],
        width: float,
        bits: Mapping[NeuronSite, int] | None = None,
        forced: Collection[NeuronSite] = (),
    ) -> Markup:
        """Draw an explanation on the network, edges that it keeps and another cuts thick."""
        tiles, directions = claimed(one.functions, self.sizes[0])
        drawn = partial(network_diagram, self.place.question.network.weights, hues=self.hues, title=self._name(one))
        if directions:
            return drawn(None, tiles, directions)
        circuits = [other.circuit.keep for other in self.explanations if other.circuit is not None]
        alone = None
        if one.circuit is not None and len(circuits) >= LEAST:
            alone = tuple(
                own & ~np.logical_and.reduce(layer) for own, *layer in zip(one.circuit.keep, *circuits, strict=True)
            )
        return drawn(one.circuit, tiles, contrast=Contrast(alone, bits, forced, width))

    # --- all of them

    @property
    def under(self) -> str:
        return f"protocol {self.place.question.protocol.name}"

    @property
    def legend(self) -> str:
        masks = {one.circuit.mask for one in self.explanations if one.circuit is not None}
        thick = "Thick: an edge that only some keep. " if len(masks) >= LEAST else ""
        squares = len(self.trials.apart) and self.trials.asked == "interventions"
        values = "Small squares: the value each gives its variable here, dashed where it is forced. " if squares else ""
        return f"{thick}Dashed: a negative weight. {values}The network answers {ANSWER_RULE}."

    @property
    def outputs(self) -> str:
        task = self.place.question.task
        tables = [(letter, one.says) for letter, one in self.lettered if one.says]
        if not tables:
            return "None of them says what the network gives on an input."
        right = {sum(said == wanted for said, wanted in zip(says, task.truth_table, strict=True)) for _, says in tables}
        names = ", ".join(letter for letter, _ in tables)
        if len(tables) == len(self.explanations):
            names = "Both" if len(tables) == LEAST else "All"
        verb = "gives" if len(tables) == 1 else "give"
        low, high, of = min(right), max(right), noun(len(task.truth_table), "input")
        of += "’ rows" if self.place.question.data.stand_in else ""
        how_many = f"{low}" if low == high else f"{low} to {high}"
        return f"{names} {verb} {task.name or 'the task'} on {how_many} of {of}."

    @cached_property
    def differences(self) -> Sequence[DifferenceRecord]:
        edges = chain.from_iterable(one.edges or () for one in self.ones)
        return [*self._neurons_apart(), *self.edges_apart(edges)]

    def _neurons_apart(self) -> Iterator[DifferenceRecord]:
        """Neurons of which they say different things; a function and its negation are the same."""
        n_rows = 1 << self.sizes[0]
        claims = {letter: by for letter, one in self.lettered if (by := one.by_neuron())}
        for site in sorted(set().union(*claims.values())) if len(claims) >= LEAST else ():
            said = {letter: by.get(site) for letter, by in claims.items()}
            kinds = {one and (one.says, _up_to_negation(one.function, n_rows)) for one in said.values()}
            if len(kinds) > 1:
                says = {letter: _says(one) for letter, one in said.items() if one is not None}
                yield DifferenceRecord(site=neurons_label([site]), says=says)

    def folds(self) -> Iterator[Block]:
        said = "the values of their variables, and the output"
        yield More("On every input", lambda: [_on_every_input(self)], said, id="values")
        apart = {
            site: answer
            for site, answer in _readings(self).items()
            if len({(one.value, one.table) for _, one, _ in answer}) > 1
        }
        if apart:
            yield More("Thresholds", lambda: _thresholds(self, apart), f"of {enumerated([*apart])}", id="cut")
        yield folded(self.explanations)


def _by_hand(sites: Sequence[NeuronSite], source: int, base: int) -> Intervention:
    """An interchange as one does it in Play."""
    return Intervention(base, tuple(Change(layer, n, None, "source", source=source) for layer, n in sites))


def _along(swap: OwnSwap, sizes: Sequence[int]) -> list[str]:
    """Words for what is swapped: a sum of neurons for each direction."""
    return [linear_words(place.layer, row, sizes) for place in swap.places for row in place.reads]


def _moved(swap: OwnSwap) -> list[NeuronSite]:
    """The neurons that it moves."""
    found: set[NeuronSite] = set()
    for place in swap.places:
        moved = np.any(place.swaps or place.reads, axis=0)
        found |= {(place.layer, neuron) for neuron in np.flatnonzero(moved).tolist()}
    return sorted(found)


def _becomes(before: float, after: float) -> str:
    """Write two values of a neuron with as many digits as distinguish them."""
    for digits in range(2, 7):
        if (old := decimal(before, digits)) != (new := decimal(after, digits)):
            return f"{old} becomes {new}"
    return f"{decimal(before)} stays"


def _in_words(values: Sequence[Sequence[float | None]], sizes: Sequence[int]) -> str:
    """Values of neurons, for those who do not see them."""
    some = [(node_name(layer, n, sizes), v) for layer, row in enumerate(values) for n, v in enumerate(row)]
    return ", ".join(f"{name} {'not shown' if v is None else decimal(v)}" for name, v in some)


def _up_to_negation(function: int, n_rows: int) -> int:
    """A truth table or its negation, whichever is 0 on the first input."""
    return ((1 << n_rows) - 1) & ~function if function & 1 else function


def _says(claim: Claim) -> str:
    if claim.says != "function":
        return claim.says
    others = f", with {noun(len(claim.neurons) - 1, 'other')}" if len(claim.neurons) > 1 else ""
    return f"{claim.label or 'a function without a name'}{others}"


# --- folded


def _on_every_input(c: OnInterventions) -> Block:
    """All values on one axis of inputs; equal ones at one place stand once."""
    place, n_rows = c.place, 1 << c.sizes[0]
    found: dict[tuple[str, tuple[int, ...]], tuple[list[str], str]] = {}
    for one in c.ones:
        rows = [(claim.site or claim.label, claim.label, tuple(claim.truth_table)) for claim in one.claims]
        for site, label, table in [*rows, *([("y", "", tuple(one.says))] if one.says else [])]:
            letters, _ = found.setdefault((site, table), ([], label))
            letters += [one.letter] * (one.letter not in letters)
    columns = [column("input", INPUT_NAMES[: c.sizes[0]], "The input.", "name", first=True)]
    values: list[dict[str, Any]] = [{"input": text} for text in input_texts(c.sizes[0])]
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


def _readings(c: OnInterventions) -> Mapping[str, list[Reading]]:
    """Neurons that some interpretation reads by a cut."""
    found: dict[str, list[Reading]] = {}
    for letter, one in c.lettered:
        if one.interpretation is None:
            continue
        values = one.place.question.activations(one.interpretation.circuit)
        for gate in one.interpretation.gates:
            if gate.layer < len(c.sizes) - 1:
                cut = Threshold(gate.threshold, letter, bits_of(gate.function, c.sizes[0]))
                label = gate_name(gate.function, c.sizes[0]) or "a function without a name"
                reading = values[gate.layer][:, gate.neuron], cut, f"{letter} takes it for {label}"
                found.setdefault(neurons_label([(gate.layer, gate.neuron)]), []).append(reading)
    return dict(sorted(found.items()))


def _thresholds(c: OnInterventions, readings: Mapping[str, list[Reading]]) -> Iterator[Block]:
    """A number line for each neuron, one for all whose circuits give it the same activations."""
    inputs = input_texts(c.sizes[0])
    for site, some in readings.items():
        groups: list[list[Reading]] = []
        for one in some:
            alike = [group for group in groups if np.allclose(group[0][0], one[0], rtol=0, atol=_ALIKE)]
            alike[0].append(one) if alike else groups.append([one])
        for number, group in enumerate(groups, start=1):
            cuts = [cut for _, cut, _ in group]
            drawn = number_line(group[0][0].tolist(), inputs, cuts, hues=c.hues, title=f"Neuron {site}")
            yield Figure(drawn, f"{site}: {'; '.join(words for *_, words in group)}", id=f"cut.{site}-{number}")
