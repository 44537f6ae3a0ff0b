"""What came of one network of a study: a record, whatever became of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.data import DataRecord, data_file_json, parse_data_file
from analysis.digest import canonical_json
from analysis.errors import AnalysisError, InvalidPlanting
from analysis.network_files.planted_record import PlantedRecord, planted_json, read_planted
from analysis.networks.network import Network
from analysis.studies.cells import Cell
from analysis.studies.measures.measure import Measured

CONVERGED: Final = "converged"
REFUSED: Final = "not_analysed"  # it converged, but could not be analysed
Values = Mapping[str, tuple[Mapping[str, Measured], ...]]
"""What was measured of a network: by protocol name, for each output, by measure key."""
Figures = Mapping[str, Sequence[Mapping[str, Any]]]
"""The same as result files have it, each value as :meth:`Measured.as_json` writes it."""


@dataclass(frozen=True, eq=False)
class StudyOutcome:
    """One network.

    Args:
        cell: key of its cell.
        seed: of its training.
        state: "converged" if it was analysed under every protocol; else why not: as training tells it, or
            "not_analysed".
        message: the same in words, with the reason.
        network: its digest, None if there is none at all.
        epochs, loss, accuracy: how training ended, None where that has no meaning.
        figures: what was measured, as result files have it.
        seconds: its share of the time.
        sizes: layer sizes of the network, () if there is none.
        tables: the truth table of each output, such as "0110".
        weights: the network's parameters W1, b1, W2, …, None if there is no network.
        data: the rows on which it was judged; None for the clean inputs, and in results from before they were kept.
        planted: what was planted in it, if anything was.
    """

    cell: str
    seed: int
    state: str
    message: str
    network: str | None
    epochs: int | None = None
    loss: float | None = None
    accuracy: float | None = None
    figures: Figures = field(default_factory=dict)
    seconds: float = 0.0
    sizes: tuple[int, ...] = ()
    tables: tuple[str, ...] = ()
    weights: NDArray[np.float64] | None = None
    data: DataRecord | None = None
    planted: PlantedRecord | None = None

    @property
    def converged(self) -> bool:
        return self.state == CONVERGED

    @cached_property
    def values(self) -> Values:
        """What was measured; made of the figures when it is first asked for, since most readers ask of few outcomes."""
        return values_of(self.figures)

    def as_json(self) -> dict[str, Any]:
        """The outcome as one line of a study's result file."""
        judged_on = {} if self.data is None else {"data": data_file_json(self.data)}
        planted = {} if self.planted is None else {"planted": planted_json(self.planted)}
        return {
            "cell": self.cell,
            "seed": self.seed,
            "state": self.state,
            "message": self.message,
            "network": self.network,
            "epochs": self.epochs,
            "loss": self.loss,
            "accuracy": self.accuracy,
            "values": self.figures,
            "seconds": round(self.seconds, 4),
            "sizes": list(self.sizes),
            "tables": list(self.tables),
            "weights": None if self.weights is None else weights_text(self.weights),
            **judged_on,
            **planted,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> StudyOutcome:
        """Read back what :meth:`as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is no such line.
        """
        text, sizes = told["weights"], tuple(map(int, told["sizes"]))
        return cls(
            cell=str(told["cell"]),
            seed=int(told["seed"]),
            state=str(told["state"]),
            message=str(told["message"]),
            network=told["network"],
            epochs=told["epochs"],
            loss=told["loss"],
            accuracy=told["accuracy"],
            figures=_figures(told["values"]),
            seconds=float(told["seconds"]),
            sizes=sizes,
            tables=tuple(map(str, told["tables"])),
            weights=None if text is None else weights_from_text(str(text)),
            data=None if told.get("data") is None else _data_record(told["data"], sizes),
            planted=None if told.get("planted") is None else _planted(told["planted"], sizes),
        )


def figures_of(values: Values) -> Figures:
    """Measured values as result files have them."""
    return {
        name: [{key: measured.as_json() for key, measured in output.items()} for output in outputs]
        for name, outputs in values.items()
    }


def values_of(figures: Figures) -> Values:
    """Read back what :func:`figures_of` wrote."""
    return {
        name: tuple({key: Measured.from_json(told) for key, told in output.items()} for output in outputs)
        for name, outputs in figures.items()
    }


def _figures(told: Any) -> Figures:
    """Figures as a line holds them.

    Raises:
        TypeError: they are none.
    """
    if not isinstance(told, dict) or not all(
        isinstance(outputs, list) and all(isinstance(output, dict) for output in outputs) for outputs in told.values()
    ):
        raise TypeError("figures are objects in a list for each protocol")
    return told


def _planted(told: Any, sizes: tuple[int, ...]) -> PlantedRecord:
    """What was planted, as a line holds it.

    Raises:
        ValueError: it is no record of a network of these layer sizes.
    """
    try:
        return read_planted(told, sizes)
    except InvalidPlanting as problem:
        raise ValueError(str(problem)) from None


def _data_record(told: Any, sizes: tuple[int, ...]) -> DataRecord:
    """A data record as a line holds it, made for a network of these layer sizes.

    Raises:
        ValueError: it is none, or does not fit.
    """
    try:
        return parse_data_file(canonical_json(told), sizes[0], sizes[-1])
    except (AnalysisError, IndexError) as problem:
        raise ValueError(str(problem)) from None


def flat_weights(network: Network) -> NDArray[np.float64]:
    """W1, b1, W2, … of a network in one row."""
    parts = [part.ravel() for pair in zip(network.weights, network.biases, strict=True) for part in pair]
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


def network_of_outcome(cell: Cell, outcome: StudyOutcome) -> Network | None:
    """The network itself, from its weights; None if there is none.

    Raises:
        InvalidNetwork: weights that do not fit the sizes.
    """
    if outcome.weights is None:
        return None
    return Network.from_flat(
        outcome.weights,
        outcome.sizes,
        activation=cell.levels["activation"],
        output_activation=cell.levels["output_activation"],
        negative_slope=cell.design.training.negative_slope,
    )


def weights_text(weights: NDArray[np.float64]) -> str:
    """Little-endian floats in base64, behind "f4:" where 32 bits hold every one exactly, else behind "f8:"."""
    single = weights.astype("<f4")
    if np.array_equal(single.astype(np.float64), weights):
        return "f4:" + base64.b64encode(single.tobytes()).decode()
    return "f8:" + base64.b64encode(weights.astype("<f8").tobytes()).decode()


def weights_from_text(text: str) -> NDArray[np.float64]:
    """Read back what :func:`weights_text` wrote.

    Raises:
        ValueError: it is no such text.
    """
    form, _, body = text.partition(":")
    if form not in ("f4", "f8"):
        raise ValueError(f"weights begin with {form[:8]!r}")
    return np.frombuffer(base64.b64decode(body, validate=True), dtype=f"<{form}").astype(np.float64)
