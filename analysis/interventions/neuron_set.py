"""The neuron set value: a site where an intervention can write and a variable can live."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class NeuronSet:
    """A nonempty set of neurons of one hidden layer.

    Args:
        layer: 1 for the first hidden layer.
        neurons: indices in the layer, ascending, from 0.
    """

    layer: int
    neurons: tuple[int, ...]

    @property
    def bits(self) -> int:
        """The neurons as a bit set within the layer."""
        return sum(1 << n for n in self.neurons)
