"""The neuron set value: a site where an intervention can write and a variable can live."""

from __future__ import annotations

from dataclasses import dataclass

from pluriscope.analysis.errors import InvalidPlacement


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

    @property
    def text(self) -> str:
        """The neurons as addresses write them: ``1.0+2``."""
        return f"{self.layer}.{'+'.join(map(str, self.neurons))}"

    @property
    def label(self) -> str:
        """The neurons as people read them: ``n1.0 + n1.2``."""
        return " + ".join(f"n{self.layer}.{neuron}" for neuron in self.neurons)

    def check(self, path: str, width: int) -> None:
        """Check that a layer of that width has the neurons on which a variable is placed.

        Raises:
            InvalidPlacement: it does not.
        """
        if not self.neurons or not {*self.neurons} <= {*range(width)} or [*self.neurons] != sorted({*self.neurons}):
            raise InvalidPlacement(
                f"neurons {list(self.neurons)} of variable {path}",
                f"layer {self.layer} has neurons 0 to {width - 1}",
                "list at least one of them, ascending, each once",
            )
