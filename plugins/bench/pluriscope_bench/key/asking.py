"""Questions that a discovery method may ask about a network, each counted and held to the method's track."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.part_names import names_of, shown_name
from pluriscope.analysis.errors import InvalidClaim, InvalidMethod
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_bench.key.condition import Condition
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.submission import TRACKS, Calls, Track

Array = NDArray[np.float64]
Measure = str | Callable[[Array], Any]
_LIKELY, _UNLIKELY = "log-probability", "cross-entropy"


class BeyondTrack(InvalidMethod):
    """A method asked for more than its track allows."""


@dataclass(eq=False, repr=False)
class Ask:
    """Questions that may be asked about one network under one condition.

    A circuit is written as a list or set of names of edges, or as E numbers that are 0 or 1; several are a list of
    circuits, or an array ``[circuits, E]``. Left out edges carry what the ablation says. A transformer's circuit is run
    without edges into heads that nothing reads, or that read nothing.

    Args:
        question: about the network.
        condition: whose ablation and judge.
        track: what may be asked: "gradients", "runs" (and gradients) or "validity" (and both).
        calls: what was asked so far.
        beyond: the first question that went beyond the track; "" for none.
    """

    question: SubjectQuestion
    condition: Condition
    track: Track = TRACKS[-1]
    calls: Calls = field(default_factory=Calls)
    beyond: str = ""

    @cached_property
    def _masked(self) -> MaskedSubject:
        return masked_under(self.question, self.condition.ablation)

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures with derivatives, the usual one first.

        The usual one says how well the task is done, and more is better: of a perceptron "margin", the mean over rows
        of (2 · label − 1) · output; of a transformer "log-probability", the mean logarithm of the answer's probability.
        Of the others less is better. "mse": the mean squared difference from the outputs of the whole, of a perceptron;
        "kl": the divergence from them in nats, of a perceptron taken as logits; "cross-entropy": minus
        "log-probability"; "decision": rows decided wrong (of a perceptron by rounding), which has no derivatives.
        """
        found = self._masked.measures
        return (_LIKELY, *found) if _UNLIKELY in found else found

    def run(self, circuits: Any) -> Array:
        """Outputs ``[circuits, rows]`` of a perceptron, ``[circuits, rows, outputs]`` of a transformer.

        Raises:
            BeyondTrack: the track is "gradients".
            InvalidMethod: circuits that cannot be read.
        """
        return self._masked.outputs(self._masks(circuits, "runs"))

    def measure(self, circuits: Any, measure: str | None = None) -> Array:
        """Measure circuits, ``[circuits]``, by one of :attr:`measures`, the first if none is named.

        Raises:
            BeyondTrack: the track is "gradients".
            InvalidMethod: an unknown measure, or circuits that cannot be read.
        """
        name, masks = self._measure(measure), self._masks(circuits, "runs")
        if name == _LIKELY:
            return -np.array(self._masked.losses(masks, _UNLIKELY), dtype=np.float64)
        found = self._masked.measured(masks, {}) if name == "margin" else self._masked.losses(masks, name)
        return np.array(found, dtype=np.float64)

    def gradients(self, measure: Measure | None = None, *, gates: Any = None, at: float | None = None) -> Array:
        """Derivatives ``[E]`` of a measure, one for each edge, over all rows.

        Args:
            measure: one of :attr:`measures`; or a function from outputs, ``[rows]`` of a perceptron and
                ``[some rows, outputs]`` of a transformer, to derivatives by them of what is meant, whose mean over rows
                is differentiated.
            gates: E numbers from 0 to 1, how much of its source each edge lets through, the rest being what a left out
                edge carries; all 1 if not given. Derivatives are by these gates.
            at: where the inputs stand, all gates open, between what left out edges carry of them (0) and what they are
                (1). The derivative by an edge is then the one by what its target reads there, times what the edge loses
                on the inputs themselves when it is left out, negative. Its mean over places is that of EAP-IG.

        Raises:
            InvalidMethod: an unknown measure or one without derivatives, other gates, or gates and a place together.
        """
        slope = self._slope(measure)
        if gates is not None and at is not None:
            raise InvalidMethod("ask.gradients", "is given gates and a place of inputs", "give one of the two")
        n_edges = self.question.graph.n_bits
        opened = _numbers(np.ones(n_edges) if gates is None else gates, "gates", (n_edges,), 0.0, 1.0)
        place = float(_numbers(1.0 if at is None else at, "a place of inputs", (), 0.0, 1.0))
        self._count("gradients", 1)
        return self._masked.gradients(opened, slope) if at is None else -self._masked.effects(slope, place)

    def valid(self, circuits: Any) -> NDArray[np.bool_]:
        """``[circuits]`` which are valid under the condition, loose ends pruned.

        Raises:
            BeyondTrack: the track is not "validity".
            InvalidMethod: circuits that cannot be read.
        """
        return np.array(self._judge.are_valid(self._masks(circuits, "validity")), dtype=np.bool_)

    def __repr__(self) -> str:
        return f"<ask under {self.condition.key}, track {self.track}: run, measure, gradients, valid>"

    @cached_property
    def _judge(self) -> Any:
        return judge_of(self.question, self.condition)

    def _count(self, what: Track, number: int) -> None:
        """Count questions, if the track allows them."""
        if TRACKS.index(what) > TRACKS.index(self.track):
            self.beyond = f"it asks for {what} on the track {self.track!r}"
            raise BeyondTrack("the method", self.beyond, f"set TRACK to {what!r}, or leave it out")
        self.calls = replace(self.calls, **{what: getattr(self.calls, what) + number})

    def _masks(self, circuits: Any, what: Track) -> list[int]:
        """The mask of each circuit, counted."""
        if isinstance(circuits, str | Mapping) or not hasattr(circuits, "__iter__"):
            raise _not_circuits(circuits)
        masks = [mask_of(self.question.graph, one) for one in circuits]
        self._count(what, len(masks))
        return masks

    def _measure(self, measure: object) -> str:
        """The name of a measure."""
        if measure is None or measure in self.measures:
            return self.measures[0] if measure is None else str(measure)
        cure = f"use one of {', '.join(self.measures)}"
        raise InvalidMethod("ask", f"knows no measure {str(measure)[:40]!r} of this network", cure)

    def _slope(self, measure: Measure | None) -> Any:
        """Function that gives derivatives of a measure by outputs."""
        if callable(measure):
            return lambda outputs, _: _numbers(measure(outputs), "derivatives by outputs", outputs.shape)
        name = self._measure(measure)
        if name == "decision":
            raise InvalidMethod("ask.gradients", "is asked for 'decision', which has no derivatives", "use another")
        if name == _LIKELY:
            slope = self._masked.slope(_UNLIKELY)
            return lambda outputs, rows: -slope(outputs, rows)
        return self._masked.slope(name)


