"""Questions of methods: counted, held to their track, and enough to write published methods without knowing ours."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.parity import question_of
from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_bench.key.asking import Ask, BeyondTrack
from pluriscope_bench.key.condition import Condition
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.network_view import NetworkView
from pluriscope_bench.key.patchable_module import published_form
from pluriscope_bench.key.reading import submission_of
from pluriscope_bench.key.submission import Calls
from tests.analysis.subjects.transformer.test_judging import golden

FOLDER = Path(__file__).parents[2] / "methods"


@cache
def question(name: str):
    if name in ("heads", "qkv"):
        return GraphQuestion(TRANSFORMER, golden("majority_5_2x2_0"), TRANSFORMER.rules(name.replace("qkv", "")))
    return question_of(name)


def method_of(name: str):
    return runpy.run_path(str(FOLDER / f"{name}.py"))


PERCEPTRON = "xor_2-2-2"
SCORES = [("eap", "eap"), ("eap_ig", "eap-ig"), ("mask_gradient", "mask-ig"), ("exact_edge", "exact-edge")]


@pytest.mark.parametrize(("network", "ablation"), [(PERCEPTRON, "zero"), (PERCEPTRON, "pairs"), ("heads", "mean")])
@pytest.mark.parametrize(("file", "key"), [*SCORES, ("acdc", "acdc")])
def test_methods_as_files_answer_as_ours_do(network, ablation, file, key) -> None:
    about, written = question(network), method_of(file)
    ask, ours = Ask(about, Condition(ablation), written["TRACK"]), METHODS.of(about.kind)[key]
    found = submission_of(about.graph, written["score"](NetworkView.of(about, ablation), ablation, ask), ask.calls)
    masked = masked_under(about, ablation)
    if found.mask is not None:
        assert found.mask == ours.answer(masked, ours.defaults).raw_mask
    else:
        settings = ours.filled({"loss": "cross-entropy"} if network == "heads" else {})
        assert found.scores == pytest.approx(np.abs(ours.scores(masked, settings).values), abs=1e-12)
    assert found.calls.track == written["TRACK"]


@pytest.mark.slow
@pytest.mark.parametrize("network", [PERCEPTRON, "heads"])
def test_a_method_that_learns_keeps_the_edges_that_ours_keeps(network) -> None:
    about, ask = question(network), Ask(question(network), Condition())
    written, ours = method_of("edge_pruning"), METHODS.of(about.kind)["edge-pruning"]
    found = submission_of(about.graph, written["score"](NetworkView.of(about, "zero"), "zero", ask, 0))
    assert found.own == ours.answer(masked_under(about, "zero"), ours.defaults).raw_mask


def plain_run(view, gates):
    """Outputs with gates on edges, neuron by neuron."""
    values, by_name = dict(view.values), dict(zip(view.edges, gates, strict=True))
    for node in [name for layer in view.layers[1:] for name in layer]:
        total = np.full(len(view.labels), view.biases[node])
        for edge, (source, target) in zip(view.edges, view.ends, strict=True):
            if target == node:
                gate = by_name[edge]
                total += view.weights[edge] * (gate * values[source] + (1 - gate) * view.absent[source])
        assert view.activations[node] == "leaky_relu"
        values[node] = np.where(total > 0, total, 0.01 * total)
    return values["y0"]


MEASURES = {
    "margin": lambda outputs, view: (2 * view.labels - 1) * outputs,
    "mse": lambda outputs, view: (outputs - view.outputs) ** 2,
    "kl": lambda outputs, view: (
        np.logaddexp(0, outputs)
        - np.logaddexp(0, view.outputs)
        + (view.outputs - outputs) / (1 + np.exp(-view.outputs))
    ),
}


@pytest.mark.parametrize("ablation", ["zero", "mean", "pairs"])
@pytest.mark.parametrize("measure", [*MEASURES, "of one's own"])
def test_gradients_are_the_limits_of_differences(ablation, measure) -> None:
    about = question(PERCEPTRON)
    ask, view = Ask(about, Condition(ablation)), NetworkView.of(about, ablation)
    of = MEASURES.get(measure, lambda outputs, _: outputs**3)
    asked = measure if measure in MEASURES else lambda outputs: 3 * outputs**2
    gates = np.random.default_rng(0).uniform(0.2, 0.9, len(view.edges))
    for at in (gates, np.ones(len(gates))):
        steps = 1e-6 * np.eye(len(gates))
        apart = [
            of(plain_run(view, at + one), view).mean() - of(plain_run(view, at - one), view).mean() for one in steps
        ]
        assert ask.gradients(asked, gates=at) == pytest.approx(np.array(apart) / 2e-6, abs=1e-6)
    assert ask.calls == Calls(gradients=2)
    if measure in MEASURES:
        closed = np.zeros_like(gates)
        assert ask.measure([closed], measure) == pytest.approx([of(plain_run(view, closed), view).mean()])


@pytest.mark.parametrize("network", [PERCEPTRON, "heads", "qkv"])
def test_of_the_usual_measure_more_is_better_whatever_the_network(network) -> None:
    ask, view = Ask(question(network), Condition()), NetworkView.of(question(network), "zero")
    n_edges, step = len(view.edges), 1e-5
    whole, empty = ask.measure([np.ones(n_edges), np.zeros(n_edges)])
    assert whole > empty
    outputs = ask.run([view.edges])[0]
    if network == PERCEPTRON:
        assert whole == pytest.approx(((2 * view.labels - 1) * outputs).mean())
    else:
        chances = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
        assert whole == pytest.approx(np.log(chances[np.arange(len(view.labels)), view.labels]).mean())
        assert whole == -ask.measure([view.edges], "cross-entropy")
    # up the slope it grows: gates on all edges moved a little along it
    slopes = ask.gradients(gates=np.full(n_edges, 0.7))
    assert np.array_equal(slopes, ask.gradients(ask.measures[0], gates=np.full(n_edges, 0.7)))
    if network != PERCEPTRON:
        assert np.array_equal(slopes, -ask.gradients("cross-entropy", gates=np.full(n_edges, 0.7)))
        assert np.array_equal(ask.gradients(at=0.5), -ask.gradients("cross-entropy", at=0.5))
    else:
        moved = [plain_run(view, 0.7 + sign * step * slopes) for sign in (1, -1)]
        up, down = (((2 * view.labels - 1) * one).mean() for one in moved)
        assert (up - down) / (2 * step) == pytest.approx((slopes**2).sum(), rel=1e-3)


@pytest.mark.parametrize("network", [PERCEPTRON, "heads", "qkv"])
def test_circuits_are_asked_by_name_or_as_rows_of_an_array(network) -> None:
    about, condition = question(network), Condition()
    view, ask = NetworkView.of(about, "zero"), Ask(about, condition)
    bits = np.random.default_rng(1).random((40, len(view.edges))) < 0.8
    named = [[edge for edge, kept in zip(view.edges, row, strict=True) if kept] for row in bits]
    assert np.array_equal(ask.run(bits), ask.run(named))
    assert np.array_equal(ask.run([view.edges])[0], view.outputs)
    raws = [about.graph.number(row) for row in bits]
    assert ask.valid(named).tolist() == judge_of(about, condition).are_valid(raws)
    assert ask.calls == Calls(runs=81, validity=40)
    assert f"{len(view.edges)} edges" in repr(view)


@pytest.mark.parametrize(
    ("track", "asks"),
    [("gradients", ["gradients"]), ("runs", ["gradients", "run"]), ("validity", ["gradients", "run", "valid"])],
)
def test_a_track_allows_what_those_before_it_do(track, asks) -> None:
    about = question(PERCEPTRON)
    for name in ("gradients", "run", "valid"):
        ask = Ask(about, Condition(), track)
        given = () if name == "gradients" else ([[]],)
        if name in asks:
            getattr(ask, name)(*given)
            assert not ask.beyond
            continue
        with pytest.raises(BeyondTrack, match=f"on the track '{track}'"):
            getattr(ask, name)(*given)
        assert ask.beyond
        assert ask.calls == Calls()


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (lambda ask: ask.run("x0>1.0"), "where circuits belong"),
        (lambda ask: ask.run([["x0>9.9"]]), "names the edge 'x0>9.9'"),
        (lambda ask: ask.measure([[]], "accuracy"), "knows no measure 'accuracy'"),
        (lambda ask: ask.gradients("decision"), "has no derivatives"),
        (lambda ask: ask.gradients(gates=[0.5]), "gates other than"),
        (lambda ask: ask.gradients(at=np.nan), "a place of inputs other than"),
        (lambda ask: ask.gradients(gates=[1.0] * 12, at=0.5), "gates and a place"),
        (lambda ask: ask.gradients(lambda outputs: outputs[:1]), "derivatives by outputs"),
    ],
)
def test_wrong_questions_are_refused_and_not_counted_as_answered(wrong, cause) -> None:
    ask = Ask(question(PERCEPTRON), Condition())
    with pytest.raises(InvalidMethod, match=cause):
        wrong(ask)


def test_a_network_that_a_method_is_given_cannot_be_changed() -> None:
    view = NetworkView.of(question(PERCEPTRON), "zero")
    for values in (view.inputs, view.outputs, view.values["1.0"], view.absent["x0"]):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1.0
    with pytest.raises(TypeError):
        view.weights["x0>1.0"] = 0.0  # type: ignore[index]


@pytest.mark.parametrize("ablation", ["zero", "mean", "pairs"])
def test_a_module_whose_edges_are_patched_gives_what_circuits_give(ablation) -> None:
    about, masked = question(PERCEPTRON), masked_under(question(PERCEPTRON), ablation)
    module, clean, corrupt, metric = published_form(about, ablation)
    assert metric(module(clean)).item() == pytest.approx(masked.measured([(1 << masked.n_bits) - 1], {})[0])
    assert module.calls == Calls()
    gates = np.random.default_rng(2).integers(0, 2, masked.n_bits)
    module.gates.data = torch.tensor(gates, dtype=torch.float64)
    outputs = module(clean, corrupt)
    [expected] = masked.outputs([masked.graph.number(gates.astype(bool))])
    assert outputs.detach().numpy() == pytest.approx(expected, abs=1e-12)
    assert module.calls == Calls(runs=1)
    for n_gradients in (1, 2):
        [slopes] = torch.autograd.grad(metric(outputs), module.gates, retain_graph=True)
        assert module.calls == Calls(gradients=n_gradients)
    assert slopes.numpy() == pytest.approx(Ask(about, Condition(ablation)).gradients(gates=gates), abs=1e-12)
    module.gates.data = torch.ones(masked.n_bits, dtype=torch.float64)
    module.carried[0].register_forward_hook(lambda _, __, carried: carried * (torch.arange(2) > 0))
    first = [edge for edge, (source, _) in enumerate(about.graph.ends) if about.graph.nodes[source].name == "x0"]
    if ablation == "zero":
        without = masked.outputs([(1 << masked.n_bits) - 1 - sum(1 << edge for edge in first)])[0]
        assert module(clean).detach().numpy() == pytest.approx(without, abs=1e-12)
        assert module.calls == Calls(gradients=2, runs=1)
