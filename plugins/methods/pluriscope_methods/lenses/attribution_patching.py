"""Attribution patching: what a patch would change, to first order, from one pass back.

Nanda, "Attribution Patching: Activation Patching At Industrial Scale" (2023); its integrated form takes derivatives
along the way from one row's embeddings to the other's (Hanna, Pezzelle and Belinkov, COLM 2024). Patches of perceptrons
and the small transformers here can be made themselves, so what the estimate misses stands beside it.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any, Final

import numpy as np

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import total_of
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.gradients import site_slopes
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.sites import Site, run
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import NEURON_COLUMNS, Grids, Lens, SiteLens, Table, run_cost
from pluriscope_methods.lenses.on_sites import METRIC, PAIRS, alike, grid_of, largest_of, sites_by_kind
from pluriscope_methods.lenses.patching import DIRECTION, effects_of, neurons_of, patched_along


def _look(question: Question, _settings: Settings, _work: Work) -> Table:
    network, rows = question.network, list[dict[str, Any]]()
    clean = activations(network, question.method_rows[0])
    slopes = site_slopes(network, run(question, question.inputs).values, np.ones((len(clean[0]), 1)))
    for path in neurons_of(network.sizes):
        [(layer, neuron)] = path
        slope = slopes[f"h{layer}"][:, 0, neuron]
        patched = patched_along(network, clean, path)
        for base, source in product(range(len(clean[0])), repeat=2):
            if base != source:
                estimate = float(slope[base] * (clean[layer][source, neuron] - clean[layer][base, neuron]))
                change = float(patched[source, base] - clean[-1][base, 0])
                row = {"layer": layer, "neuron": neuron, "base": base, "source": source}
                rows.append({**row, "estimate": estimate, "change": change})
    return Table(tuple(rows))


def _says(_question: Question, seen: Table) -> str:
    moving = [row for row in seen.rows if row["change"] or row["estimate"]]
    wrong = sum(row["change"] * row["estimate"] <= 0.0 for row in moving)
    error = max((abs(row["change"] - row["estimate"]) for row in moving), default=0.0)
    return f"The estimate has the wrong sign for {wrong:,} of {len(moving):,} patches, and misses by up to {error:.3g}."


_SHOWN: Final = 0.005  # less makes no difference in two digits


_FORMS: Final = ("first-order", "integrated")


_FORM: Final = Setting("form", _FORMS[0], "of the derivative: in the run, or along the way", choices=_FORMS)


def _look_at_sites(model: Subject, settings: Settings, work: Work) -> Grids:
    effects, notes = effects_of(model, settings)
    kinds = sites_by_kind(model)
    names = [name for some in kinds.values() for name in some]
    changes = effects.first_order() if settings["form"] == "first-order" else effects.integrated(names, work)

    estimates = dict[Site, float]()

    def estimate(site: Site) -> float:
        estimates[site] = effects.share(total_of(changes[site.name][:, *site.index].ravel()))
        return estimates[site]

    grids = [grid_of(model, title, sites, estimate) for title, sites in kinds.items()]
    first = next(iter(kinds.values()))
    where = max((one for one in estimates if one.name not in first), key=lambda one: abs(estimates[one]))
    exact = effects.of(where)
    sentence = largest_of(grids[1:])
    if abs(exact - estimates[where]) > _SHOWN:
        sentence += f" The patch itself has {exact:.2f} there."
    return Grids(tuple(grids), sentence.replace(" -", " −"), notes)


ATTRIBUTION_PATCHING: Final = Lens(
    key="attribution-patching",
    label="Attribution patching",
    definition="What setting one neuron to its value on another row would change, as its derivative predicts.",
    source="Nanda 2023, “Attribution Patching: Activation Patching At Industrial Scale”; its integrated form: Hanna, "
    "Pezzelle & Belinkov, COLM 2024 (arXiv:2403.17806)",
    needs=("neurons",),
    size=lambda question, _: sum(question.network.hidden_sizes) * (len(question.method_rows[0]) - 1),
    look=_look,
    says=_says,
    can_know="An estimate of what activation patching finds by a run for each patch. Where units or attention saturate "
    "it may have any size and either sign.",
    columns=NEURON_COLUMNS
    | {
        "base": "row that is run",
        "source": "row that the value comes from",
        "estimate": "change of the output to first order",
        "change": "of the output, by the patch itself",
    },
    on_sites=partial(
        SiteLens,
        version=2,
        needs=(),
        definition="What activation patching would find at each site, as the metric’s derivative there predicts.",
        look=_look_at_sites,
        own=(METRIC, DIRECTION, _FORM, PAIRS),
        multiplications=lambda model, settings: 30.0 * run_cost(model, int(settings["pairs"])),
        refuses=alike,
        effects=True,
    ),
)
