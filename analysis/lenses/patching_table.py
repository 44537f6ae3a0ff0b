"""Activation patching of single neurons: every hidden neuron set to its value on every other row.

Vig et al., "Investigating Gender Bias in Language Models Using Causal Mediation Analysis" (NeurIPS 2020); Geiger et
al., "Causal Abstractions of Neural Networks" (NeurIPS 2021).
"""

from __future__ import annotations

from typing import Final

from analysis.explanations.explanation import Claim
from analysis.interventions.interchange import interchange_outputs
from analysis.interventions.neuron_set import NeuronSet
from analysis.lenses.lens import Bar, Fit, Lens, Table, applies_to_rows
from analysis.method_settings import Setting, Settings
from analysis.networks.mlp import forward
from analysis.question import Question
from analysis.validity import decide
from analysis.work import Work

UNDEFINED: Final = 1e-9
"""Below this difference of two outputs no share of it can be told."""


def _fit(question: Question, _settings: Settings) -> Fit:
    return applies_to_rows(question, sum(question.cut.hidden_sizes) * (len(question.method_rows[0]) - 1))


def _look(question: Question, _settings: Settings, _work: Work) -> Table:
    network, inputs = question.cut, question.method_rows[0]
    sites = [
        NeuronSet(layer, (neuron,))
        for layer, width in enumerate(network.hidden_sizes, start=1)
        for neuron in range(width)
    ]
    patched = interchange_outputs(network, sites, inputs)
    clean = forward(network, inputs)[:, 0]
    flips = decide(patched, "threshold") != decide(clean, "threshold")
    rows = []
    for number, site in enumerate(sites):
        for base in range(len(inputs)):
            for source in range(len(inputs)):
                if source != base:
                    output = float(patched[number, source, base])
                    rows.append(
                        {
                            "layer": site.layer,
                            "neuron": site.neurons[0],
                            "base": base,
                            "source": source,
                            "output": output,
                            "effect": effect(output, float(clean[base]), float(clean[source])),
                            "flips": bool(flips[number, source, base]),
                        }
                    )
    return Table(tuple(rows))


def effect(output: float, base: float, source: float) -> float | None:
    """How much of the way from the base's output to the source's an output has gone; None where these are equal."""
    away = source - base
    return None if abs(away) < UNDEFINED else (output - base) / away


def _bars(seen: Table) -> tuple[Bar, ...]:
    """Of each neuron how many patches flip the decision."""
    found: dict[str, list[bool]] = {}
    for row in seen.rows:
        found.setdefault(f"{row['layer']}.{row['neuron']}", []).append(row["flips"])
    return tuple(Bar(unit, sum(flips), len(flips)) for unit, flips in found.items())


def flipping_neurons(_question: Question, seen: Table) -> tuple[Claim, ...]:
    """The neurons of which some patch flips the decision are used; of the others one at a time says nothing."""
    found = dict.fromkeys((row["layer"], row["neuron"]) for row in seen.rows if row["flips"])
    return tuple(Claim(layer, (neuron,), says="used") for layer, neuron in found)


def _says(_question: Question, seen: Table) -> str:
    bars = _bars(seen)
    most = max(bars, key=lambda bar: bar.n)
    silent = [bar.label for bar in bars if not bar.n]
    more = " and others" if len(silent) > 8 else ""
    without = f"; none of {', '.join(silent[:8])}{more}" if silent else ""
    total = f"{sum(bar.n for bar in bars):,} of {len(seen.rows):,} patches of one neuron flip the decision"
    if not most.n:
        return f"{total}."
    return f"{total}; neuron {most.label} does so most often, {most.n} of {most.of} times{without}."


PATCHING_TABLE: Final = Lens(
    key="patching-table",
    label="Activation patching",
    definition="Every hidden neuron is set, in the run on one row, to its value on another: what the output becomes.",
    source="Vig et al., NeurIPS 2020 (arXiv:2004.12265); Geiger et al., NeurIPS 2021 (arXiv:2106.02997); masked runs "
    "agree with auto-circuit 98db58c",
    settings=(Setting("sites", "neurons", "what is patched", ("neurons",)),),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="Each row is a run of the network, so it is certain. One neuron at a time shows what that neuron decides "
    "alone: a variable on several neurons, or held twice, need not show.",
    columns={
        "layer": "hidden layer, from 1",
        "neuron": "in the layer, from 0",
        "base": "row that is run",
        "source": "row that the neuron's value comes from",
        "output": "what the output becomes",
        "effect": "share of the way from the base's output to the source's; empty where these are equal",
        "flips": "whether the decision by threshold differs from the base's",
    },
    bars=_bars,
    claims=flipping_neurons,
)
