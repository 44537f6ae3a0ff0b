"""Whether two seeds share an algorithm, and whether networks with more explanations are more robust, in stored rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.studies.cells import cells_of
from analysis.studies.design import Factor
from analysis.studies.outcome import network_of_outcome
from analysis.studies.statistics import Tested, holm
from analysis.tasks import input_table, named_task
from analysis.validity import decide
from benchmarks.findings.results import results_of, summary_of
from benchmarks.findings.tables import CLASSES, MINIMAL, effect_and_p, head, row

SLUG: Final = "learned-or-drawn"
EARLIER: Final = "alice-or-bob"
NOISE: Final = 0.2
ROWS_EACH: Final = 2_500
RESAMPLES: Final = 1_000
Floats = NDArray[np.float64]


def shared(n_alice: int, n_bob: int, n_both: int, n_neither: int) -> tuple[float, float]:
    """Of all pairs of different networks the share with a common algorithm, and that with the same, at least one."""
    pairs = comb(n_alice + n_bob + n_both + n_neither, 2)
    common = comb(n_alice + n_both, 2) + comb(n_bob + n_both, 2) - comb(n_both, 2)
    return common / pairs, (comb(n_alice, 2) + comb(n_bob, 2) + comb(n_both, 2)) / pairs


def shared_table() -> Iterator[str]:
    """Both shares by width for trained networks and for drawn ones, with 95% intervals over samples of networks."""
    priors = summary_of(SLUG).design.labels("prior")
    widths = summary_of(SLUG).design.labels("hidden")
    yield from head(("two networks have", "networks", *widths))
    arms = [("trained, seeds from 0", _classes(EARLIER, {}))]
    arms += [(f"{prior}, seeds from 1000", _classes(SLUG, {"prior": prior})) for prior in priors]
    for place, words in enumerate(("a common algorithm", "the same, at least one")):
        for name, counts in arms:
            yield row((words, name, *(_shared(one, place) for one in counts)))


def _classes(slug: str, where: Mapping[Factor, str]) -> list[list[int]]:
    """Of each width how many networks are in each class."""
    found = summary_of(slug).groups("alice-or-bob", "complete", "hidden", where)
    return [[group.categories[name] for name in CLASSES] for group in found]


def _shared(counts: Sequence[int], place: int) -> str:
    n = sum(counts)
    samples = np.random.default_rng(0).multinomial(n, np.array(counts) / n, RESAMPLES)
    low, high = np.percentile([shared(*sample)[place] for sample in samples.tolist()], [2.5, 97.5])
    return f"{100 * shared(*counts)[place]:.0f}% ({100 * low:.0f}–{100 * high:.0f})"


@dataclass(frozen=True, eq=False)
class Measures:
    """What is correlated, ``[networks]`` each: minimal alignments, noisy inputs decided right, the final loss."""

    alignments: Floats
    right: Floats
    loss: Floats


@lru_cache
def trained_measures() -> dict[str, Measures]:
    """Of the trained networks of each width."""
    results = results_of(SLUG)
    cells = {cell.key: cell for cell in cells_of(results.design) if not cell.levels["prior"]}
    found: dict[str, list[tuple[float, float, float]]] = {cell.labels["hidden"]: [] for cell in cells.values()}
    for outcome in results.outcomes:
        cell = cells.get(outcome.cell)
        network = network_of_outcome(cell, outcome) if cell and outcome.converged else None
        if cell and network and outcome.loss is not None:
            count = outcome.values["complete"][0][f"{MINIMAL}-alignments"].value
            found[cell.labels["hidden"]].append((float(str(count)), right_in_noise(network), outcome.loss))
    return {width: Measures(*np.array(rows).T) for width, rows in found.items()}


def right_in_noise(network: Network) -> float:
    """Share of noisy copies of the four inputs that an XOR network decides right; the same noise for all networks."""
    clean, labels = input_table(2), np.array(named_task("XOR", 2).truth_table)
    noise = np.random.default_rng(0).normal(0.0, NOISE, (ROWS_EACH, *clean.shape))
    outputs = forward(network, (clean + noise).reshape(-1, 2))[:, 0]
    return float((decide(outputs, COMPLETE.circuit_decision).reshape(ROWS_EACH, -1) == labels).mean())


def robust_table() -> Iterator[str]:
    """Spearman's correlation of alignments with accuracy in noise, with and without the loss held fixed; Holm."""
    measured = trained_measures()
    asked = [(width, held) for held in (False, True) for width in measured]
    tests = holm([correlated(measured[width], held=held) for width, held in asked])
    yield from head(("width", "loss held fixed", "networks", "noisy inputs right: quartiles", "rho (95%)", "p, Holm"))
    for (width, held), tested in zip(asked, tests, strict=True):
        low, middle, high = 100 * np.percentile(measured[width].right, [25, 50, 75])
        rho = f"{tested.effect:+.2f} ({tested.low:+.2f} to {tested.high:+.2f})"
        spread = f"{low:.1f}% / **{middle:.1f}%** / {high:.1f}%"
        yield row((width, "yes" if held else "no", tested.sizes[0], spread, rho, effect_and_p(tested)[1]))


def correlated(measures: Measures, *, held: bool) -> Tested:
    """Spearman's rho, of ranks from which those of the loss are taken out where it is held fixed."""
    n = len(measures.loss)
    table = np.stack([measures.alignments, measures.right, measures.loss])
    rho, random = _rho(scipy.stats.rankdata(table, axis=1), held=held), np.random.default_rng(0)
    drawn = table[:, random.integers(n, size=(RESAMPLES, n))].swapaxes(0, 1)
    samples = [_rho(ranks, held=held) for ranks in scipy.stats.rankdata(drawn, axis=2)]
    low, high = np.percentile(samples, [2.5, 97.5])
    degrees = n - 2 - held
    p = 2 * float(scipy.stats.t.sf(abs(rho) * np.sqrt(degrees / (1 - rho**2)), degrees))
    return Tested("spearman", (), (n,), rho, p, rho, "Spearman's rho", None, "", float(low), float(high))


def _rho(ranks: Floats, *, held: bool) -> float:
    (a, b), loss = ranks[:2] - ranks[:2].mean(axis=1, keepdims=True), ranks[2] - ranks[2].mean()
    if held:
        a, b = (one - loss * (one @ loss) / (loss @ loss) for one in (a, b))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
