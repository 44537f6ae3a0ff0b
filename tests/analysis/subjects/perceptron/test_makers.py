"""Files as their makers mean them: names of activations, orders, several networks in one, what may not be left out."""

import io
import json
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.formats.activation_names import OURS, meanings
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from tests.checkout import ROOT

BROUGHT = ROOT / "tests/fixtures/brought"
TANH = Declaration(activation="tanh", output_activation="sigmoid", output_is="value")
ELU = Declaration(activation="elu", output_activation="linear", output_is="value")
ANSWERS = {
    "k3_leaky_text.keras": (Declaration(), [1.1, 1.1, 0.1, 0.1]),
    "k3_relu6.keras": (Declaration(), [0.0, 0.0, 1.0, 0.0]),
    "k3_normalization.keras": (Declaration(), [0.6142, 0.5656, 0.6397, 0.5983]),
    "slope_in_text.pt": (Declaration(), [0.8808, 0.8808, 0.2689, 0.2689]),
    "gelu_of_jax.eqx": (Declaration(), [1.0, 1.0, 0.49524, 1.0]),
    "paddle.pdparams": (Declaration(activation="relu", output_activation="linear"), [0.0, 0.0, 1.0, 0.0]),
    "pos_weight.ckpt": (TANH, [0.5693, 0.5868, 0.5538, 0.5730]),
}
"""Files of packages, what is said beside each, and the package's own answers of the first output."""


def saved(state):
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


def outputs(draft):
    return forward(draft.network, input_table(draft.network.n_inputs))


@pytest.mark.parametrize("name", ANSWERS)
def test_files_answer_as_their_packages_do(name):
    declared, expected = ANSWERS[name]
    assert outputs(read_any((BROUGHT / name).read_bytes(), declared=declared))[:, 0] == pytest.approx(
        expected, abs=1e-4
    )


