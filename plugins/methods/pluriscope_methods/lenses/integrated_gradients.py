"""Integrated gradients: the gradient along the straight line from a baseline to the row, times the way gone.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (ICML 2017). In exact arithmetic the scores of a
row add up to f(x) − f(baseline); what rounding leaves of that is the gap.
"""

from __future__ import annotations

from functools import partial
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.gradients import input_slopes
from pluriscope.analysis.subjects.perceptron.mlp import forward, forward_pass
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.sites import Metric, pairs_of
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.gradient_corners import hidden_notes
from pluriscope_methods.lenses.lens import Attribution, Grids, Lens, SiteLens, run_cost
from pluriscope_methods.lenses.line_integrals import POINTS, integrals
from pluriscope_methods.lenses.on_sites import METRIC, ROWS, alike, by_position, has_tokens, input_sites
from pluriscope_methods.lenses.patching import Effects

Array = NDArray[np.float64]
_NAMED: Final = 6
_FLAT: Final = 40.0
"""Pre-activation from which on, either way, activations are straight but for rounding."""


def baseline_of(question: Question) -> Array:
    """``[n0]`` the row that stands for the Boolean input 0…0; zeros where rows stand for no Boolean inputs."""
    return question.method_rows[0][0] if question.data.boolean else np.zeros(question.network.n_inputs)


def kinks_between(network: Network, start: Array, end: Array) -> Array:
    """Points of a line, from 0 to 1, between which no layer meets a kink, up to the first layer that is curved; of that
    the steps of steep units are apart from where these are flat.

    Args:
        start: ``[n0]`` the row at 0.
        end: likewise at 1.
    """
    points = np.array([0.0, 1.0])
    for layer in range(1, len(network.weights) + 1):
        sums, known = forward_pass(network, start + points[:, None] * (end - start))[0], network.function_of(layer)
        found = [points]
        for kink in known.kinks if known.straight else (*known.kinks, -_FLAT, _FLAT):
            apart = sums[layer - 1] - kink
            piece, unit = np.nonzero((apart[:-1] < 0.0) != (apart[1:] < 0.0))
            before, after = apart[piece, unit], apart[piece + 1, unit]
            found.append(points[piece] + before / (before - after) * (points[piece + 1] - points[piece]))
        points = np.unique(np.concatenate(found))
        if not known.straight:
            break
    return points


def _look(question: Question, _settings: Settings, work: Work) -> Attribution:
    network, rows, start = question.network, question.method_rows[0], baseline_of(question)
    way = rows - start

    def along(lines: NDArray[np.intp], points: Array) -> tuple[Array, Array]:
        here = start + points[:, None] * way[lines]
        return forward(network, here)[:, 0], way[lines] * input_slopes(network, here)

    straight = all(network.function_of(layer).straight for layer in range(1, len(network.weights) + 1))
    scores = integrals(along, [kinks_between(network, start, row) for row in rows], work, straight=straight)
    reached = forward(network, rows)[:, 0] - forward(network, start[None])[0, 0]
    gap = np.add.accumulate(scores, axis=1)[:, -1] - reached
    return Attribution(scores, gap=gap, notes=hidden_notes(question))


def _says(_question: Question, seen: Attribution) -> str:
    strength = fixed_order.mean(np.abs(seen.scores)).tolist()
    named = [f"{_input(axis)} {value:.3g}" for axis, value in enumerate(strength[:_NAMED])]
    more = f" and {len(strength) - _NAMED} more inputs" if len(strength) > _NAMED else ""
    gap = 0.0 if seen.gap is None else float(np.abs(seen.gap).max())
    return (
        f"By how much each input moves the output on the way from the baseline, in the mean over the rows: "
        f"{', '.join(named)}{more}. The scores of a row miss the difference of outputs by up to {gap:.2g}."
    )


def _input(axis: int) -> str:
    return INPUT_NAMES[axis] if axis < len(INPUT_NAMES) else f"input {axis}"


def _look_at_tokens(model: Subject, settings: Settings, work: Work) -> Grids:
    pairs = pairs_of(model, int(settings["rows"]))
    effects = Effects(model, pairs, cast(Metric, settings["metric"]), denoising=True)  # from the other row to this one
    found, tokens = effects.integrated(input_sites(model), work).values(), has_tokens(model)
    parts = [np.add.accumulate(one, axis=2)[:, :, -1] if tokens else one.reshape(len(one), -1) for one in found]
    scores = np.concatenate(parts, axis=1)
    gaps = np.abs(np.add.accumulate(scores, axis=1)[:, -1] - effects.ways)
    grids, strongest = by_position(model, pairs.clean, scores, "Score")
    sentence = (
        f"The scores of a row miss the difference of its two runs by up to {gaps.max():.2g}; over all "
        f"{len(gaps)} rows by {fixed_order.total_of(gaps):.2g}, without regard to signs."
    )
    return Grids(grids, f"{strongest} {sentence}")


INTEGRATED_GRADIENTS: Final = Lens(
    key="integrated-gradients",
    version=2,
    label="Integrated gradients",
    definition="An input's score is the derivative of the output by it, in the mean along the line from the baseline "
    "to the row, times how far the input goes.",
    source="Sundararajan, Taly & Yan, ICML 2017 (arXiv:1703.01365); each piece between kinks by its "
    "middle, where every unit is linear between kinks; elsewhere by Gauss and Kronrod's rule, halved until it agrees; "
    "scores agree with captum 0.9.0 asked piece by piece; its 50 points by default differ by up to 0.03 on "
    "xor-pretrained",
    needs=("numbers",),
    look=_look,
    says=_says,
    can_know="The scores of a row add up to the difference of two outputs, up to the gap, whatever happens inside. "
    "How that is divided depends on the outputs along one line from the baseline, and on the baseline, the row of the "
    "input 0…0.",
    on_sites=partial(
        SiteLens,
        version=3,
        needs=(),
        definition="The score of a position is the derivative of the right logit less the other row’s by what stands "
        "there, in the mean along the line from the row that is answered otherwise and differs least, times how far "
        "that is.",
        can_know="The scores of a row add up to the difference between the two rows, up to the gap. Another partner "
        "gives other scores.",
        look=_look_at_tokens,
        own=(METRIC, ROWS),
        multiplications=lambda model, settings: 3.0 * POINTS * run_cost(model, int(settings["rows"])),
        refuses=alike,
    ),
)
