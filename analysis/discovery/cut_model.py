"""A model of any kind as discovery methods run it: raw masks in, losses and first-order effects out.

A raw mask means the circuit that :meth:`~analysis.models.model.Space.reduce` leaves of it, with what is cut carrying
what the rules say. Bits stand for edges, or for nodes where a mask names nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.kl_faithfulness import divergence, log_softmax
from analysis.discovery.selection import shares_between
from analysis.method_settings import Setting, Settings
from analysis.models.model import Model, Space, gaps

Array = NDArray[np.float64]
Loss = Literal["kl", "cross-entropy", "decision"]
LOSS: Final = Setting(
    "loss", "kl", "divergence from the whole model's outputs, or from the answers", ("kl", "cross-entropy")
)
"""Of methods that score bits: both losses have derivatives."""


@dataclass(frozen=True, eq=False)
class CutModel:
    """A model under the rules that a method cuts it by.

    Args:
        model: with its task.
        space: its circuits.
        kept: scores and shares that several answers have in common, by what they are of.
    """

    model: Model
    space: Space
    kept: dict[Any, Any] = field(default_factory=dict)

    @property
    def n_bits(self) -> int:
        return self.space.graph.n_bits

    @cached_property
    def ends(self) -> list[tuple[int, int]]:
        """What each bit comes from and goes to, as positions of nodes; a bit that is a node goes to the outputs."""
        graph = self.space.graph
        if graph.cut == "edges":
            return [(edge.source, edge.target) for edge in graph.edges]
        return [(node, len(graph.nodes) - 1) for node in graph.removable]

    @cached_property
    def whole(self) -> Array:
        """Outputs of the whole model ``[rows, outputs]``."""
        outputs: Array = self._outputs([(1 << self.n_bits) - 1])[0]
        return outputs

    def losses(self, masks: Sequence[int], loss: Loss) -> list[float]:
        """The loss of each raw mask: the mean over the rows, in nats; of "decision" the number of rows that are wrong.

        Args:
            masks: raw.
            loss: "kl": of the whole model's distribution over outputs from the circuit's; "cross-entropy": minus the
                logarithm of the answer's probability.
        """
        found: list[float] = []
        for start in range(0, len(masks), self.space.batch):
            outputs = self._outputs(masks[start : start + self.space.batch])
            if loss == "decision":
                found += (gaps(outputs, self.model.answers) <= 0).sum(axis=1).tolist()
                continue
            answers = self.model.answers
            right = log_softmax(outputs)[:, np.arange(len(answers)), answers]
            each = divergence(self.whole, outputs) if loss == "kl" else -right
            found += (np.add.accumulate(each, axis=1)[:, -1] / len(answers)).tolist()
        return found

    def effects(self, loss: Loss, at: float) -> Array | None:
        """``[bits]`` what cutting each bit alone changes of a loss, to first order; see
        :meth:`~analysis.models.model.Space.effects`.
        """
        return self.space.effects(partial(self._slope, loss), at)

    @cached_property
    def has_effects(self) -> bool:
        """Whether derivatives are known, which takes a pass through the whole model to say."""
        return self.effects("cross-entropy", 1.0) is not None

    def _slope(self, loss: Loss, outputs: Array, rows: slice) -> Array:
        """Derivatives of each row's loss by its outputs: given less wanted probabilities."""
        given = np.exp(log_softmax(outputs))
        if loss == "kl":
            return given - np.exp(log_softmax(self.whole[rows]))
        given[np.arange(len(given)), self.model.answers[rows]] -= 1.0
        return given

    def shares(self, loss: Loss, masks: Sequence[int]) -> list[float] | None:
        """Faithfulness of raw masks: how far the loss has come from the empty mask's to the whole model's; None where
        these are less than 1e-9 apart.
        """
        key = (loss, *masks)
        if key not in self.kept:
            everything = (1 << self.n_bits) - 1
            self.kept[key] = shares_between(self.losses([*masks, 0, everything], loss))
        found: list[float] | None = self.kept[key]
        return found

    def right(self, mask: int) -> int:
        """Rows on which what a raw mask means is right."""
        if ("right", mask) not in self.kept:
            self.kept["right", mask] = len(self.model.rows) - int(self.losses([mask], "decision")[0])
        found: int = self.kept["right", mask]
        return found

    def _outputs(self, masks: Sequence[int]) -> Array:
        return self.space.run(self.space.reduce(self.space.graph.bits(masks)))


def loss_of(settings: Settings) -> Loss:
    """The loss that settings name, which filling in has checked."""
    found: Any = settings["loss"]
    checked: Loss = found
    return checked