REFUSED = {
    "batch_stats.msgpack": ("of a norm, such as a batch norm", TANH),
    "brevitas.pt": ("of a quantiser", TANH),
    "weight_norm.eqx": ("is that of the file, in which a layer does not read", TANH),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_would_compute_something_else_are_refused(name):
    words, declared = REFUSED[name]
    with pytest.raises(InvalidNetwork, match=words):
        read_any((BROUGHT / name).read_bytes(), declared=declared)


MEANT = [
    ("leaky_relu", "torch", ["leaky_relu"]),
    ("leaky_relu", "keras", ["leaky_relu(negative_slope=0.2)"]),
    ("LeakyReLU", "keras", ["leaky_relu(negative_slope=0.3)"]),
    ("leaky_relu", "", ["leaky_relu", "leaky_relu(negative_slope=0.2)"]),
    ("LeakyReLU(0.2)", "torch", ["leaky_relu(negative_slope=0.2)"]),
    ("nn.LeakyReLU(negative_slope=0.2, inplace=True)", "", ["leaky_relu(negative_slope=0.2)"]),
    ("LeakyReLU(0.2, 0.3)", "torch", []),
    ("LeakyReLU(slope)", "torch", []),
    ("relu6", "torch", ["hardtanh(min=0, max=6)"]),
    ("relu7", "torch", []),
    ("gelu", "jax", ["gelu_new"]),
    ("gelu", "torch", ["gelu"]),
    ("gelu", "", ["gelu", "gelu_new"]),
    ("gelu", OURS, ["gelu"]),
    ("jax.nn.gelu", "", ["gelu_new"]),
    ("GELU(approximate='tanh')", "torch", ["gelu_new"]),
    ("gelu_pytorch_tanh", "", ["gelu_new"]),
    ("Softplus(2, 30)", "torch", ["softplus(beta=2)"]),
    ("Softplus(1, threshold=5)", "torch", []),
    ("Hardtanh(-2, 2)", "torch", ["hardtanh(min=-2, max=2)"]),
    ("elu(alpha=0.5)", OURS, ["elu(alpha=0.5)"]),
    ("logistic", "torch", ["sigmoid"]),
    ("Tanh[0]", "", []),
    (None, "", ["linear"]),
]


@pytest.mark.parametrize(("text", "library", "expected"), MEANT)
def test_a_name_means_what_its_library_means(text, library, expected):
    assert list(meanings(text, library)) == expected


@pytest.mark.parametrize("text", ["selu", "nn.Mish()", "hard_sigmoid", "quick_gelu", "PReLU", "HardSwish"])
def test_what_no_network_can_have_is_refused_by_name(text):
    with pytest.raises(InvalidNetwork, match="is none that networks here have"):
        meanings(text, "torch")


@pytest.mark.parametrize(
    ("said", "choices"), [("gelu", {"gelu", "gelu_new"}), ("leaky_relu", None), ("wobble(3)", None)]
)
def test_a_name_of_several_meanings_or_none_is_asked_until_somebody_says(said, choices):
    lists = {"weights": [np.eye(2).tolist(), [[1.0, -1.0]]], "biases": [[0.0, 0.0], [0.0]], "activation": said}
    raw = json.dumps(lists).encode()
    (question,) = (one for one in read_any(raw).questions if one.field == "activation")
    assert question.refusal is not None
    assert choices is None or {*question.choices} == choices
    assert said in question.why
    answered = read_any(raw, declared=Declaration(activation="gelu_new"))
    assert all(one.field != "activation" for one in answered.questions)
    assert answered.network.activation == "gelu_new"


# --- orders


TURNS = np.array([[0.0, 1.0], [-1.0, 0.0]])


def test_an_order_is_that_of_definition_whatever_answers_come_of_it():
    layers = {name: torch.tensor(one) for name, one in (("turn", TURNS), ("same", np.eye(2)))}
    draft = read_any(saved({f"{name}.weight": one for name, one in layers.items()}), declared=ELU)
    assert draft.layers == ("turn", "same")
    assert any("in the order in which the file has them: turn, same" in remark for remark in draft.remarks)


def test_an_order_that_names_contradict_is_asked():
    state = {f"{name}.weight": torch.eye(2) for name in ("decoder", "encoder")}
    (question,) = (one for one in read_any(saved(state), declared=ELU).questions if one.field == "layers")
    assert {*question.choices} == {"decoder, encoder", "encoder, decoder"}
    assert question.refusal is not None


def test_an_order_that_a_file_does_not_keep_is_asked_with_all_that_fit():
    from safetensors.numpy import save

    draft = read_any(save({f"{name}.weight": np.eye(2) for name in ("up", "down")}), declared=ELU)
    (question,) = (one for one in draft.questions if one.field == "layers")
    assert question.refusal is not None
    assert "--layers" in question.refusal.cure


# --- several networks


def dense(prefix, *sizes):
    return {
        f"{prefix}.{2 * n}.{word}": torch.ones((b, a) if word == "weight" else (b,)) * (n + 1) / 8
        for n, (a, b) in enumerate(pairwise(sizes))
        for word in ("weight", "bias")
    }


PARTS = {
    "actor and critic": (dense("actor", 2, 3, 2) | dense("critic", 2, 4, 1), {"actor", "critic", "all"}),
    "that do not follow": (dense("actor", 2, 3, 3) | dense("critic", 2, 4, 1), {"actor", "critic"}),
    "an ensemble": (dense("nets.0", 2, 3, 1) | dense("nets.1", 2, 3, 1), {"nets.0", "nets.1"}),
    "a trunk and heads": (
        dense("trunk", 2, 3) | {"policy.weight": torch.ones(3, 3), "value.weight": torch.ones(1, 3)},
        {"trunk, policy", "trunk, value", "all"},
    ),
    "of stable-baselines3": (
        dense("mlp_extractor.policy_net", 2, 4, 4)
        | dense("mlp_extractor.value_net", 2, 4, 4)
        | {"action_net.weight": torch.ones(2, 4), "value_net.weight": torch.ones(1, 4)},
        {"mlp_extractor.policy_net, action_net", "mlp_extractor.value_net, value_net"},
    ),
    "one in two parts": (dense("encoder", 2, 4, 3) | dense("decoder", 3, 4, 2), set()),
    "one": (dense("layers", 2, 3, 3, 1), set()),
}


@pytest.mark.parametrize("case", PARTS)
def test_several_networks_in_one_file_are_named_and_one_is_chosen(case):
    state, networks = PARTS[case]
    raw = saved(state)
    questions = [one for one in read_any(raw, declared=ELU).questions if one.field == "part"]
    assert {choice for one in questions for choice in one.choices} == networks
    for part in networks - {"all"}:
        draft = read_any(raw, declared=ELU.model_copy(update={"part": part}))
        assert all(one.field != "part" for one in draft.questions)
        assert all(layer.startswith(tuple(part.split(", "))) for layer in draft.layers)
    with pytest.raises(InvalidNetwork, match="is the beginning of no name"):
        read_any(raw, declared=ELU.model_copy(update={"part": "nobody"}))


def test_a_part_leaves_out_what_is_no_layer_beside_it():
    raw = (BROUGHT / "actor_critic.pt").read_bytes()
    draft = read_any(raw, declared=ELU.model_copy(update={"part": "actor"}))
    assert draft.network.sizes == (2, 3, 2)


def test_other_weights_of_a_checkpoint_are_another_network():
    state = {"model": dense("net", 2, 3, 1), "ema": dense("net", 2, 3, 1), "optimizer": {"exp_avg": torch.ones(2, 2)}}
    (question,) = (one for one in read_any(saved(state), declared=ELU).questions if one.field == "part")
    assert {*question.choices} == {"model.net", "ema.net"}


@pytest.mark.parametrize("part", ["state_dict", "state_dict_ema"])
def test_a_part_ends_where_a_name_does(part):
    state = {"state_dict": dense("net", 2, 3, 1), "state_dict_ema": dense("net", 2, 4, 1)}
    draft = read_any(saved(state), declared=ELU.model_copy(update={"part": part}))
    assert draft.network.sizes == (2, 3 if part == "state_dict" else 4, 1)


BESIDE_LAYERS = {
    "base_model.model.{}.lora_A.weight base_model.model.{}.lora_B.weight": "that has an adapter",  # peft 0.21, alone
    "{}.lora_A.default.weight {}.lora_B.default.weight": "that has an adapter",
    "{}.parametrizations.weight.original {}.parametrizations.weight.0.base": "is of a parametrization",  # torch 2.13
}


@pytest.mark.parametrize("names", BESIDE_LAYERS)
def test_what_changes_a_layer_from_beside_it_is_no_layer(names):
    net = "base_model.model.net" if "model.model" in names else "net"
    down, up = names.replace("base_model.model.{}", f"{net}.0").replace("{}", f"{net}.0").split()
    state = dense(net, 2, 2, 1) | {down: torch.ones(2, 2), up: torch.ones(2, 2)}
    with pytest.raises(InvalidNetwork, match=BESIDE_LAYERS[names]):
        read_any(saved(state), declared=ELU)


# --- what is stored as parts of itself


def normed(how):
    torch.manual_seed(0)
    net = nn.Sequential(how(nn.Linear(2, 3)), nn.Tanh(), how(nn.Linear(3, 1)), nn.Sigmoid()).double()
    for _ in range(3):
        net(torch.rand(5, 2, dtype=torch.float64))  # which turns the vectors of a spectral norm
    return net.eval()


def pruned(layer):
    from torch.nn.utils import prune

    return prune.random_unstructured(layer, "weight", amount=0.5)


PUT_TOGETHER = {
    "weight norm": nn.utils.weight_norm,
    "weight norm as a parametrization": nn.utils.parametrizations.weight_norm,
    "weight norm of columns": partial(nn.utils.weight_norm, dim=1),
    "spectral norm": nn.utils.spectral_norm,
    "spectral norm as a parametrization": nn.utils.parametrizations.spectral_norm,
    "pruning": pruned,
}


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("how", PUT_TOGETHER)
def test_a_weight_that_is_stored_as_parts_of_itself_is_put_together(how):
    net = normed(PUT_TOGETHER[how])
    expected = net(torch.tensor(input_table(2))).detach().numpy()
    assert outputs(read_any(saved(net.state_dict()), declared=TANH)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("act_quant.scaling_impl.value", "of a quantiser"),
        ("1.norm.gamma", "of a norm"),
        ("log_std", "what it changes is not known"),
        ("memory", "what it changes is not known"),
    ],
)
def test_what_is_not_read_ends_the_reading_by_name(name, words):
    with pytest.raises(InvalidNetwork, match=words) as refusal:
        read_any(saved(dense("net", 2, 3, 1) | {name: torch.ones(4)}), declared=ELU)
    assert name[:20] in str(refusal.value)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\x12\x00\x00\x00PROGRAM\xff\x01", "is of no format that is known here"),
        (
            json.dumps({"module": "keras", "class_name": "Sequential", "config": {"layers": []}}).encode(),
            "of a Keras model",
        ),
    ],
)
def test_what_is_no_file_of_weights_is_told_so(raw, words):
    with pytest.raises(InvalidNetwork, match=words):
        read_any(raw)
