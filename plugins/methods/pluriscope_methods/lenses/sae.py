"""Sparse autoencoders: each hidden layer's activations as sums of few latent directions.

Cunningham et al., "Sparse Autoencoders Find Highly Interpretable Features in Language Models" (ICLR 2024). With few
rows a latent for each input reconstructs everything, so nothing is trained below eight rows unless that is forced.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import APPLIES, Bar, Fit, Lens, SiteLens, Table, not_applicable
from pluriscope_methods.lenses.on_sites import encoded_sites

MIN_ROWS: Final = 8
MAX_ROWS: Final = 4_096


def _fit(question: Question, settings: Settings) -> Fit:
    rows = question.method_rows[0]
    distinct, latents = len(np.unique(rows, axis=0)), int(settings["latents"])
    if len(rows) > MAX_ROWS:
        return not_applicable(f"There are {len(rows):,} rows, above the limit of {MAX_ROWS:,}.")
    if distinct < MIN_ROWS:
        reason = (
            f"{distinct} distinct rows are fewer than {MIN_ROWS}: an autoencoder with a latent for each input "
            "reconstructs them perfectly, whatever the network computes"
        )
        if settings["force"]:
            return Fit("degenerate", f"{reason}.")
        return Fit("degenerate", f"{reason}. Nothing is trained unless force is true.", answered=False)
    if latents >= distinct:
        return Fit(
            "degenerate",
            f"{latents} latents for {distinct} distinct rows: a latent for each input reconstructs them perfectly, "
            "whatever the network computes. Set fewer.",
        )
    return APPLIES


def _bars(seen: Table) -> tuple[Bar, ...]:
    """Bars of how many of each layer's live latents fire on a single input."""
    found: dict[str, list[bool]] = {}
    for row in (one for one in seen.rows if any(one["truth_table"])):
        found.setdefault(f"layer {row['layer']}", []).append(sum(row["truth_table"]) == 1)
    return tuple(Bar(layer, sum(single), len(single)) for layer, single in found.items())


def _says(_question: Question, seen: Table) -> str:
    bars = _bars(seen)
    explained = [float(row["explained"]) for row in seen.rows if row["explained"] is not None]
    text = f"{sum(bar.n for bar in bars)} of {sum(bar.of for bar in bars)} live latents fire on a single input"
    return f"{text}; {min(explained):.1%} or more of each layer's variance is explained." if explained else f"{text}."


_LAMBDA: Final = Setting("lambda", 0.03, "what the latents' sum costs", low=0.0, high=1e6)


def _multiplications(model: Subject, settings: Settings) -> float:
    """Steps of training take long whatever their size."""
    sizes = ((min(len(model.rows) * n, 2_048), width) for n, width in encoded_sites(model).values())
    return sum(1.2e9 + 2_800.0 * numbers * width * int(settings["latents"]) for numbers, width in sizes)


SAE: Final = Lens(
    key="sae",
    version=2,
    label="Sparse autoencoder",
    definition="Latents with a ReLU and a unit decoder are trained to rebuild a layer's activations, few of them at a "
    "time; each is given as the inputs on which it fires.",
    source="Cunningham et al., ICLR 2024 (arXiv:2309.08600)",
    own=(
        Setting("latents", 6, "of each layer", low=1, high=256),
        _LAMBDA,
        Setting("force", False, "whether to train on fewer than eight distinct rows"),
    ),
    needs=("neurons",),
    applies=_fit,
    look="pluriscope_methods.lenses.autoencoder:look",
    says=_says,
    can_know="What few latents can rebuild, not what the network computes with: an L1 penalty prefers latents that "
    "fire on few inputs. Another seed may give other latents.",
    columns={
        "layer": "hidden layer, from 1",
        "latent": "from 0, those that fire most first",
        "truth_table": "1 on the rows where the latent is above a hundredth of its largest value",
        "direction": "of length 1, along which the latent moves the layer, a number for each neuron",
        "encoder": "what it reads: the latent is the ReLU of encoder · (layer − centre) + bias",
        "bias": "of the same",
        "centre": "what the layer is rebuilt as where no latent fires",
        "largest": "its largest value on any row",
        "explained": "share of the layer's variance that all latents rebuild; empty where it does not vary",
        "changed": "pairs of inputs whose answer changes when the latent is interchanged",
        "pairs": "ordered pairs of inputs on which the latent differs",
        "at_zero": "the network's answer on each row with the latent clamped to 0",
        "at_largest": "the same with the latent clamped to its largest value",
    },
    bars=_bars,
    on_request={"force": True},
    on_sites=partial(
        SiteLens,
        version=3,
        definition="Latents with a ReLU and a unit decoder are trained to rebuild the residual stream of each layer "
        "and what each MLP block adds, or units and channels, few of them at a time; each is given by the positions "
        "or rows on which it is large.",
        needs=(),
        look="pluriscope_methods.lenses.autoencoder:look_at_sites",
        own=(Setting("latents", 16, "of each site", low=1, high=256), _LAMBDA),
        multiplications=_multiplications,
    ),
)
