"""Studies of drawn networks alone: their networks looked at again, their tables counted by another route."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from analysis.models.attention_tasks import TokenTask
from analysis.models.attention_training import AttentionSpec, initial_sizes, logits_of
from analysis.networks.mlp import forward
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from analysis.tasks import input_table
from benchmarks.findings.draw_rates import accepted_of
from benchmarks.findings.results import design_of, files, results_of
from benchmarks.findings.tables import grain_table, paper_finds_table

PLACES = "drawn-places"


def drawn_alone():
    """Slugs of the studies that have drawn networks and no trained ones."""
    designs = {slug: design_of(slug) for slug in files()}
    return sorted(slug for slug, design in designs.items() if design.source == "drawn" and "" not in design.prior)


@pytest.mark.slow
def test_every_network_computes_its_tasks_and_is_the_same_in_every_study():
    digests = {}
    for slug in drawn_alone():
        results = results_of(slug)
        cells = {cell.key: cell for cell in cells_of(results.design)}
        for one in results.outcomes:
            cell = cells[one.cell]
            if not one.converged:
                assert one.state == "none_accepted"
                continue
            labels = np.array([task.truth_table for task in cell.spec(0).resolved_tasks()]).T
            outputs = forward(network_of_outcome(cell, one), input_table(results.design.n_inputs))
            assert ((outputs - labels) ** 2).mean() < 0.01
            assert np.array_equal(outputs.round(), labels)
            name = (*(cell.labels[factor] for factor in ("hidden", "activation", "prior", "tasks")), one.seed)
            assert digests.setdefault(name, one.network) == one.network
    assert len(digests) > 1_000


@pytest.mark.slow
def test_drawn_rows_are_counts_of_the_outcomes():
    results = results_of(PLACES)
    cells = {cell.key: cell.labels for cell in cells_of(results.design)}
    grains, found = Counter(), Counter()
    for one in results.outcomes:
        labels, values = cells[one.cell], one.values["complete"][0]
        arm = labels["prior"], labels["hidden"]
        grains[(*arm, values["grain"].value)] += 1
        found[(*arm, values["alice-or-bob"].value, values["paper-alignments"].value > 0)] += 1
    widths = results.design.labels("hidden")
    for prior in results.design.labels("prior"):
        for grain in ("Alice only", "neither"):
            counts = " | ".join(str(grains[prior, width, grain]) for width in widths)
            assert f"| {grain} | {prior} | {counts} |" in list(grain_table("alice-or-bob-grain", PLACES))
        pairs = [[found[prior, width, "Alice only", any_] for any_ in (True, False)] for width in widths]
        counts = " | ".join(f"{some} of {some + none}" for some, none in pairs)
        assert f"| Alice only | {prior} | {counts} |" in list(paper_finds_table("alice-or-bob", PLACES, "hidden"))


def test_transformers_that_do_the_task_are_counted():
    """Of a task of two rows, counted one by one."""
    task = TokenTask("", ("a", "b"), ((0, 1), (1, 0)), (0, 1))
    spec = AttentionSpec(task, layers=1, heads=1, d_model=4, d_head=2, loss_target=0.5)
    counted = accepted_of(spec, 2.0, 200, torch.Generator().manual_seed(1))
    generator = torch.Generator().manual_seed(1)
    torch.randperm(2, generator=generator)
    sizes = initial_sizes(spec).items()
    drawn = {name: 2.0 * size * torch.randn((200, *shape), generator=generator) for name, (shape, size) in sizes}
    tokens, answers = torch.tensor(task.rows), torch.tensor(task.answers)
    one_by_one = 0
    for i in range(200):
        logits = logits_of({name: one[i] for name, one in drawn.items()}, tokens, layer_norm=False)
        right = bool((logits.argmax(dim=1) == answers).all())
        one_by_one += right and float(torch.nn.functional.cross_entropy(logits, answers)) <= spec.loss_target
    assert counted == one_by_one > 0
