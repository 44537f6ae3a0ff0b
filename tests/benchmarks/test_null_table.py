"""Studies of trained and drawn networks: stored networks drawn again, tables by another route."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.networks.drawing import draw_network
from analysis.networks.mlp import forward
from analysis.studies.cells import cells_of
from analysis.studies.makers import drawing_of
from analysis.studies.outcome import network_of_outcome
from analysis.tasks import input_table
from benchmarks.findings.null_table import SLUG, null_table, seeds_apart
from benchmarks.findings.results import results_of, summary_of

LABELS = np.array([0, 1, 1, 0])
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawn():
    """Cells with a prior, each with its outcomes."""
    results = results_of(SLUG)
    cells = {cell.key: cell for cell in cells_of(results.design)}
    found = {}
    for outcome in results.outcomes:
        if cells[outcome.cell].levels["prior"]:
            found.setdefault(outcome.cell, []).append(outcome)
    return [(cells[key], outcomes) for key, outcomes in found.items()]


def test_every_drawn_network_computes_the_task(drawn):
    for cell, outcomes in drawn:
        assert len(outcomes) == 250
        for one in outcomes:
            outputs = forward(network_of_outcome(cell, one), input_table(2))[:, 0]
            assert float(((outputs - LABELS) ** 2).mean()) == one.loss < 0.01
            assert np.array_equal(outputs.round(), LABELS)


def test_those_that_took_few_draws_are_drawn_again(drawn):
    for cell, outcomes in drawn:
        quick = min(outcomes, key=lambda one: one.values["complete"][0]["draws"].value)
        again = draw_network(drawing_of(cell), quick.seed)
        assert again.network.digest == quick.network
        assert again.draws == quick.values["complete"][0]["draws"].value


def test_differences_are_weighted_means_of_those_within_widths():
    """Mantel's and Haenszel's weights, by hand from the lines."""
    results = results_of(SLUG)
    cells = {cell.key: cell for cell in cells_of(results.design)}
    yes = {}
    for one in results.outcomes:
        if one.converged:
            cell = cells[one.cell]
            value = one.values["complete"][0]["alice-and-bob"].value
            yes.setdefault((cell.labels["prior"], cell.labels["hidden"]), []).append(value)
    for prior in results.design.labels("prior")[1:]:
        top = bottom = 0.0
        for width in results.design.labels("hidden"):
            a, b = yes["trained", width], yes[prior, width]
            weight = len(a) * len(b) / (len(a) + len(b))
            top += weight * (np.mean(a) - np.mean(b))
            bottom += weight
        (line,) = [line for line in null_table() if line.startswith(f"| both algorithms | {prior} |")]
        assert f"| {100 * top / bottom:+.0f} points (" in line


@pytest.mark.parametrize("study", ["learned-or-drawn", "drawn-depth"])
def test_errors_from_whole_seeds_move_these_intervals_by_less_than_a_point(study):
    """As the document says of them; by loss and by activation they are far wider, so its tables have them."""
    tests = {
        (c.measure, t.groups[1]): t for c, _, t in summary_of(study).tests() if t.test == "cochran-mantel-haenszel"
    }
    for asked, apart in seeds_apart(study, list(dict.fromkeys(measure for measure, _ in tests))).items():
        told = tests[asked]
        assert apart.effect == pytest.approx(told.effect)
        assert abs(apart.low - told.low) < 0.01, asked
        assert abs(apart.high - told.high) < 0.01, asked
        assert (apart.p_holm < 0.05) == (told.p_holm < 0.05), asked
