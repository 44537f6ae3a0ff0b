"""Certificate of what a planted network provably does, whatever its neurons off the planted circuit carry.

Two routes, which tests hold against each other:

:func:`certified_margin` bounds by intervals. Each planted neuron gets one interval for "its value is 0" and one for
"its value is 1", both over every choice of what the neurons and edges off the circuit carry: any activation that they
can have under any interventions, or 0, each edge by itself. By induction over layers a planted neuron stays in the
interval of the AND of its sources' values, also if it is set to what it is on another input, for there it is in one of
the two. If the output's two intervals are decided as 0 and as 1, then under either decision rule

1. the network computes the task, and the planted circuit is valid under zero, mean and resample ablation, and under any
   other that gives absent edges values that the network can have;
2. the planted alignment passes every interchange, of one variable or of all at once, and goes on to do so if the
   neurons that it does not mention are set to what they are on any inputs.

:func:`exhaustive` runs all of it that the engine runs: every input under the three ablations, every interchange of one
variable, and every joint one. What passes there is proved too, for these interventions alone.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.criteria.ablations import MEAN_ABLATION, RESAMPLE_ABLATION, ZERO_ABLATION
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.methods.report import Part, Score
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.placements.joint import score_joint
from pluriscope.analysis.planted.record import PlantedRecord, Unit
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

Array = NDArray[np.float64]

Bounds = list[tuple[Array, Array]]
"""For each neuron of a layer its least and its largest values, ``[2]`` each: those for 0 and those for 1."""

LEAST_MARGIN: Final = 1e-9
"""Below it a bound says nothing: rounding might have made it."""


class Passes(Part):
    """Tests that the planted circuit and alignment pass, by trying all of it."""

    zero: bool = Field(description="Whether the circuit decides right on enough rows if absent edges carry 0.")
    mean: bool = Field(description="If they carry means over the inputs.")
    resample: bool = Field(description="If they carry what the network has on any one input.")
    single: Score = Field(description="Interchanges of one variable.")
    joint: Score | None = Field(description="Interchanges of all variables at once; null if there are too many.")

    @property
    def everything(self) -> bool:
        """Whether all of it was tried and passes."""
        return self.zero and self.mean and self.resample and self.single.right and self.jointly

    @property
    def jointly(self) -> bool:
        """Whether every joint interchange was tried and passes."""
        return self.joint is not None and self.joint.right


def exhaustive(question: Question, record: PlantedRecord) -> Passes:
    """Try all interventions on a planted circuit and alignment.

    Args:
        question: the network and its rules.
        record: what was planted.

    Raises:
        InvalidPlacement: the protocol does not allow such places.
    """
    algorithm, alignment = record.algorithm, record.alignment
    circuit = Population("circuit", question, mask_array([record.circuit.mask], question.layout))
    single = score_placement(question, algorithm, alignment).iia
    try:
        found = score_joint(question, algorithm, alignment)
        joint = Score(agreed=found.agreed, of=found.of)
    except BeyondLimits:
        joint = None
    zero, mean, resample = (
        bool(one.judge(circuit).passed[0]) for one in (ZERO_ABLATION, MEAN_ABLATION, RESAMPLE_ABLATION)
    )
    return Passes(zero=zero, mean=mean, resample=resample, single=Score.showing(single), joint=joint)


def certified_margin(network: Network, record: PlantedRecord, slack: float = 0.0) -> float | None:
    """Distance that every output keeps from the nearest edge of its decision under all interventions named above.

    Args:
        network: one output.
        record: what was planted in it.
        slack: how far each weight and bias may be from what it is.

    Returns:
        None where the intervals leave that open, as where an activation falls; this does not say that anything fails.
    """
    if not all(network.function_of(layer).monotone for layer in range(1, len(network.weights) + 1)):
        return None
    zero_or_one = np.array([0.0, 1.0])
    below: Bounds = [(zero_or_one, zero_or_one)] * network.n_inputs
    for layer, width in enumerate(network.sizes[1:], start=1):
        below = [_bounds(network, record, layer, neuron, below, slack) for neuron in range(width)]
    ((low, high),) = below
    margin = float(min(low[0] + 0.5, 0.5 - high[0], low[1] - 0.5, 1.5 - high[1]))
    return margin if margin > LEAST_MARGIN else None


def _bounds(
    network: Network, record: PlantedRecord, layer: int, neuron: int, below: Bounds, slack: float
) -> tuple[Array, Array]:
    """Least and largest value ``[2]`` of one neuron where the Boolean value that it carries is 0, and where it is 1."""
    unit = record.unit_at(layer, neuron) or Unit(layer, (neuron,))
    weights, bias = network.weights[layer - 1][neuron], float(network.biases[layer - 1][neuron])
    read = {i: source.unit for source in unit.sources for i in record.units[source.unit].neurons}
    loose = np.array([bias - slack, bias + slack])
    for i in range(len(weights)):
        if i not in read:
            least, most = min(0.0, float(below[i][0].min())), max(0.0, float(below[i][1].max()))
            loose += _product(weights[i], slack, least, most)
    sources = sorted({source.unit for source in unit.sources})
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for bits in product((0, 1), repeat=len(sources)):
        known = dict(zip(sources, bits, strict=True))
        drive = loose.copy()
        for i, source in read.items():
            bit = known[source]
            drive += _product(weights[i], slack, below[i][0][bit], below[i][1][bit])
        values = network.function_of(layer).value(drive)
        value = int(all(known[source.unit] != source.negated for source in unit.sources))
        low[value], high[value] = min(low[value], values[0]), max(high[value], values[1])
    return (low, high) if sources else (np.repeat(low[1], 2), np.repeat(high[1], 2))


def _product(weight: float, slack: float, least: float, most: float) -> Array:
    """Least and largest product ``[2]`` of a weight within the slack and a value between two bounds."""
    corners = [w * value for w in (weight - slack, weight + slack) for value in (least, most)]
    return np.array([min(corners), max(corners)])
