"""Interpretations that read a neuron alike on every input, and differ on what no input brings about."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from pydantic import Field

from analysis.interpretations.interpretation import NeuronGate
from app.options import PageModel
from app.pages.explanations import Explanation
from app.pages.shared import neuron_name


class FreeRowView(PageModel):
    """One combination of parents' bits that no input reaches."""

    bits: str = Field(description="The parents' bits, in the order of the parents.")
    zero: list[str] = Field(description="Letters of the explanations whose gate would give 0 there.")
    one: list[str] = Field(description="Letters of those whose gate would give 1.")


class CompletionView(PageModel):
    """A gate that some interpretations complete differently where nothing was observed."""

    layer: int
    neuron: int
    site: str
    parents: list[str]
    letters: list[str] = Field(description="The explanations that give the neuron the same function of the inputs.")
    rows: list[FreeRowView] = Field(description="Where their gates differ, in the order of the gate's rows.")


def completion_views(letters: Sequence[str], explanations: Sequence[Explanation]) -> list[CompletionView]:
    """Gates with the same parents and the same function on the inputs whose tables differ nevertheless.

    Only an intervention can bring about such a row, so these differences are all that parts the members of one observed
    class; they are what its crucial experiments put to the test.
    """
    alike: dict[tuple[int, int, int, tuple[tuple[int, int], ...]], list[tuple[str, NeuronGate]]] = {}
    sizes: Sequence[int] = ()
    for letter, explanation in zip(letters, explanations, strict=True):
        if explanation.interpretation is None:
            continue
        sizes = explanation.place.question.cut.sizes
        for gate in explanation.interpretation.gates:
            alike.setdefault((gate.layer, gate.neuron, gate.function, gate.parents), []).append((letter, gate))
    views = []
    for (layer, neuron, _, parents), gates in sorted(alike.items(), key=lambda item: item[0][:3]):
        rows = _differing(gates)
        if rows:
            views.append(
                CompletionView(
                    layer=layer,
                    neuron=neuron,
                    site=neuron_name(sizes, layer, neuron),
                    parents=[neuron_name(sizes, *parent) for parent in parents],
                    letters=[letter for letter, _ in gates],
                    rows=rows,
                )
            )
    return views


def _differing(gates: Sequence[tuple[str, NeuronGate]]) -> list[FreeRowView]:
    """The rows, free for all of them, on which they do not say the same."""
    first = gates[0][1]
    patterns = ["".join(bits) for bits in product("01", repeat=len(first.parents))]
    free = set(first.free_rows).intersection(*(gate.free_rows for _, gate in gates))
    rows = []
    for row in sorted(free):
        said = {bit: [letter for letter, gate in gates if gate.table[row] == bit] for bit in (0, 1)}
        if said[0] and said[1]:
            rows.append(FreeRowView(bits=patterns[row], zero=said[0], one=said[1]))
    return rows
