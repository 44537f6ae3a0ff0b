"""Random order on models of any kind: a baseline that looks at nothing."""

from __future__ import annotations

from typing import Final

from analysis.discovery.cut_model import LOSS, Array, CutModel
from analysis.discovery.methods.random_order import RANDOM, SEED, drawn
from analysis.discovery.model_method import ABLATION, ModelMethod
from analysis.method_settings import Settings


def _scores(cut: CutModel, settings: Settings) -> Array:
    return drawn(cut.n_bits, int(settings["seed"]))


MODEL_RANDOM: Final = ModelMethod(
    key=RANDOM.key,
    label=RANDOM.label,
    definition=RANDOM.definition,
    source=RANDOM.source,
    own=(ABLATION, LOSS, SEED),
    score=_scores,
)