def mask_of(graph: Graph, circuit: Any) -> int:
    """The mask of a circuit.

    Args:
        graph: names its edges.
        circuit: names of edges, each once; or E numbers that are 0 or 1.

    Raises:
        InvalidMethod: neither, or a name of no edge of this network.
    """
    if isinstance(circuit, str | Mapping) or not hasattr(circuit, "__iter__"):
        raise _not_circuits(circuit)
    parts = list(circuit.tolist() if hasattr(circuit, "tolist") else circuit)
    if all(isinstance(one, str) for one in parts):
        return sum({1 << edge_bit(graph, one) for one in parts})
    bits = [one for one in parts if isinstance(one, int | float | np.bool_ | np.number) and one in (0, 1)]
    if len(bits) != len(parts) or len(bits) != graph.n_bits:
        raise _not_circuits(circuit)
    return graph.number(np.array(bits, dtype=np.bool_))


def edge_bit(graph: Graph, name: Any) -> int:
    """The bit of an edge by its name.

    Raises:
        InvalidMethod: the network has no such edge.
    """
    names = names_of(graph)
    try:
        return names.bit(name, "edge")
    except InvalidClaim:
        cause = f"names the edge {shown_name(name)}, which the network does not have"
        raise InvalidMethod("edge", cause, f"name edges as in {', '.join(list(names.numbers)[:3])}") from None


def _not_circuits(given: object) -> InvalidMethod:
    cause = f"is given {type(given).__name__} where circuits belong"
    return InvalidMethod("ask", cause, "write a circuit as names of edges or E numbers 0 or 1, several as a list")


def _numbers(values: Any, what: str, shape: tuple[int, ...], low: float = -1e300, high: float = 1e300) -> Array:
    """Numbers of a shape and range."""
    try:
        found = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.full(1, np.nan)
    if found.shape != shape or not ((low <= found) & (found <= high)).all():
        cause = f"is given {what} other than numbers of shape {shape} from {low:g} to {high:g}"
        raise InvalidMethod("ask.gradients", cause, "give such numbers")
    return found
