"""Integrated gradients of the tokens of a transformer's rows."""

from __future__ import annotations

from typing import Final, cast

import numpy as np

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.transformer.runs import Metric, pairs_of
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope_methods.lenses.integrated_gradients import INTEGRATED_GRADIENTS
from pluriscope_methods.lenses.lens import Grids
from pluriscope_methods.lenses.line_integrals import POINTS
from pluriscope_methods.lenses.on_sites import METRIC, ROWS, alike, by_position
from pluriscope_methods.lenses.site_lens import SiteLens, run_cost
from pluriscope_methods.lenses.site_patching import Effects


def _look_at_tokens(model: Transformer, settings: Settings, work: Work) -> Grids:
    pairs = pairs_of(model, int(settings["rows"]))
    effects = Effects(model, pairs, cast(Metric, settings["metric"]), denoising=True)  # from the other row to this one
    scores = np.add.accumulate(effects.integrated(["x0"], work)["x0"], axis=2)[:, :, -1]
    gaps = np.abs(np.add.accumulate(scores, axis=1)[:, -1] - effects.ways)
    grids, strongest = by_position(model, pairs.clean, scores, "Score")
    sentence = (
        f"The scores of a row miss the difference of its two runs by up to {gaps.max():.2g}; over all "
        f"{len(gaps)} rows by {fixed_order.total_of(gaps):.2g}, without regard to signs."
    )
    return Grids(grids, f"{strongest} {sentence}")


INTEGRATED_GRADIENTS_ON_SITES: Final = SiteLens(
    key=INTEGRATED_GRADIENTS.key,
    version=2,
    label=INTEGRATED_GRADIENTS.label,
    definition=(
        "A token’s score is the derivative of the right logit less the other row’s by the token’s embedding, in the "
        "mean along the line from the row that is answered otherwise and differs least, times how far that is."
    ),
    source=INTEGRATED_GRADIENTS.source,
    can_know=(
        "The scores of a row add up to the difference between the two rows, up to the gap. Another partner "
        "gives other scores."
    ),
    look=_look_at_tokens,
    own=(METRIC, ROWS),
    multiplications=lambda model, settings: 3.0 * POINTS * run_cost(model, int(settings["rows"])),
    refuses=alike,
)
