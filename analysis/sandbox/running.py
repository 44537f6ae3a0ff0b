"""Running a network under an intervention made by hand.

Every pre-activation is summed as everywhere (the bias, then source after source by index), so that a run without
changes gives exactly the network's output, and a run that patches neurons from one source exactly the answer of the
common ground.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.fixed_order import mean
from pluriscope.analysis.placements.interchange import decided
from pluriscope.analysis.questions.decision import CLASSES, Decision
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.subjects.perceptron.mlp import activations, means
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.sites import Patch, Run, Site, giver_of, on_all_rows, run
from pluriscope.analysis.subjects.subject import Change as SiteChange
from pluriscope.analysis.subjects.subject import Sited
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import edge_names

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bench(Sited):
    """A network with the inputs that it is tried on.

    Args:
        network: cut to one output.
        rows: ``[2^n, n]`` one real-valued row for each Boolean input, in binary order; bases and sources.
            ``mean`` is taken over them.
    """

    network: Network
    rows: Array

    @property
    def inputs(self) -> Array:
        return self.rows

    @cached_property
    def clean(self) -> tuple[Array, ...]:
        """The network's own activations ``[2^n, n_l]`` for layers 0 … L."""
        return activations(self.network, self.rows)

    @cached_property
    def means(self) -> tuple[Array, ...]:
        """Mean activations ``[n_l]`` for layers 0 … L − 1."""
        return means(self.clean)

    def value_of(self, change: Change) -> float:
        """The number that a change writes."""
        layer, neuron = change.carrier
        match change.written:
            case "zero":
                return 0.0
            case "mean":
                return float(self.means[layer][neuron])
            case "source":
                return float(self.clean[layer][change.source or 0, neuron])
            case "value":
                return float(change.value or 0.0)

    def run_sites(self, data: Array, change: SiteChange, read: Callable[[Array, str], Array] | None = None) -> Array:
        """Run the network site by site, as :func:`~pluriscope.analysis.subjects.perceptron.mlp.run_sites` does; values
        beyond float64 are infinite or NaN.

        Args:
            data: ``[rows, n]``.
            change: as there.
            read: the layer below ``[rows, 1, n_(l-1)]`` and a neuron, ``1.0`` or ``y0`` → that layer as it reads it.
        """
        values, last = change("x", data[:, None])[:, 0], len(self.network.weights)
        with np.errstate(over="ignore", invalid="ignore"):
            for layer, (weights, biases) in enumerate(zip(self.network.weights, self.network.biases, strict=True), 1):
                arriving = np.broadcast_to(values[:, None], (len(values), *weights.shape))
                if read is not None:
                    names = [f"{layer}.{n}" if layer < last else f"y{n}" for n in range(len(biases))]
                    arriving = np.stack([read(values[:, None], name)[:, 0] for name in names], axis=1)
                total = np.broadcast_to(biases, arriving.shape[:2])
                for index in range(weights.shape[1]):
                    total = total + arriving[:, :, index] * weights[:, index]
                values = self.network.function_of(layer).value(total)
                values = change(f"h{layer}", values[:, None])[:, 0] if layer < last else values
        return values

    def run(self, intervention: Intervention) -> tuple[Array, ...]:
        """Activations ``[n_l]`` of layers 0 … L under an intervention; values beyond float64 are infinite or NaN."""
        patches, last = list[Patch](), len(self.network.weights)
        for one in intervention.changes:
            layer, neuron = one.carrier
            site, source = Site(f"h{layer}", None, (neuron,)), f"{layer}.{neuron}" if layer else f"x{neuron}"
            if one.is_edge:
                site = Site(f"{source}-{one.layer}.{one.neuron}" if one.layer < last else f"{source}-y{one.neuron}")
            patches.append((site, np.full((1, 1, self.network.sizes[layer]), self.value_of(one))))
        found = run(self, self.rows[[intervention.base]], patches)
        return (*(values[0, 0] for values in found.values.values()), found.logits[0])


@dataclass(frozen=True, eq=False)
class Stage(Sited):
    """A network of any kind with the rows of its task, to be tried by hand.

    Args:
        network: what is run.
        rows: for people.
        answers: ``[rows]`` the right one on each, by number.
        outputs: their names.
        classes: the names of answers.
        edges: that can be changed alone.
        decision: by which outputs are answers.
    """

    network: Sited
    rows: Sequence[str]
    answers: NDArray[np.int64]
    outputs: Sequence[str]
    classes: Sequence[str]
    edges: Sequence[str]
    decision: Decision = CLASSES

    @classmethod
    def of(cls, question: SubjectQuestion) -> Stage:
        """The network of a question, of a perceptron by its edges cut to the analysed output."""
        if isinstance(question, Question):
            bench = Bench(question.network, question.inputs)
            n, answers = question.network.n_inputs, question.method_rows[1].astype(np.int64)
            rows = [", ".join(f"{value:g}" for value in row) for row in bench.rows.tolist()]
            if question.data.boolean:
                rows = [f"{row:0{n}b}" for row in range(len(rows))]
            edges = question.graph.edge_names
            return cls(bench, rows, answers, ("y",), ("0", "1"), edges, Decision("value"))
        one = question.subject
        edges = (*edge_names(one),) if isinstance(one, AttentionModel) else ()
        return cls(one, one.rows, one.answers, one.outputs, one.outputs, edges)

    @property
    def inputs(self) -> NDArray[np.float64]:
        return self.network.inputs

    def run_sites(self, data: Array, change: SiteChange, **more: Callable[[Array, str], Array]) -> Array:
        return self.network.run_sites(data, change, **more)

    @cached_property
    def there(self) -> Mapping[str, Array]:
        """Values of every site on the first row, also what each edge carries."""
        values = self.run(0).values
        givers = {edge: giver_of(edge, values) for edge in self.edges}
        return {**values, **{edge: values[one.name][:, *one.index] for edge, one in givers.items()}}

    def run(self, row: int, patches: Sequence[Patch] = ()) -> Run:
        """Run a row with some sites and edges changed."""
        return run(self, self.inputs[[row]], patches)

    def means(self, name: str) -> Array:
        """Mean over the rows of what gives the values of a site or an edge, ``[1, positions, coordinates]``."""
        return mean(on_all_rows(self, name.__eq__)[name])[None]

    def decided(self, found: Run) -> int:
        """The number of the answer of a run; −1 for none."""
        return int(decided(found.logits)[0][0] if not self.decision.each else self.decision.answers(found.logits)[0, 0])

    def margin(self, found: Run, row: int) -> float:
        """How far the answer of a run of a row is from turning; above 0 where it is right."""
        answers = self.answers[[row], None] if self.decision.each else self.answers[[row]]
        return float(self.decision.margins(found.logits, answers)[0])
