"""Every discovery method for models of any kind, in the order of pages and documents: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis.discovery.cut_model import CutModel
from analysis.discovery.model_method import RULES, ModelMethod
from analysis.discovery.model_methods import acdc, eap, eap_ig, effects, random_order
from analysis.discovery.sweep import settings_of
from analysis.method_settings import Settings, Value

MODEL_METHODS: Final[tuple[ModelMethod, ...]] = (
    acdc.MODEL_ACDC,
    eap.MODEL_EAP,
    eap_ig.MODEL_EAP_IG,
    effects.EFFECTS,
    random_order.MODEL_RANDOM,
)
MODEL_METHOD_BY_KEY: Final = {method.key: method for method in MODEL_METHODS}

_MORE: Final[dict[str, tuple[Settings, ...]]] = {
    "acdc": ({"order": "reverse"}, {"order": "shuffled"}, {"order": "shuffled", "seed": 1}),
    "eap": ({"loss": "kl"},),
    "eap-ig": ({"loss": "cross-entropy"}, {"path": "mid", "steps": 20}),
}

AskedOfModel = tuple[ModelMethod, dict[str, Value]]


def default_model_methods(cut: CutModel) -> list[AskedOfModel]:
    """One of each that can be asked about a model, with its default settings."""
    return [(method, method.defaults) for method in MODEL_METHODS if not method.refuses(cut)]


def model_sweep(cuts: Mapping[str, CutModel]) -> list[AskedOfModel]:
    """Every method under its settings, the default first, also under the ablations that the rules do not name.

    Args:
        cuts: the model by ablation; those that are the rules' own have the same model as "rules".
    """
    others = [name for name, cut in cuts.items() if cut is not cuts[RULES]]
    found: list[AskedOfModel] = []
    for method in MODEL_METHODS:
        if method.refuses(cuts[RULES]):
            continue
        more: tuple[Settings, ...] = (*_MORE.get(method.key, ()), *({"ablation": one} for one in others))
        settings = [*settings_of(method, others), *map(method.filled, more)]
        found += [(method, one) for one in settings]
    return found
