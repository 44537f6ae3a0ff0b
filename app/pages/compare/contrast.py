"""What some explanations of one network share, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.experiments import SILENT, InterventionSpace, NetworkAnswers
from analysis.explanations.explanation import Claim
from analysis.interpretations.gates import gate_name
from app.figures.svg import Threshold
from app.options import PageModel
from app.pages.explanations import Explanation
from app.pages.place import Place
from app.pages.placements import neurons_label
from app.pages.shared import neuron_name, truth_rows
from pluriscope.naming import LEAST


class ClaimView(PageModel):
    """What one explanation says of a neuron."""

    letter: str
    kind: Literal["cut", "used", "function", "unspoken"]
    label: str = ""
    truth_table: list[int] | None = None
    shared_by: int = 1


class NeuronView(PageModel):
    """A hidden neuron and what each explanation says of it."""

    layer: int
    neuron: int
    site: str
    agree: bool = Field(
        description="Whether all that speak of neurons say the same of it; a function and its negation count as the "
        "same, since an interchange cannot tell them apart."
    )
    claims: list[ClaimView]


class EdgeView(PageModel):
    """An edge that some circuits keep and others cut."""

    layer: int
    out: int
    source: int
    label: str
    kept_by: list[str]
    cut_by: list[str]


class ReadingView(PageModel):
    """One circuit's activations of a neuron on the inputs, and where its interpretation cuts them."""

    letter: str
    values: list[float]
    threshold: float
    label: str
    truth_table: list[int]


class LineView(PageModel):
    """A neuron that interpretations read by a cut."""

    layer: int
    neuron: int
    site: str
    same_values: bool = Field(description="Whether all circuits give the neuron the same activations.")
    readings: list[ReadingView]

    @property
    def alike(self) -> bool:
        """Whether all cut it at the same place between the same activations."""
        return self.same_values and len({reading.threshold for reading in self.readings}) == 1

    @property
    def groups(self) -> list[list[ReadingView]]:
        """The readings that can share a number line, because their circuits give the neuron the same values."""
        groups: list[list[ReadingView]] = []
        for reading in self.readings:
            for group in groups:
                if _same_values(group[0], reading):
                    group.append(reading)
                    break
            else:
                groups.append([reading])
        return groups

    def thresholds(self, readings: Sequence[ReadingView]) -> list[Threshold]:
        """Their cuts, for the drawing."""
        return [Threshold(r.threshold, r.letter, tuple(r.truth_table)) for r in readings]


class SharedView(PageModel):
    """What all of them agree on."""

    output: list[int] | None = Field(description="The output that all give on every input, None if they differ.")
    n_task: int = Field(description="Inputs on which every explanation gives the task's output.")
    n_speaking: int = Field(description="Explanations that predict under interventions.")
    predictions_same: int = Field(description="Interventions on which all these predict, and the same.")
    predictions_right: int = Field(description="Of those, the ones on which the network agrees.")


def neuron_views(
    place: Place, letters: Sequence[str], claims: Sequence[dict[tuple[int, int], Claim]]
) -> list[NeuronView]:
    """Every hidden neuron of which some explanation speaks; conflicting functions first, then network order."""
    n_rows, views = 1 << place.question.cut.n_inputs, []
    sites = sorted(set().union(*claims))
    for layer, neuron in sites:
        said = [
            (letter, claim.get((layer, neuron))) for letter, claim in zip(letters, claims, strict=True) if claim
        ]  # an explanation without any claim says nothing of neurons
        kinds = {None if c is None else (c.says, up_to_negation(c.function, n_rows)) for _, c in said}
        views.append(
            NeuronView(
                layer=layer,
                neuron=neuron,
                site=neurons_label([(layer, neuron)]),
                agree=len(said) >= LEAST and len(kinds) == 1,
                claims=[_claim_view(letter, claim, n_rows) for letter, claim in said],
            )
        )
    if sum(1 for claim in claims if claim) < LEAST:
        return []

    def conflict(view: NeuronView) -> bool:
        tables = [c.truth_table for c in view.claims if c.truth_table is not None]
        return len({tuple(table) if not table[0] else tuple(1 - bit for bit in table) for table in tables}) > 1

    return sorted(views, key=lambda view: (not conflict(view), view.layer, view.neuron))


def up_to_negation(function: int, n_rows: int) -> int:
    """A truth table or its negation, whichever is 0 on the first input."""
    return ((1 << n_rows) - 1) & ~function if function & 1 else function


