"""Discovery methods on models: derivatives against differences, ACDC and places against plain runs of every circuit."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.discovery.audit import audit
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.masked_subject import MaskedSpace
from pluriscope.analysis.discovery.registry import METHODS, default_methods
from pluriscope.analysis.discovery.sweep import sweep
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import gaps
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from tests.analysis.subjects.transformer.attention_models import given_to, plain_run
from tests.analysis.subjects.transformer.test_judging import golden

ACDC, EAP_IG, EXACT, MASK_IG = (METHODS.of(TRANSFORMER)[key] for key in ("acdc", "eap-ig", "exact-edge", "mask-ig"))
RULES = ["", "mean", "heads", "heads-mean", "nodes", "nodes-mean", "split", "heads-split"]


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


def log_probabilities(logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def plain_loss(model, logits, whole, loss):
    given, rows = log_probabilities(logits), np.arange(len(model.answers))
    if loss == "cross-entropy":
        return -given[rows, model.answers].mean()
    wanted = log_probabilities(whole)
    return (np.exp(wanted) * (wanted - given)).sum(axis=-1).mean()


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


def test_scores_and_shares_are_of_plain_runs():
    model = golden("other_name_2x2_0")
    space = model.space(TRANSFORMER.default_rules)
    cut, n = MaskedSpace(model, space), space.graph.n_bits
    run = {mask: space.run(space.reduce(space.graph.bits([mask])))[0] for mask in (0, (1 << n) - 1, (1 << n) - 2, 77)}
    whole = run[(1 << n) - 1]
    answer = EXACT.answer(cut, EXACT.defaults)
    assert answer.scores[0] == pytest.approx(-plain_loss(model, run[(1 << n) - 2], whole, "kl"))
    losses = [plain_loss(model, run[mask], whole, "kl") for mask in (77, 0)]
    assert cut.shares([77], {"loss": "kl"}) == pytest.approx([1 - losses[0] / losses[1]])
    assert cut.right(77) == (gaps(run[77][None], model.answers) > 0).sum()
    fewer = EXACT.answer(cut, EXACT.filled({"k": answer.raw_mask.bit_count() - 1})).raw_mask
    assert fewer & answer.raw_mask == fewer
    assert cut.shares([fewer], {"loss": "kl"})[0] < 0.95 <= answer.faithfulness
    with pytest.raises(InvalidMethod, match="There are 29 edges"):
        EXACT.answer(cut, EXACT.filled({"k": 30}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"), [("majority_5_1x2_0", "mean"), ("own_2x1_0", ""), ("sum_mod_5_2x2_0", "heads")]
)
def test_places_are_those_among_all_masks(name, text):
    model = golden(name)
    rules = TRANSFORMER.rules(text)
    space = model.space(rules)
    every = np.array(list(product((False, True), repeat=space.graph.n_bits)))
    every = every[(space.reduce(every) == every).all(axis=1) & every.any(axis=1)]
    right = np.concatenate([gaps(space.run(some[None]), model.answers)[0][None] > 0 for some in every]).sum(axis=1)
    valid = every[right / len(model.rows) > 0.99]
    question = GraphQuestion(TRANSFORMER, model, rules)
    landscape = landscape_of(question, find_masks(question))
    methods = METHODS.of(TRANSFORMER)
    asked = sweep(methods.values(), ["mean"])
    asked = [one for one in asked if one[1].get("ablation", "rules") in landscape.masked]
    asked += [(one, one.filled({"steps": 60, "loss": "cross-entropy"})) for one in methods.values() if one.learns]
    found = audit(landscape, asked)
    assert {one.method for one in found} == methods.keys()
    outcomes = set()
    for one in found:
        place = one.location
        if place is None:
            assert one.answer.outcome == "degenerate"
            continue
        [mask] = space.reduce(space.graph.bits([one.answer.raw_mask]))
        size = mask.sum()
        outcomes.add(place.valid)
        assert place.closed.mask == space.graph.number(mask)
        assert place.valid == bool((valid == mask).all(axis=1).any())
        assert place.under[rules["ablation"]] == place.raw_valid
        chance = (0, 0) if place.chance is None else (place.chance.low, place.chance.possible)
        assert chance == ((valid.sum(axis=1) == size).sum(), (every.sum(axis=1) == size).sum())
        sizes = valid.sum(axis=1)
        assert (place.rank.smaller, place.rank.larger) == ((sizes < size).sum(), (sizes > size).sum())
        assert place.recall == ((valid.all(axis=0) & mask).sum(), valid.all(axis=0).sum())
        apart = (valid != mask).sum(axis=1)
        nearest = min(space.graph.number(one) for one in valid[apart == apart.min()])
        assert (place.nearest.distance, place.nearest.mask) == (apart.min(), nearest)
        if not place.valid:
            assert (place.excess, place.criteria) == (None, None)
            continue
        below = (valid <= mask).all(axis=1).sum() > 1
        assert place.criteria["minimal-subset"] == ("failed" if below else "passed")
        assert place.criteria["minimal-cardinal"] == ("failed" if place.excess else "passed")
        assert place.under["resample"] == (place.criteria["resample-ablation"] == "passed")
    assert True in outcomes


@pytest.mark.slow
def test_a_space_that_is_not_searched_has_no_places_but_verdicts():
    model = golden("other_name_1x4_0")
    rules = TRANSFORMER.rules("mean")
    landscape = landscape_of(GraphQuestion(TRANSFORMER, model, rules), None)
    for one in audit(landscape, [(one, given) for one, given in default_methods(TRANSFORMER) if not one.learns]):
        place = one.location
        assert place.valid == landscape.masked["rules"].is_right(one.answer.raw_mask)
        assert (place.nearest is None, place.rank.exact, place.chance.exact) == (not place.valid, False, False)
        assert place.recall is None
