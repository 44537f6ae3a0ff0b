"""Classifiers: their circuits by a plain program, how many there are, and what is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.errors import (
    AnalysisError,
    InvalidData,
    InvalidMask,
    InvalidNetwork,
    InvalidProtocol,
    InvalidTask,
)
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.classifier import Classifier, right_counts
from pluriscope.analysis.subjects.enumeration import are_circuits, read_mask
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.perceptron.logits import difference_of, two_logits
from tests.analysis.subjects.space_checks import check_linear_effects, check_uniform_draws
from tests.random_networks import random_network


def drawn(sizes: tuple[int, ...], activation: str = "relu", n_rows: int = 12) -> Classifier:
    """A network of drawn weights that is right on drawn rows."""
    network = random_network(1, sizes, activation, biases=0.3, output_activation="linear")
    data = np.random.default_rng(2).normal(size=(n_rows, sizes[0])).round(3)
    none = np.zeros(n_rows, dtype=np.int64)
    classes = tuple("abcdefghij"[: sizes[-1]])
    whole = Classifier("drawn", network, classes, data, none, "drawn rows")
    return Classifier("drawn", network, classes, data, whole.layers[-1].argmax(axis=1), "drawn rows")


RULES = COARSER_PERCEPTRON.admitted_rules(drawn((3, 2, 3, 2)))


def plain(one: Classifier, mask: np.ndarray, by: str, ablation: str) -> np.ndarray:
    """Outputs with what is absent as the rules say, neuron by neuron."""
    network, kept = one.network, iter(mask)
    last = len(network.weights)
    there: dict[tuple[int, int, int], bool] = {}
    if by == "neurons":
        has = {(layer, k): next(kept) for layer in range(1, last) for k in range(network.sizes[layer])}
    for layer in range(1, last + 1):
        for k, source in product(range(network.sizes[layer]), range(network.sizes[layer - 1])):
            if by == "neurons":
                there[layer, k, source] = has.get((layer, k), True) and has.get((layer - 1, source), True)
            else:
                there[layer, k, source] = layer < last - 1 or next(kept)
    values, whole = one.data.T, one.data.T
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        act = network.function_of(layer).value
        carried = whole.mean(axis=1, keepdims=True) if ablation == "mean" else 0 * whole[:, :1]
        sums = [
            biases[k] + sum(w * (values[j] if there[layer, k, j] else carried[j]) for j, w in enumerate(weights[k]))
            for k in range(len(biases))
        ]
        values = act(np.array([one + 0 * values[0] for one in sums]))
        whole = act(weights @ whole + biases[:, None])
    return values.T


@pytest.mark.parametrize("rules", RULES, ids=COARSER_PERCEPTRON.write_rules)
@pytest.mark.parametrize("sizes", [(3, 2, 3, 2), (2, 2, 3)])
def test_every_mask_runs_as_a_plain_program_and_circuits_are_counted(rules, sizes):
    one = drawn(sizes, "tanh")
    if rules["granularity"] == "last-edges":
        if sizes[-1] > 2:
            with pytest.raises(InvalidProtocol, match="are not defined of 3 logits"):
                one.space(rules)
            return
        one = replace(one, network=two_logits(difference_of(one.network, 0.5)))  # the first is ½ on every row
    space = one.space(rules)
    masks = np.array(list(product((False, True), repeat=space.graph.n_bits)))
    circuits = masks[are_circuits(space, masks)]
    assert len(circuits) == space.possible == sum(space.possible_by_bits.values())
    assert Counter(circuits.sum(axis=1).tolist()) == space.possible_by_bits
    assert (space.reduce(space.reduce(masks)) == space.reduce(masks)).all()
    some = circuits[:: max(1, len(circuits) // 30)]
    if rules["granularity"] == "last-edges":
        of_difference = replace(one, network=difference_of(one.network))
        lower = [plain(of_difference, mask, "last-edges", rules["ablation"]) for mask in some]
        reply = [np.hstack([np.zeros_like(found), found]) for found in lower]
    else:
        reply = [plain(one, mask, rules["granularity"], rules["ablation"]) for mask in some]
    assert space.run(some) == pytest.approx(np.array(reply), abs=1e-12)
    right = (CLASSES.margins(space.run(circuits), one.answers) > 0).sum(axis=1)
    assert right_counts(space, circuits).tolist() == right.tolist()  # ties of ablated outputs among them
    whole = one.layers[-1] if rules["granularity"] != "last-edges" else one.layers[-1] - one.layers[-1][:, :1]
    assert space.run(circuits[-1:])[0] == pytest.approx(whole, abs=1e-12)
    assert space.run_from(circuits[-1:], 0)[0] == pytest.approx(whole, abs=1e-12)
    nothing = space.run_from(circuits[:1] & False, 4)[0]  # each row is the one that all carries are of
    assert nothing == pytest.approx(np.tile(whole[4], (len(one.data), 1)))


@pytest.mark.parametrize(("sizes", "by", "bits"), [((2, 2, 3, 2), "neurons", 3), ((2, 2, 2), "logit-edges", 4)])
def test_circuits_of_a_size_are_drawn_uniformly(sizes, by, bits):
    space = drawn(sizes).space({"granularity": by, "ablation": "zero"})
    check_uniform_draws(space, bits)
    mixed = np.array(list(space.sizes_drawn) * 2)
    assert space.draw(mixed, np.random.default_rng(4)).sum(axis=1).tolist() == mixed.tolist()


@pytest.mark.parametrize(
    "rules", COARSER_PERCEPTRON.admitted_rules(drawn((3, 2, 3, 2))), ids=COARSER_PERCEPTRON.write_rules
)
def test_effects_are_exact_where_all_is_linear(rules):
    space = drawn((3, 2, 3, 2), "linear").space(rules)
    check_linear_effects(space, (12, 2))


def test_a_file_gives_the_same_numbers_back():
    one = drawn((3, 4, 4, 3), "leaky_relu(negative_slope=0.2)")
    again = COARSER_PERCEPTRON.read(COARSER_PERCEPTRON.write(one))
    assert (again.digest, again.task_document, again.outputs) == (one.digest, one.task_document, one.outputs)
    assert again.digest != one.network.digest
    with pytest.raises(InvalidNetwork, match="judged on the same rows"):
        one.judged_as(drawn((3, 4, 4, 3), n_rows=5))


BAD = {
    "a row too short": ({"rows": [[1, 2]]}, "2 numbers"),
    "no class": ({"answers": [0] * 11 + [3]}, "from 0 to 2"),
    "an answer too few": ({"answers": [0] * 11}, "11 from 0"),
    "a name twice": ({"outputs": ["a", "a", "b"]}, "2 different names"),
    "outputs that are shares": ({"output_activation": "sigmoid"}, "sigmoid"),
    "something planted": ({"planted": {}}, "planted"),
    "no hidden layer": ({"weights": [[[1, 1, 1]] * 3], "biases": [[0, 0, 0]]}, "hidden layer"),
    "numbers beyond float64": ({"rows": [[1e305] * 3] * 12}, "weights and rows"),
}


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_what_is_wrong(changes, words):
    document = COARSER_PERCEPTRON.write(drawn((3, 4, 3)))
    own = {key: changes[key] for key in changes if key not in ("rows", "answers")}
    task = document["tasks"][0] | {key: changes[key] for key in changes.keys() - own}
    with pytest.raises(AnalysisError, match=words):
        COARSER_PERCEPTRON.read({**document, **own, "tasks": [task]})


# --- live models


def fitted():
    neural, pipeline = pytest.importorskip("sklearn.neural_network"), pytest.importorskip("sklearn.pipeline")
    from sklearn.preprocessing import StandardScaler

    data = np.random.default_rng(0).normal(size=(60, 3))
    model = neural.MLPClassifier((3,), solver="lbfgs", max_iter=60, random_state=0)
    return pipeline.make_pipeline(StandardScaler(), model).fit(data, np.array([*"uvw"])[data.argmax(axis=1)]), data


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_classifier_of_scikit_learn_is_read_with_its_rows(tmp_path):
    model, data = fitted()
    path = pluriscope.export(model, tmp_path / "model.json", data=data, name="largest")
    result = pluriscope.explain(path)
    subject = result.question.subject
    assert [subject.outputs[answer] for answer in subject.answers] == model.predict(data).tolist()
    assert len(result.circuits) > 1
    assert "The whole model itself fails" in repr(pluriscope.explain(model, ["u"] * 60, data=data))
    refused = {
        "data=rows of numbers": (None, None),
        "names no class": (data, ["x"] * 60),
        "answers: are 59": (data, ["u"] * 59),
    }
    for words, (rows, task) in refused.items():
        with pytest.raises((InvalidNetwork, InvalidTask, InvalidData), match=words):
            pluriscope.explain(model, task, data=rows)


def test_a_module_of_torch_is_read_with_its_rows():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3))
    data = torch.randn(20, 3)
    subject = pluriscope.explain(net, data=data).question.subject
    assert subject.answers.tolist() == net(data).argmax(dim=1).tolist()
    assert subject.outputs == ("0", "1", "2")


def test_a_mask_of_more_than_256_digits_is_read():
    space = drawn((2, 33, 33, 2)).space({"granularity": "edges", "ablation": "zero"})
    whole = space.graph.write(np.ones(space.graph.n_bits, dtype=np.bool_))
    assert len(whole) == 289
    assert read_mask(space, whole) == whole
    with pytest.raises(InvalidMask, match="not hexadecimal"):
        read_mask(space, f"0{whole}")
