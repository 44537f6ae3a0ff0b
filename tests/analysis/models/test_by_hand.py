"""Interventions by hand on a transformer, against a forward pass in which each of them is written out."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.models.attention import ATTENTION
from analysis.models.model import Change
from tests.analysis.models.attention_models import Plain, names_kept, random_attention

SIZES = ((2, 2, 5, 3, 4, 4), (3, 2, 4, 2, 3, 3), (1, 3, 4, 3, 4, 5))


def written_out(plain, model, kept, absent, changes, source, graph):
    """What the changes write, vector by vector, for :meth:`Plain.run`."""
    runs = [plain.run(row, kept, absent)[1] for row in range(len(model.tokens))]
    node = {}
    for change in changes:
        of = graph.nodes[change.node].name
        value = {
            "zero": 0.0 * runs[0][of],
            "source": runs[source][of],
            "mean": sum(run[of] for run in runs) / len(runs),
        }
        for position in range(len(runs[0][of])) if change.at is None else [change.at]:
            node[of, position] = value[change.written][position]
    return node


def drawn_changes(draws, graph, context):
    changes = []
    for _ in range(int(draws.integers(1, 5))):
        node = int(draws.integers(len(graph.nodes) - 1))
        at = None if draws.random() < 0.5 else int(draws.integers(context))
        changes.append(Change(node, at, ("zero", "mean", "source")[int(draws.integers(3))]))
    return tuple(changes)


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["", "mean", "heads", "heads-mean", "split", "nodes", "nodes-mean"])
@pytest.mark.parametrize("sizes", SIZES)
def test_changes_do_what_a_plain_pass_with_them_written_out_does(sizes, rules):
    draws = np.random.default_rng(len(rules) + 10 * sizes[0])
    for seed in range(6):
        model = random_attention(seed, sizes, n_rows=6)
        setting = ATTENTION.rules(rules)
        space = model.space(setting)
        graph = space.graph
        plain = Plain(model, setting)
        mask = np.ones(graph.n_bits, dtype=bool) if seed % 2 else draws.random(graph.n_bits) < 0.7
        kept, absent = names_kept(graph, mask), plain.absent()
        changes = drawn_changes(draws, graph, sizes[5])
        row, source = int(draws.integers(6)), int(draws.integers(6))
        node = written_out(plain, model, kept, absent, changes, source, graph)
        logits, values, patterns = plain.run(row, kept, absent, node)
        found = space.run_row(mask, row, changes, source)
        np.testing.assert_allclose(found.outputs, logits, atol=1e-9)
        np.testing.assert_allclose(found.given, np.array(list(values.values())), atol=1e-9)
        for pattern, expected in zip(found.patterns, patterns.values(), strict=True):
            if pattern is not None:
                np.testing.assert_allclose(pattern, expected, atol=1e-9)


@pytest.mark.parametrize("rules", ["", "heads-mean", "nodes"])
def test_without_changes_it_is_the_plain_masked_run_to_the_bit_and_patches_from_the_same_row_change_nothing(rules):
    model = random_attention(3, SIZES[0])
    space = model.space(ATTENTION.rules(rules))
    draws = np.random.default_rng(1)
    for mask in (np.ones(space.graph.n_bits, dtype=bool), draws.random(space.graph.n_bits) < 0.6):
        outputs = space.run(mask[None])[0]
        for row in range(len(model.tokens)):
            assert (space.run_row(mask, row).outputs == outputs[row]).all()
            patched = [Change(part, None, "source") for part in range(len(space.graph.nodes) - 1)]
            assert (space.run_row(mask, row, patched, row).outputs == outputs[row]).all()
