"""Fine-tuning on one row."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Change, Edit, Editable, Named, Way
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope_edits.rules.asked import ROW, TARGET, TOKEN, TOKENS, asked_of, layers_of
from pluriscope_edits.rules.descent import FEW_STEPS, RATE, SMALL_RATE, STEPS, descended
from pluriscope_edits.rules.where import WHERE, names_of

LAYERS: Final = Setting(
    "layers",
    "all",
    "whose weights and biases move: a number from 1, last, or all",
    reads=str.strip,
    example="all, last or 2",
)


def _tuned(one: Editable, settings: Settings, moving: Collection[str]) -> Change:
    row, target = asked_of(one, settings)
    answer = np.array([target])
    parameters, steps, lacks = descended(
        one,
        np.array([row]),
        settings,
        lambda outputs: one.slopes(outputs, answer),
        lambda outputs: one.lacks(outputs, answer),
        moving,
    )
    said = f"Gradient descent took {steps:,} of {settings['steps']:,} steps."
    return Change(parameters, row, target, remarks=(said,), lacks=lacks)


def _perceptron(one: Editable, settings: Settings, _named: Named) -> Change:
    layers = layers_of(one, str(settings["layers"]), "all")
    return _tuned(one, settings, [f"{kind}{layer}" for layer in layers for kind in "Wb"])


def _transformer(one: Editable, settings: Settings, _named: Named) -> Change:
    return _tuned(one, settings, names_of(one.parameters, str(settings["where"])))


FINE_TUNE: Final = Edit(
    key="fine-tune",
    label="Fine-tuning on one row",
    says="Gradient descent on the loss of one row, until a perceptron's output is within 0.25 of the target by squared "
    "error, or the target has a probability of 0.75 in a transformer by cross-entropy.",
    source="The baseline of Meng et al., NeurIPS 2022 (arXiv:2202.05262), §3.2, of perceptrons without Adam.",
    ways={
        "perceptron": Way((ROW, TARGET, LAYERS, STEPS, RATE), _perceptron, "row"),
        "attention": Way((TOKENS, TOKEN, WHERE, FEW_STEPS, SMALL_RATE), _transformer, "row"),
    },
)
