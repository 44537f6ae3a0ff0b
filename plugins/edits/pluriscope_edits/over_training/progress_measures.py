"""Progress of a network that learns modular addition, measured on its weights and outputs.

Of a network that adds two numbers modulo p, with one row for each pair and an output for each sum. A function on pairs
is a sum of waves, and those that depend on the sum of the pair alone are the waves of equal frequency in both numbers
and equal sign (Nanda et al. 2023, arXiv:2301.05217, section 5). There they are taken at the key frequencies of the
network at its end; here at all of them, so that no choice is made: for a small p a network uses most of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.subjects.registry import kind_of
from pluriscope.analysis.subjects.transformer.training_spec import rows_held_out

Array = NDArray[np.float64]
TASK: Final = "sum modulo"


@dataclass(frozen=True)
class ProgressMeasure:
    """Definition of a progress measure, with its source."""

    label: str
    definition: str


MEASURES: Final = {
    "restricted_loss": ProgressMeasure(
        "restricted loss",
        "Loss on all rows if of the outputs only the part is left that depends on the sum alone (Nanda et al. 2023, "
        "section 5, at all frequencies). It falls when the rule forms.",
    ),
    "excluded_loss": ProgressMeasure(
        "excluded loss",
        "Loss on the training rows if that part is taken away, all but its mean (the same). It rises when the network "
        "relies on the rule instead of what it memorised.",
    ),
    "gini": ProgressMeasure(
        "Gini coefficient",
        "Of the sizes of the frequencies in the weights that read the two numbers, 0 if all are equal (the same; "
        "Hurley and Rickard 2009). It rises when few frequencies are left.",
    ),
    "one_frequency": ProgressMeasure(
        "one frequency",
        "Mean over hidden neurons, or dimensions of the embedding, of the sum of squared shares that frequencies have "
        "of the squared weights, 1 if each reads one (inverse participation ratio; Doshi et al. 2024, "
        "arXiv:2310.13061). Of an embedding it depends on the basis.",
    ),
    "squared_weights": ProgressMeasure(
        "squared weights", "Sum of the squares of all weights without biases (Nanda et al. 2023, section 5)."
    ),
}
"""By the key that each has in records."""


def measures_of(subject: Any) -> dict[str, float]:
    """The measures of a network by their keys, to six digits; none where its task is no modular addition of a pair.

    Args:
        subject: of any kind; its file says with which options it was trained; without, all rows are training rows.
    """
    found = _read(subject) if getattr(subject, "task", "") == TASK else None
    if found is None:
        return {}
    outputs, answers, readers, weights, squared = found
    p = outputs.shape[-1]
    kept = by_sum(outputs)
    options: Any = {} if subject.training is None else subject.training.options
    learned = np.ones(p * p, dtype=np.bool_)
    learned[rows_held_out(p * p, options.get("held_out", 0.0), options.get("seed", 0))] = False
    rest = outputs - kept + kept.mean(axis=(0, 1))
    shares = spectrum(readers)
    measured = {
        "restricted_loss": _loss(kept.reshape(-1, p), answers, squared),
        "excluded_loss": _loss(rest.reshape(-1, p)[learned], answers[learned], squared),
        "gini": gini(np.sqrt(shares.sum(axis=0))),
        "one_frequency": float(np.mean([participation(one) for one in shares])),
        "squared_weights": float(sum((one**2).sum() for one in weights)),
    }
    return {key: float(f"{value:.6g}") for key, value in measured.items()}


def _read(subject: Any) -> tuple[Array, NDArray[np.int64], Array, list[Array], bool] | None:
    """Outputs ``[p, p, p]``, answers, weights ``[readers, p]`` that read a number, all weights, and whether its loss is
    the squared error; None where the rows are not all pairs in order.
    """
    n = len(subject.answers)
    p = round(n**0.5)
    pairs = np.add.outer(np.arange(p), np.arange(p)) % p
    if p < 3 or p * p != n or not np.array_equal(pairs.ravel(), subject.answers):
        return None
    space, network = subject.space(kind_of(subject).default_rules), getattr(subject, "network", None)
    whole = space.run(np.ones((1, space.graph.n_bits), dtype=np.bool_))[0]
    if network is not None:
        readers, weights = network.weights[0].reshape(-1, p), [*network.weights]
    else:
        readers, weights = subject.embedding[:p].T, [one for one in subject.parameters.values() if one.ndim > 1]
    return whole[:, :p].reshape(p, p, p), subject.answers, readers, weights, network is not None


def by_sum(outputs: Array) -> Array:
    """The part of outputs ``[p, p, outputs]`` that depends on the sum of the two numbers alone: means over all pairs of
    one sum. It is what the waves of equal frequency and sign have of them.
    """
    p = len(outputs)
    sums = np.add.outer(np.arange(p), np.arange(p)) % p
    means = np.stack([outputs[sums == one].mean(axis=0) for one in range(p)])
    found: Array = means[sums]
    return found


def spectrum(weights: Array) -> Array:
    """``[readers, frequencies]`` the squared size of each frequency from 1 to (p − 1)/2, or p/2, in what readers
    ``[readers, p]`` have for the numbers.
    """
    found: Array = np.abs(np.fft.rfft(weights, axis=1)[:, 1:]) ** 2
    return found


def gini(sizes: Array) -> float:
    """The Gini coefficient of sizes of at least 0: half their mean absolute difference by their mean; 0 if all are 0.

    The mean is over all ordered pairs, equal ones among them, so that one of n has (n − 1)/n at most.
    """
    total = sizes.sum()
    return float(np.abs(np.subtract.outer(sizes, sizes)).sum() / (2 * len(sizes) * total)) if total else 0.0


def participation(squares: Array) -> float:
    """The sum of squared shares that numbers of at least 0 have of their sum; 0 if all are 0."""
    total = squares.sum()
    return float(((squares / total) ** 2).sum()) if total else 0.0


def _loss(outputs: Array, answers: NDArray[np.int64], squared: bool) -> float:
    right = np.eye(outputs.shape[1])[answers]
    if squared:
        return float(((outputs - right) ** 2).mean())
    above = outputs - outputs.max(axis=1, keepdims=True)
    return float((np.log(np.exp(above).sum(axis=1)) - above[np.arange(len(answers)), answers]).mean())
