"""Dictionaries: autoencoders of one site, sparse by a penalty or by a count, of several sizes and seeds.

The penalty is L1 (Cunningham et al., ICLR 2024); the count keeps the k largest latents of a row (Gao et al., "Scaling
and evaluating sparse autoencoders", 2024, arXiv:2406.04093). Where the inputs of a linear first layer are features in
superposition, their directions are known, and latents are matched with them (Elhage et al. 2022, arXiv:2209.10652).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import SiteLens
from pluriscope_methods.lenses.on_sites import encoded_sites

MAX_SAMPLES: Final = 512
"""Of rows and positions."""
PENALTIES: Final = (0.03, 0.1, 0.3)
"""λ, where the values at the site have a mean square of 1 about their mean."""
COUNTS: Final = (2, 3, 4, 8)
SEEDS: Final = (0, 1)


def site_of(model: Subject, settings: Settings) -> str:
    """Return the site whose dictionaries are learned: the one that is asked for, else the first."""
    return str(settings["site"]) or next(iter(encoded_sites(model)))


def samples(model: Subject, name: str) -> int:
    """Return how many rows and positions of a site are learned from."""
    return min(MAX_SAMPLES, len(model.rows) * encoded_sites(model)[name][0])


def _refuses(model: Subject, settings: Settings) -> str:
    known, latents, name = encoded_sites(model), int(settings["latents"]), site_of(model, settings)
    if name not in known:
        return f"There is no site {name[:40]}; there are {', '.join(known)}."
    distinct = min(len(np.unique(model.inputs.reshape(len(model.rows), -1), axis=0)) * known[name][0], MAX_SAMPLES)
    if int(settings["k"]) >= latents // 2:
        return f"{latents // 2} latents, the smaller size, are no more than the {settings['k']} that may be there."
    if distinct > latents:
        return ""
    return f"{latents} latents for {distinct} samples: a latent for each rebuilds them perfectly. Set fewer."


def _multiplications(model: Subject, settings: Settings) -> float:
    """Estimate the cost of training, a second or two for each dictionary."""
    n = (len(PENALTIES) + len(COUNTS) + 1) * len(SEEDS)
    return n * (1.2e9 + 2e4 * samples(model, site_of(model, settings)) * int(settings["latents"]))


DICTIONARIES: Final = SiteLens(
    key="dictionaries",
    version=2,
    label="Dictionaries, by penalty and count",
    definition="Autoencoders of one site, sparse by an L1 penalty λ or by k latents on a row, of two sizes and from "
    "two seeds: what each leaves unexplained, how often latents fire, whether the other seed has the same, and how "
    "near they come to features that are known; then a latent is amplified.",
    source="Gao et al. 2024 (arXiv:2406.04093) for k-sparse ones; Cunningham et al., ICLR 2024 (arXiv:2309.08600)",
    needs=("readings",),
    own=(
        Setting("site", "", "empty for the first", reads=str.strip, example="h1"),
        Setting("latents", 64, "and half as many", low=4, high=256),
        Setting("k", 3, "latents on a row, of those that are amplified", low=1, high=64),
    ),
    can_know="Features are known where the inputs of a linear first layer are; elsewhere latents are only held against "
    "those of the other seed. That both seeds find one says that the values favour it, not that the network reads it; "
    "what an amplified latent changes says that.",
    look="pluriscope_methods.lenses.dictionary_sweep:look",
    multiplications=_multiplications,
    refuses=_refuses,
)
