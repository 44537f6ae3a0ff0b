"""Sparse autoencoders: each hidden layer's activations as sums of few latent directions.

Cunningham et al., "Sparse Autoencoders Find Highly Interpretable Features in Language Models" (ICLR 2024). With few
rows a latent for each input reconstructs everything, so nothing is trained below eight rows unless that is forced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy  # loads scipy.optimize when it is first asked for
from numpy.typing import NDArray

from analysis.explanations.explanation import Claim
from analysis.lenses.lens import (
    APPLIES,
    Array,
    Bar,
    Fit,
    Lens,
    Table,
    claim_on_directions,
    not_applicable,
)
from analysis.method_settings import Setting, Settings
from analysis.question import Question

MIN_ROWS: Final = 8
MAX_ROWS: Final = 4_096


FIRES: Final = 0.01
"""Share of a latent's largest value above which it counts as firing."""
DEAD: Final = 1e-6
SAME: Final = 0.95
"""Cosine of two decoder directions above which latents of two seeds are one."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """One layer's activations as one trained autoencoder has them.

    Args:
        latents: ``[rows, latents]`` what each latent is on each row.
        decoder: ``[latents, width]`` unit directions.
        explained: share of the layer's variance that is rebuilt; None where it does not vary.
    """

    latents: Array
    decoder: Array
    explained: float | None

    @property
    def fires(self) -> NDArray[np.bool_]:
        """``[rows, latents]`` where each latent fires; nowhere if it is dead."""
        largest = self.latents.max(axis=0)
        found: NDArray[np.bool_] = (self.latents > FIRES * largest) & (largest > DEAD)
        return found


def matches(one: Encoded, other: Encoded) -> NDArray[np.bool_]:
    """``[latents]`` which live latents of one autoencoder are in another, each matched with one of its live ones.

    Matched so that the sum of cosines of decoder directions is largest (Hungarian method); the same where a cosine is
    above :data:`SAME`.
    """
    live = [np.flatnonzero(each.fires.any(axis=0)) for each in (one, other)]
    cosines = one.decoder[live[0]] @ other.decoder[live[1]].T
    found = np.zeros(len(one.decoder), dtype=bool)
    mine, theirs = scipy.optimize.linear_sum_assignment(cosines, maximize=True)
    found[live[0][mine]] = cosines[mine, theirs] > SAME
    return found


def _fit(question: Question, settings: Settings) -> Fit:
    if not question.cut.hidden_sizes:
        return not_applicable("The network has no hidden layer to encode.")
    rows = question.method_rows[0]
    distinct, latents = len(np.unique(rows, axis=0)), int(settings["latents"])
    if len(rows) > MAX_ROWS:
        return not_applicable(f"There are {len(rows):,} rows, above the limit of {MAX_ROWS:,}.")
    if distinct < MIN_ROWS:
        reason = (
            f"{distinct} distinct rows are fewer than {MIN_ROWS}: an autoencoder with a latent for each input "
            "reconstructs them perfectly, whatever the network computes"
        )
        forced = bool(settings["force"])
        return Fit(
            "degenerate",
            f"{reason}." if forced else f"{reason}. Nothing is trained unless force is true.",
            answered=forced,
        )
    if latents >= distinct:
        return Fit(
            "degenerate",
            f"{latents} latents for {distinct} distinct rows: a latent for each input reconstructs them perfectly, "
            "whatever the network computes. Set fewer.",
        )
    return APPLIES


def _live(seen: Table) -> list[Mapping[str, Any]]:
    return [row for row in seen.rows if any(row["truth_table"])]


def _bars(seen: Table) -> tuple[Bar, ...]:
    """Of each layer's live latents those that fire on a single input."""
    found: dict[str, list[bool]] = {}
    for row in _live(seen):
        found.setdefault(f"layer {row['layer']}", []).append(sum(row["truth_table"]) == 1)
    return tuple(Bar(layer, sum(single), len(single)) for layer, single in found.items())


def _claims(question: Question, seen: Table) -> tuple[Claim, ...]:
    """Each live latent is a function on its decoder's direction; one that fires on every row tells none apart."""
    if not question.data.boolean:
        return ()
    return tuple(
        claim_on_directions(row["layer"], [row["direction"]], row["truth_table"])
        for row in _live(seen)
        if not all(row["truth_table"]) and "direction" in row  # answers that were stored earlier have none
    )


def _says(_question: Question, seen: Table) -> str:
    bars = _bars(seen)
    explained = [float(row["explained"]) for row in seen.rows if row["explained"] is not None]
    told = f"{sum(bar.n for bar in bars)} of {sum(bar.of for bar in bars)} live latents fire on a single input"
    return f"{told}; {min(explained):.1%} or more of each layer's variance is explained." if explained else f"{told}."


SAE: Final = Lens(
    key="sae",
    label="Sparse autoencoder",
    definition="Latents with a ReLU and a unit decoder are trained to rebuild a layer's activations, few of them at a "
    "time; each is given as the inputs on which it fires.",
    source="Cunningham et al., ICLR 2024 (arXiv:2309.08600); top-k: Gao et al. 2024 (arXiv:2406.04093); seeds matched "
    "as by Paulo & Belrose 2025 (arXiv:2501.16615)",
    settings=(
        Setting("latents", 6, "of each layer", low=1, high=256),
        Setting("sparsity", "l1", "what keeps latents few: a cost, or only the k largest of each row", ("l1", "top-k")),
        Setting("lambda", 0.03, "what the latents' sum costs", low=0.0, high=1e6, only_with=("sparsity", "l1")),
        Setting("k", 1, "latents of each row that are kept", low=1, high=256, only_with=("sparsity", "top-k")),
        Setting("seed", 0, "of the first weights", low=0, high=2**31 - 100),
        Setting("seeds", 5, "trained, from seed on; the others say which latents are found again", low=1, high=20),
        Setting("force", False, "whether to train on fewer than eight distinct rows"),
    ),
    applies=_fit,
    look="analysis.lenses.autoencoder:look",
    says=_says,
    can_know="What few latents can rebuild, not what the network computes with: an L1 penalty prefers latents that "
    "fire on few inputs. Another seed may give other latents.",
    columns={
        "layer": "hidden layer, from 1",
        "latent": "from 0, those that fire most first",
        "truth_table": "1 on the rows where the latent is above a hundredth of its largest value",
        "direction": "of length 1, along which the latent moves the layer, a number for each neuron",
        "largest": "its largest value on any row",
        "explained": "share of the layer's variance that all latents rebuild; empty where it does not vary",
        "found_again": "other seeds that have a latent whose direction is within a cosine of .95; empty for one seed",
        "changed": "pairs of inputs whose decision changes when the latent is interchanged",
        "pairs": "ordered pairs of inputs on which the latent differs",
    },
    bars=_bars,
    claims=_claims,
    on_request={"force": True},
)
