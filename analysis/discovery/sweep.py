"""The settings under which every method runs in one go, its defaults among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pluriscope.analysis.discovery.method import DiscoveryMethod
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.methods.settings import Value

THRESHOLDS: Final = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
TAUS: Final = (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
PENALTIES: Final = (0.001, 0.003, 0.01, 0.03, 0.1)
N_SEEDS: Final = 20
N_LEARNED_SEEDS: Final = 3

MethodSettings = tuple[DiscoveryMethod, dict[str, Value]]
"""A method with all its settings."""


def sweep(
    methods: Iterable[DiscoveryMethod], ablations: Sequence[Value], *, thorough: bool = False
) -> list[MethodSettings]:
    """Methods under their settings, the default first, and under each other choice that they have, one at a time.

    Args:
        methods: of one kind of subject.
        ablations: under which methods with thresholds run beside their default.
        thorough: whether methods that learn run too, which take a second each.
    """
    chosen = [method for method in methods if thorough or not method.learns]
    return [
        (method, settings)
        for method in chosen
        for settings in _unique([*_settings_of(method, ablations), *_other_choices(method)])
    ]


def threshold_sweep() -> tuple[MethodSettings, ...]:
    """Methods that neither learn nor ask what is valid under every threshold and both ways to pick, as studies ask."""
    chosen = [method for method in METHODS.by_key.values() if not method.learns and not method.asks_judge]
    return tuple((method, settings) for method in chosen for settings in _settings_of(method, ("pairs",)))


def _other_choices(method: DiscoveryMethod) -> list[dict[str, Value]]:
    """The default with one setting changed: another loss, order, path, metric, sign or ablation."""
    return [
        method.filled({setting.name: choice})
        for setting in method.settings
        for choice in ((True,) if setting.default is False else setting.choices)
    ]


def _settings_of(method: DiscoveryMethod, ablations: Sequence[Value]) -> list[dict[str, Value]]:
    """Return the settings under which a method runs, its default first."""
    default = method.defaults
    found = [default]
    if "tau" in default:
        found += [method.filled({"tau": tau}) for tau in TAUS]
        found += [method.filled({"tau": tau, "ablation": one}) for one in ablations for tau in TAUS]
        found.append(method.filled({"tau": 0.5, "loss": "decision"}))
    elif method.learns:
        found += [
            method.filled({"lambda": penalty, "seed": seed}) for penalty in PENALTIES for seed in range(N_LEARNED_SEEDS)
        ]
    elif "seed" in default:
        found += [method.filled({"seed": seed}) for seed in range(N_SEEDS)]
    if method.score is not None:
        found += [method.filled({"threshold": threshold}) for threshold in THRESHOLDS]
        found += [method.filled({"threshold": threshold, "pick": "greedy"}) for threshold in THRESHOLDS]
    return _unique(found)


def _unique(found: Sequence[dict[str, Value]]) -> list[dict[str, Value]]:
    return [settings for at, settings in enumerate(found) if settings not in found[:at]]
