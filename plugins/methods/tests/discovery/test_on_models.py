"""Discovery methods on models: derivatives against differences, and ACDC against plain runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pluriscope.analysis.discovery.masked_subject import MaskedSpace
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from tests.analysis.discovery.test_model_methods import plain_loss
from tests.analysis.subjects.transformer.attention_models import given_to, plain_run
from tests.analysis.subjects.transformer.test_judging import golden

RULES = ["", "mean", "heads", "heads-mean", "nodes", "nodes-mean", "split", "heads-split"]


ACDC, EAP_IG, MASK_IG = (METHODS.of(TRANSFORMER)[key] for key in ("acdc", "eap-ig", "mask-ig"))


def moved_run(model, space, at=1.0, edge=None, by=0.0):
    """Logits of the whole model by matrix products, with all that it is given moved towards what cut edges carry, and
    what one edge carries moved by a share of what it would lose if it were cut.
    """
    graph, given = space.graph, given_to(model, space.graph)

    def run(given, edge=None, change=0.0):
        def carried(place, values):
            return values[graph.edges[place].source] + (change if place == edge else 0.0)

        return plain_run(model, graph, given, carried)

    _, clean = run(given)
    means = [one.mean(axis=0) if space._means else 0.0 * one[0] for one in clean]
    start = [absent + at * (one - absent) for one, absent in zip(given, means, strict=False)]
    if edge is None:
        return run(start)[0]
    source = graph.edges[edge].source
    return run(start, edge, by * (means[source] - clean[source]))[0]


@pytest.mark.slow
@pytest.mark.parametrize("text", RULES)
def test_first_order_effects_are_the_limits_of_differences(text):
    model = golden("majority_5_2x2_0")
    rules = TRANSFORMER.rules(text)
    space = model.space(rules)
    whole = moved_run(model, space)
    for loss, at in (("cross-entropy", 1.0), ("kl", 0.4)):
        edges = []
        for edge in range(len(space.graph.edges)):
            above, below = (
                plain_loss(model, moved_run(model, space, at, edge, by), whole, loss) for by in (1e-5, -1e-5)
            )
            edges.append((above - below) / 2e-5)
        if space.graph.cut == "nodes":
            out = [[i for i, one in enumerate(space.graph.edges) if one.source == n] for n in space.graph.removable]
            edges = [sum(edges[i] for i in some) for some in out]
        scores = MaskedSpace(model, space).first_order({"loss": loss}, [at]).values
        assert -scores == pytest.approx(np.array(edges), abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "heads-mean", "split"])
def test_integrated_gradients_of_what_the_model_is_given_add_up(text):
    model = golden("majority_5_2x2_0")
    rules = TRANSFORMER.rules(text)
    space = model.space(rules)
    settings = EAP_IG.filled({"path": "mid", "steps": 60})
    scores = EAP_IG.answer(MaskedSpace(model, space), settings).scores
    given = [bit for bit, edge in enumerate(space.graph.edges) if space.graph.nodes[edge.source].layer == 0]
    whole = moved_run(model, space)
    lost = plain_loss(model, moved_run(model, space, 0.0), whole, "kl")
    assert lost > 0.1
    assert -scores[given].sum() == pytest.approx(lost, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("text", RULES)
def test_mask_gradients_add_up_to_what_is_lost_without_any_bit(text):
    model = golden("majority_5_2x2_0")
    cut = MaskedSpace(model, model.space(TRANSFORMER.rules(text)))
    whole, nothing = cut.losses([(1 << cut.n_bits) - 1, 0], "cross-entropy")
    settings = MASK_IG.filled({"samples": 100, "loss": "cross-entropy"})
    scores, ends = MASK_IG.answer(cut, settings).scores, [cut.moved_slopes(settings, at) for at in (0.0, 1.0)]
    assert whole - nothing == pytest.approx((scores - sum(ends) / 2).sum() / 100, rel=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "key"), [("", "edge-pruning"), ("mean", "node-pruning"), ("nodes", "edge-pruning")])
def test_learned_gates_are_those_of_a_descent_by_differences(text, key):
    """The gates are found anew by the optimizer of torch, with derivatives of gates on bits by differences."""
    model = golden("majority_5_1x2_0")
    cut, method = MaskedSpace(model, model.space(TRANSFORMER.rules(text))), METHODS.of(TRANSFORMER)[key]
    graph = cut.graph.of_nodes if key == "node-pruning" else cut.graph
    settings = method.filled({"steps": 12, "seed": 5, "lambda": 0.03})
    seen = []

    def loss(gates):
        spread = np.array([1.0 if bit is None else gates[bit] for bit in graph.gated_by])
        cut.space.gate_slopes(spread, lambda logits, rows: seen.append(logits) or logits)
        return plain_loss(model, seen.pop(), cut.space.run(np.ones((1, cut.n_bits), bool))[0], "kl")

    random = torch.Generator().manual_seed(5)
    logits = (1 + 0.5 * torch.randn(graph.n_bits, dtype=torch.float64, generator=random)).requires_grad_()
    descent = torch.optim.Adam([logits], lr=0.1)
    for _ in range(12):
        u = torch.rand(graph.n_bits, dtype=torch.float64, generator=random).clamp(1e-6, 1 - 1e-6)
        gates = (torch.sigmoid((torch.logit(u) + logits) * 1.5) * 1.2 - 0.1).clamp(0, 1)
        at, step = gates.detach().numpy(), 1e-6
        slopes = [(loss(at + step * one) - loss(at - step * one)) / (2 * step) for one in np.eye(graph.n_bits)]
        stays = torch.sigmoid(logits - 2 / 3 * np.log(0.1 / 1.1)).sum()
        descent.zero_grad()
        ((gates * torch.tensor(slopes)).sum() + 0.03 * stays).backward()
        descent.step()
    kept = logits.detach().numpy() > 0
    kept = kept if graph.cut == cut.graph.cut else graph.kept_edges(kept[None])[0]
    answer = method.answer(cut, settings)
    assert np.abs(logits.detach().numpy()).min() > 1e-3
    assert answer.raw_mask == graph.number(kept)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "heads-mean", "nodes"])
@pytest.mark.parametrize("order", ["out-first", "reverse", "shuffled"])
def test_acdc_is_the_plain_loop(text, order):
    model = golden("other_name_2x2_0")
    space = model.space(TRANSFORMER.rules(text))
    graph = space.graph
    whole = space.run(np.ones((1, graph.n_bits), bool))[0]
    tried = MaskedSpace(model, space).order(order, 3)
    assert sorted(tried) == list(range(graph.n_bits))
    if order != "reverse":
        ends = graph.edges if graph.cut == "edges" else [None] * graph.n_bits
        layers = [graph.nodes[one.target if one else graph.removable[bit]].layer for bit, one in enumerate(ends)]
        assert [layers[bit] for bit in tried] == sorted(layers, reverse=True)
    kept, loss = np.ones(graph.n_bits, bool), 0.0
    for bit in tried:
        without = kept.copy()
        without[bit] = False
        now = plain_loss(model, space.run(space.reduce(without[None]))[0], whole, "kl")
        if now - loss < 0.03:
            kept, loss = without, now
    settings = ACDC.filled({"tau": 0.03, "order": order, "seed": 3})
    answer = ACDC.answer(MaskedSpace(model, space), settings)
    assert answer.raw_mask == graph.number(kept)