def _claim_view(letter: str, claim: Claim | None, n_rows: int) -> ClaimView:
    if claim is None:
        return ClaimView(letter=letter, kind="unspoken")
    table = truth_rows(claim.function, n_rows) if claim.says == "function" else None
    shared_by = len(claim.neurons)
    return ClaimView(letter=letter, kind=claim.says, label=claim.label, truth_table=table, shared_by=shared_by)


def edge_views(letters: Sequence[str], explanations: Sequence[Explanation]) -> list[EdgeView]:
    """Edges that some circuits keep and others cut."""
    circuits = [(letter, e.circuit) for letter, e in zip(letters, explanations, strict=True) if e.circuit is not None]
    if len(circuits) < LEAST:
        return []
    sizes = explanations[0].place.question.cut.sizes
    differing: list[EdgeView] = []
    for layer in range(1, len(sizes)):
        for out in range(sizes[layer]):
            for source in range(sizes[layer - 1]):
                keepers = [letter for letter, circuit in circuits if circuit.keep[layer - 1][out, source]]
                if 0 < len(keepers) < len(circuits):
                    label = _edge_label(sizes, layer, out, source)
                    others = [letter for letter, _ in circuits if letter not in keepers]
                    differing.append(
                        EdgeView(layer=layer, out=out, source=source, label=label, kept_by=keepers, cut_by=others)
                    )
    return differing


def _edge_label(sizes: Sequence[int], layer: int, out: int, source: int) -> str:
    return f"{neuron_name(sizes, layer - 1, source)} → {neuron_name(sizes, layer, out)}"


def _same_values(one: ReadingView, other: ReadingView) -> bool:
    return bool(np.allclose(one.values, other.values, rtol=0, atol=1e-9))


def line_views(letters: Sequence[str], explanations: Sequence[Explanation]) -> list[LineView]:
    """Neurons that some interpretation reads by a cut: the activations of its own circuit and where it cuts them."""
    readings: dict[tuple[int, int], list[ReadingView]] = {}
    for letter, explanation in zip(letters, explanations, strict=True):
        if explanation.interpretation is None or explanation.circuit is None:
            continue
        place = explanation.place
        values = place.question.activations(explanation.circuit)
        for gate in explanation.interpretation.gates:
            if gate.layer < len(place.question.cut.sizes) - 1:
                readings.setdefault((gate.layer, gate.neuron), []).append(
                    ReadingView(
                        letter=letter,
                        values=[float(v) for v in values[gate.layer][:, gate.neuron]],
                        threshold=gate.threshold,
                        label=gate_name(gate.function, place.question.cut.n_inputs) or gate.name,
                        truth_table=truth_rows(gate.function, 2**place.question.cut.n_inputs),
                    )
                )
    return [
        LineView(
            layer=layer,
            neuron=neuron,
            site=neurons_label([(layer, neuron)]),
            same_values=all(_same_values(reading, found[0]) for reading in found),
            readings=found,
        )
        for (layer, neuron), found in sorted(readings.items())
    ]


def shared_edges(explanations: Sequence[Explanation]) -> list[list[list[bool]]] | None:
    """Edges that all circuits keep, ``[n_out][n_in]`` layer by layer; None where fewer than two keep edges."""
    circuits = [e.circuit for e in explanations if e.circuit is not None]
    if len(circuits) < LEAST:
        return None
    return [np.logical_and.reduce([c.keep[layer] for c in circuits]).tolist() for layer in range(len(circuits[0].keep))]


def shared_view(
    place: Place,
    explanations: Sequence[Explanation],
    predictions: Sequence[NDArray[np.int8]],
    answers: NetworkAnswers,
    space: InterventionSpace,
) -> SharedView:
    said = [explanation.outputs()[0] for explanation in explanations]
    outputs = [output for output in said if output]
    task = list(place.question.task.truth_table)
    speaking = [p for p in predictions if (p != SILENT).any()]
    same = np.zeros(space.shape, dtype=bool)
    if len(speaking) >= LEAST:
        same = space.counted & (speaking[0] != SILENT)
        for other in speaking[1:]:
            same &= other == speaking[0]
    return SharedView(
        output=outputs[0] if outputs and all(output == outputs[0] for output in outputs) else None,
        n_task=sum(all(output[row] == task[row] for output in outputs) for row in range(len(task))) if outputs else 0,
        n_speaking=len(speaking),
        predictions_same=int(same.sum()),
        predictions_right=0 if not speaking else int((same & (speaking[0] == answers.decisions)).sum()),
    )
