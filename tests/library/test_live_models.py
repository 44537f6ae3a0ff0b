"""Modules of torch and models of scikit-learn: what they compute is read, or they are refused with the reason."""

import json
import re

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.library.models import read_model

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # torch and scikit-learn are loaded
torch = pytest.importorskip("torch")
prune = pytest.importorskip("torch.nn.utils.prune")
nn = torch.nn
ROWS = input_table(2)
FIT = {"activation": "tanh", "solver": "lbfgs", "random_state": 1, "max_iter": 2000}


def xor(kind=nn.Sequential, *ends):
    """Exactly XOR by its layers."""
    net = kind(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1), *ends)
    values = ([[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [[1.0, -2.0]], [0.0])
    for parameter, value in zip(net.parameters(), values, strict=True):
        parameter.data = torch.tensor(value)
    return net


def drawn(*modules):
    torch.manual_seed(2)
    for parameter in (net := nn.Sequential(*modules)).parameters():
        torch.nn.init.uniform_(parameter, -2, 2)
    return net


def touched(net, change):
    with torch.no_grad():
        change(net)
    return net


ACTIVATED = {
    "gelu": nn.GELU(),
    "gelu_new": nn.GELU(approximate="tanh"),
    "silu": nn.SiLU(),
    "elu": nn.ELU(),
    "elu(alpha=0.3)": nn.ELU(0.3),
    "softplus": nn.Softplus(),
    "softplus(beta=2)": nn.Softplus(2),
    "hardtanh": nn.Hardtanh(),
    "hardtanh(min=-0.5, max=2)": nn.Hardtanh(-0.5, 2),
    "hardtanh(min=0, max=6)": nn.ReLU6(),
}


@pytest.mark.parametrize("name", ACTIVATED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_are_read_with_their_parameters(name, dtype):
    act = ACTIVATED[name]
    net = drawn(nn.Linear(2, 4), act, nn.Linear(4, 3), act, nn.Linear(3, 1), nn.Sigmoid()).to(dtype)
    file = read_model(net).file
    assert file.network.activation == name
    given = net(torch.tensor(ROWS, dtype=dtype)).detach().double().numpy()
    assert forward(file.network, ROWS) == pytest.approx(given, abs=1e-9 if dtype == torch.float64 else 1e-5)


class Turned(nn.Sequential):
    def forward(self, rows):
        return 1 - super().forward(rows)


class Rounded(nn.Sequential):
    def forward(self, rows):
        return super().forward(rows.round())


class Derived(nn.Linear):
    def forward(self, rows):
        return super().forward(rows) ** 2


class Called(nn.Sequential):
    def __call__(self, rows):
        return 1 - super().__call__(rows)


class Noise(nn.Identity):
    def forward(self, rows):
        return rows + 1e-6 * torch.randn_like(rows)


class OneHot(nn.Module):
    def forward(self, tokens):
        return F.one_hot(tokens.long(), 3).float().flatten(1)


class Stepping(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell, self.last = cell(4, 3, batch_first=True), nn.Linear(3, 3)

    def forward(self, steps):
        return self.last(self.cell(steps)[0][:, -1])


class Failing(nn.ReLU):
    def forward(self, rows):
        raise ValueError("no such\nvalue")


class Elsewhere(nn.ReLU):
    def forward(self, rows):
        return rows.to("cuda:99")


class Two(nn.Sequential):
    def forward(self, rows):
        return super().forward(rows), rows


def turned(module, given, outputs):
    return 1 - outputs


def hooked(place):
    net = xor()
    place(net).register_forward_hook(turned)
    return net


def compiled():
    net = torch.compile(xor(), backend="eager")
    net.register_forward_hook(turned)
    return net


def compiled_in_place():
    (net := hooked(lambda net: net)).compile(backend="eager")
    return net


def replaced():
    net = xor()
    own = net.forward
    net.forward = lambda rows: 1 - own(rows)
    return net


def pruned():
    """A mask, and a step of training since: the weight is what the next run makes it."""
    net = xor()
    prune.custom_from_mask(net[2], "weight", torch.tensor([[1.0, 0.0]]))
    return touched(net, lambda net: net[2].weight_orig.mul_(2))


def normed(old):
    net = xor()
    (nn.utils.weight_norm if old else nn.utils.parametrizations.weight_norm)(net[2])
    length = net[2].weight_g if old else net[2].parametrizations.weight.original0
    return touched(net, lambda net: length.mul_(3))


def batch_normed():
    net = drawn(
        *(nn.BatchNorm1d(2), nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.BatchNorm1d(4, affine=False)),
        *(nn.Dropout(), nn.Linear(4, 1), nn.BatchNorm1d(1)),
    )
    for _ in range(4):
        net(torch.randn(8, 2))
    for module in net[2:5]:
        module.eval()
    return net


def unregistered(net):
    for layer in (net[0], net[2]):
        weight, bias = layer.weight.detach(), layer.bias.detach()
        del layer.weight, layer.bias
        layer.register_buffer("weight", weight)
        layer.bias = bias
    return net


def perceptron(*settings, targets=(0, 1, 1, 0), kind="MLPClassifier", rows=ROWS, scalers=()):
    from sklearn import neural_network, pipeline, preprocessing

    before = [name if hasattr(name, "fit") else getattr(preprocessing, name)() for name in scalers]
    model = getattr(neural_network, kind)(hidden_layer_sizes=(4,), **FIT)
    return pipeline.make_pipeline(*before, model).fit(rows, targets) if before else model.fit(rows, targets)


def searched(model):
    from sklearn.model_selection import GridSearchCV

    return GridSearchCV(model, {}, cv=2).fit(np.tile(ROWS, (2, 1)), [0, 1, 1, 0] * 2)


class Signs:
    """Scales, and tells nothing of what it was fitted to."""

    def fit(self, rows, targets=None):
        return self

    def transform(self, rows):
        return 2 * np.asarray(rows) - 1


def pca():
    from sklearn.decomposition import PCA

    return PCA(2)


def framed():
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().set_output(transform="pandas")


def listed(model):
    model.coefs_ = [values.tolist() for values in model.coefs_]
    return model


READ = {
    "as it is": xor,
    "a parametrised weight": lambda: normed(old=False),
    "weight norm by a hook": lambda: normed(old=True),
    "spectral norm": lambda: touched(xor(), lambda net: nn.utils.parametrizations.spectral_norm(net[0])),
    "pruned, then trained": pruned,
    "batch norm in every place": batch_normed,
    "one module in two places": lambda: (lambda tanh: drawn(nn.Linear(2, 3), tanh, nn.Linear(3, 3), tanh))(nn.Tanh()),
    "half precision": lambda: xor().half(),
    "weights that are no parameters": lambda: unregistered(drawn(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))),
    "a forward of its own": lambda: xor(Turned),
    "a replaced forward": replaced,
    "a hook on all": lambda: hooked(lambda net: net),
    "wrapped": lambda: nn.DataParallel(xor()),
    "a hook on a wrapper": lambda: touched(nn.DataParallel(xor()), lambda net: net.register_forward_hook(turned)),
    "a call of its own": lambda: xor(Called),
    "compiled": compiled,
    "compiled in place": compiled_in_place,
    "double precision": lambda: drawn(nn.Linear(2, 3), nn.LeakyReLU(0.2), nn.Linear(3, 1)).double(),
}


@pytest.mark.parametrize("case", READ)
def test_a_module_is_read_as_it_computes_and_left_as_it_was(case):
    net = READ[case]()
    modes = [module.training for module in net.modules()]
    network = read_model(net, "XOR").file.network
    assert [module.training for module in net.modules()] == modes
    net.eval()
    theirs = net(torch.tensor(ROWS, dtype=next(net.parameters(), torch.zeros(1)).dtype)).detach().double().numpy()
    assert forward(network, ROWS) == pytest.approx(theirs, rel=1e-5, abs=1e-5)


class Own(nn.Module):
    """Weights, and a forward of its own."""

    def __init__(self, forward):
        super().__init__()
        torch.manual_seed(2)
        self.first, self.second, self.two = nn.Linear(2, 3), nn.Linear(3, 1), nn.Linear(3, 2)
        self.weight, self.bias, self.norm = (
            nn.Parameter(torch.rand(2, 3)),
            nn.Parameter(torch.rand(3)),
            nn.BatchNorm1d(3),
        )
        self.skip, self.norm, self.own = nn.Linear(2, 1), nn.BatchNorm1d(3), forward

    def forward(self, rows):
        return self.own(self, rows)


F = nn.functional
WRITTEN = {
    "functions": (lambda m, x: m.second(F.relu(m.first(x))), "relu"),
    "methods": (lambda m, x: m.second(m.first(x).tanh()).squeeze(-1), "tanh"),
    "raw weights": (lambda m, x: F.elu(x @ m.weight + m.bias) @ m.weight.T, "elu"),
    "einsum": (lambda m, x: m.second(F.gelu(torch.einsum("bi,ij->bj", x, m.weight) + m.bias)), "gelu"),
    "columns": (lambda m, x: (m.weight @ torch.relu(m.weight.T @ x.T + m.bias[:, None])).T, "relu"),
    "by hand": (lambda m, x: m.second((lambda z: torch.where(z > 0, z, torch.zeros_like(z)))(m.first(x))), "relu"),
    "a product": (lambda m, x: m.second((lambda z: z * torch.sigmoid(z))(m.first(x))), "silu"),
    "batch norm": (lambda m, x: m.second(torch.sigmoid(m.norm(m.first(2 * x - 1)))), "sigmoid"),
    "in place": (lambda m, x: m.second(F.dropout(F.relu_(m.first(x)), 0.5, m.training)), "relu"),
    "one slope": (lambda m, x: m.second(F.prelu(m.first(x), torch.tensor([0.25]))), "leaky_relu"),
    "first class": (lambda m, x: F.softmax(m.two(F.relu(m.first(x))), dim=-1)[:, 0], "relu"),
    "named": (lambda m, x: {"out": m.second(F.relu(m.first(torch.cat([x[:, :1], x[:, 1:]], 1))))}, "relu"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_a_perceptron_is_read_however_its_forward_is_written(case):
    own, activation = WRITTEN[case]
    module = Own(own)
    network = read_model(module, "XOR; XOR" if case in ("raw weights", "columns") else "XOR").file.network
    assert (network.activation, len(network.sizes)) == (activation, 3)
    theirs = module.eval()(torch.tensor(ROWS, dtype=torch.float32))
    theirs = theirs["out"] if isinstance(theirs, dict) else theirs
    assert forward(network, ROWS) == pytest.approx(theirs.detach().double().numpy().reshape(4, -1), abs=1e-5)


@pytest.mark.parametrize(
    ("end", "of"), [(nn.Softmax(dim=1), lambda p: p), (nn.LogSoftmax(dim=1), np.exp), (None, None)]
)
def test_two_logits_are_read_as_their_difference(end, of):
    net = drawn(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), *([end] if end else []))
    network = read_model(net, "XOR", output_is="value" if end else "classes").file.network
    assert (network.sizes, network.output_activation) == ((2, 3, 1), "sigmoid")
    assert network.weights[1].tolist() == (net[2].weight[1:].double() - net[2].weight[:1].double()).tolist()
    with torch.no_grad():
        theirs = net(torch.tensor(ROWS, dtype=torch.float32)).double().numpy()
    wanted = of(theirs[:, 1:]) if of else 1 / (1 + np.exp(theirs[:, :1] - theirs[:, 1:]))
    assert forward(network, ROWS) == pytest.approx(wanted, abs=1e-6)


def test_a_logit_decides_at_0(tmp_path):
    net = touched(xor(), lambda net: (net[2].weight.mul_(8), net[2].bias.sub_(4)))
    result = pluriscope.explain(net, "XOR", output_is="logit")
    assert (result.network_file.network.output_activation, result.counts.valid_circuits.value) == ("sigmoid", 1)
    bare = pluriscope.export(net, tmp_path / "net.json", "XOR"), tmp_path / "result.json"
    bare[1].write_text(json.dumps(result.document))  # as the command writes it, without the network
    assert pluriscope.load(bare[1], bare[0], output_is="logit").counts == result.counts
    for said in (repr(pluriscope.explain(net, "XOR")), pluriscope.explain(net, "XOR")._repr_html_()):
        assert "wrong on 4 of 4 rows" in said
        assert "output_is" in said
    assert "output_is" not in repr(pluriscope.explain(xor(), "AND"))
    two = nn.Sequential(net[0], nn.ReLU(), nn.Linear(2, 2))
    two[2].weight.data = torch.cat([torch.zeros(1, 2), net[2].weight.data])
    two[2].bias.data = torch.tensor([0.0, -4.0])
    assert "\nIts outputs look like two classes: the larger" in repr(pluriscope.explain(two, "XOR"))


@pytest.mark.parametrize(
    "made",
    [
        lambda: perceptron(),
        lambda: perceptron(targets=["no", "yes", "yes", "no"]),
        lambda: perceptron(scalers=["StandardScaler", "MinMaxScaler"]),
        lambda: perceptron(kind="MLPRegressor"),
        lambda: perceptron(scalers=[framed()]),
        lambda: perceptron(scalers=[Signs()]),
        lambda: perceptron(scalers=["StandardScaler", pca()]),
        lambda: perceptron(scalers=["OneHotEncoder"]),
        lambda: perceptron(targets=[-1, 1, 1, -1]),
        lambda: searched(perceptron()),
    ],
)
def test_a_perceptron_of_scikit_learn_is_read_with_its_scalers(made):
    model = made()
    probable = getattr(model, "predict_proba", None)
    theirs = model.predict(ROWS) if probable is None else probable(ROWS)[:, 1]
    file = read_model(model).file
    assert file.tasks[0].name == "XOR"
    labels = getattr(model, "classes_", np.arange(2)).tolist()
    assert file.remarks == (() if labels == [0, 1] else (f"The output is the probability of {labels[1]!r}.",))
    assert forward(file.network, ROWS)[:, 0] == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("classes", [(1, 2), (-1, 1), ("no", "yes"), (False, True)])
def test_labels_are_read_as_the_model_was_trained_on_them(classes):
    labels = np.array(classes)[[1, 0, 0, 1]]
    model = perceptron(targets=labels)
    for task in (
        labels,
        labels.tolist(),
        labels[:, None],
        lambda a, b: labels[2 * int(a) + int(b)].item(),
        [1, 0, 0, 1],
    ):
        assert read_model(model, task).file.tasks[0].truth_table == (1, 0, 0, 1)
    with pytest.raises(AnalysisError, match=f"neither {classes[0]!r} nor {classes[1]!r}. Give one of"):
        read_model(model, [*labels[:3].tolist(), 7])


def test_labels_of_another_model_are_turned_into_bits_that_differ():
    with pytest.raises(AnalysisError, match=re.escape("[int(value == 2) for value in labels]")):
        read_model(xor(), [1, 2, 2, 1])


def turned_classifier():
    model = perceptron()
    own = type(model)
    model.__class__ = type("Turned", (own,), {"predict_proba": lambda self, rows: 1 - own.predict_proba(self, rows)})
    return model


def ragged():
    model = perceptron()
    model.coefs_ = [[[1.0, 2.0], [3.0]], [1.0]]
    return model


def careful():
    model = perceptron()
    model.__class__ = type("Careful", (type(model),), {"predict": lambda self, rows: np.ones(len(rows), dtype=int)})
    return model


def calibrated():
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(perceptron(), cv=2).fit(np.tile(ROWS, (2, 1)), [0, 1, 1, 0] * 2)


def rounded(module, rows):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return module.second(F.relu(module.first(rows))).float()


REFUSED = {  # item, cause, cure
    "the same on 0 and 1 alone": (
        lambda: xor(Rounded),
        "module Rounded",
        "the module itself (calls round)",
        "take these parts out",
    ),
    "a layer derived": (
        lambda: drawn(Derived(2, 2), nn.Linear(2, 1)),
        "module",
        "module 0 (calls pow)",
        "docs/importing.md",
    ),
    "a skip": (
        lambda: Own(lambda m, x: m.second(F.relu(m.first(x))) + m.skip(x)),
        "module Own",
        "several layers",
        "take",
    ),
    "images": (
        lambda: drawn(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2)),
        *("module Sequential", "is convolutional", "pluriscope-convolutional/1, which holds one or two convolutions"),
    ),
    "images from rows": (
        lambda: drawn(nn.Unflatten(1, (1, 1, 2)), nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(4, 1)),
        *("module Sequential", "is convolutional", "pluriscope-convolutional/1"),
    ),
    "recurrent": (lambda: drawn(nn.RNN(1, 2, batch_first=True)), "module", "is recurrent", "pluriscope-elman/1"),
    "gates": (lambda: drawn(nn.LSTM(2, 3)), "module", "has gates", "units of it, such as 0[0] and 0[2]"),
    "recurrent, of steps": (
        lambda: Stepping(nn.RNN),
        *("module Stepping", "is recurrent", "pluriscope-elman/1, which holds an nn.RNN of one layer"),
    ),
    "gates, of tokens": (
        lambda: drawn(nn.Embedding(3, 4), Stepping(nn.GRU)),
        *("module Sequential", "has gates", "pluriscope.space"),
    ),
    "one-hot within": (
        lambda: drawn(OneHot(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3)),
        *("module Sequential", "takes token ids and has no attention", "data=F.one_hot(rows, 3)"),
    ),
    "a product": (lambda: Own(lambda m, x: m.second(m.first(x) * m.first(x + 1))), "module Own", "calls mul", "take"),
    "a mask kept": (
        lambda: touched(
            Own(lambda m, x: m.second(m.first(x) * m.first(x + 1))),
            lambda net: net.register_buffer("mask", torch.ones(1, 1, 2, 2)),
        ),
        *("module Own", "calls mul", "take"),
    ),
    "other rows": (lambda: Own(lambda m, x: m.second(m.first(x - x.mean(0)))), "module Own", "other rows", "take"),
    "how many rows": (
        lambda: Own(lambda m, x: m.second(m.first(x)) * len(x)),
        "output 0",
        "on row 0",
        "each row alone",
    ),
    "a branch on all rows": (
        lambda: Own(lambda m, x: m.second(m.first(x)) * (1 if x.sum() > 1 else -1)),
        "network",
        "gives row 0, inputs 0, 0, other outputs alone",
        "each row alone",
    ),
    "softmax of three": (
        lambda: drawn(nn.Linear(2, 3), nn.Softmax(dim=1)),
        "module",
        "the largest of 3 outputs",
        "as a classifier",
    ),
    "noise": (lambda: xor(nn.Sequential, Noise()), "module Sequential", "module 3 (calls randn_like)", "take these"),
    "it fails": (lambda: drawn(nn.Linear(2, 2), Failing()), "module Sequential", "ValueError: no such value", "mend"),
    "no such device": (lambda: drawn(nn.Linear(2, 2), Elsewhere()), "module Sequential", "fails when", "runs here"),
    "two outputs": (lambda: xor(Two), "module Two", "gives 2 tensors of floats", "its outputs alone"),
    "no values": (lambda: drawn(nn.Linear(2, 2, device="meta")), "parameter 0.weight", "meta device", "load"),
    "never run": (lambda: nn.Sequential(nn.LazyLinear(2)), "parameter 0.weight", "no values yet", "run the module"),
    "quantised": (
        lambda: torch.ao.quantization.quantize_dynamic(xor(), {nn.Linear}),
        *("module 0 (torch.ao.nn.quantized", "it is quantised", "before"),
    ),
    "complex": (lambda: nn.Sequential(nn.Linear(2, 1, dtype=torch.complex64)), "module", "complex64", "net.double()"),
    "of the batch": (lambda: drawn(nn.BatchNorm1d(2, track_running_stats=False)), "BatchNorm1d", "running", "track"),
    "not in a row": (lambda: nn.ModuleList([nn.Linear(2, 1)]), "module ModuleList", "in which order", "nn.Sequential"),
    "nothing in it": (nn.Sequential, "module Sequential", "no dense layer", "give a chain"),
    "another activation": (
        lambda: drawn(nn.Linear(2, 2), nn.Mish()),
        "module",
        "module 1 (calls mish): only dense",
        "take these",
    ),
    "proba of its own": (turned_classifier, "output 0", "on row 0, inputs 0, 0", "computes what its layers do"),
    "predict of its own": (careful, "output 0", "inputs 0, 0, and predict gives 1", "computes what its layers do"),
    "lists": (lambda: listed(perceptron()), "model MLPClassifier", "fails when it is run", "mend it"),
    "lists in lists": (ragged, "model MLPClassifier", "fails when it is run", "mend it"),
    "calibrated": (calibrated, "model CalibratedClassifierCV", "is no perceptron", "one in it"),
    "not fitted": (lambda: type(perceptron())(), "model MLPClassifier", "is not fitted", "call fit"),
    "three classes": (lambda: perceptron(targets=[0, 1, 2, 0]), "model MLPClassifier", "3 classes", "give data=rows"),
    "products": (lambda: perceptron(scalers=["PolynomialFeatures"]), "Pipeline", "not linear among poly", "scalers"),
    "scripted": (lambda: torch.jit.script(xor()), "module RecursiveScriptModule", "by torch.jit", "before that"),
    "rounded within": (lambda: Own(rounded), "output 0", "its numbers are rounded as it runs", "double precision"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_computes_something_else_or_cannot_be_run_is_refused(case):
    made, *parts = REFUSED[case]
    with pytest.raises(AnalysisError) as refusal:
        read_model(made(), "XOR")
    error = refusal.value
    for said, part in zip((error.item, error.cause, error.cure), parts, strict=True):
        assert part.lower() in said.lower(), str(error)
    assert re.fullmatch(r".+: .+\. .+\.", str(error)), str(error)


def test_what_an_output_is_where_it_rounds_to_neither():
    two, signs = drawn(nn.Linear(2, 2)), drawn(nn.Linear(2, 1), nn.Tanh())
    for net, cure in ((two, "--output-is classes"), (two[:1], "--output-is logit"), (signs, "sigmoid for tanh")):
        touched(net, lambda net: (net[0].weight.zero_(), net[0].bias.fill_(-3.0)))
        with pytest.raises(AnalysisError, match=cure) as refusal:
            read_model(net)
        assert (net is signs) is ("logit" not in str(refusal.value))
    assert read_model(nn.Sequential(signs[0], nn.Sigmoid())).file.tasks[0].truth_table == (0, 0, 0, 0)
    signs = touched(xor(nn.Sequential, nn.Tanh()), lambda net: (net[2].weight.mul_(8), net[2].bias.sub_(4)))
    assert "with sigmoid for tanh" in repr(pluriscope.explain(signs, "XOR", protocol="paper"))
    with pytest.raises(AnalysisError, match=r"tanh. Say that the output is a value, or let"):
        read_model(signs, output_is="logit")


def test_a_declared_output_must_be_one():
    for model, output_is, said in (
        (drawn(nn.Linear(2, 1), nn.Sigmoid()), "logit", "already has the activation sigmoid"),
        (xor(), "classes", "declared as two classes, and the network has 1"),
        (drawn(nn.Linear(2, 3)), "classes", "the largest of 3 outputs"),
        (xor(), "logits", "'logits'"),
    ):
        with pytest.raises(AnalysisError, match=said):
            read_model(model, "XOR", output_is=output_is)


def test_a_classifier_answers_each_row_alone_and_has_an_output_for_each_class():
    rows, net = [[0.5, 2.0], [1.0, -1.0], [3.0, 0.25]], Own(lambda m, x: m.two(F.relu(m.first(x))))
    assert len(read_model(net, data=rows).file.data) == 3
    by_all = Own(lambda m, x: m.two(F.relu(m.first(x))) * (1 if len(x) > 1 else -1))
    with pytest.raises(AnalysisError, match=r"gives row 0, inputs 0\.5, 2, other outputs alone"):
        read_model(by_all, data=rows)


@pytest.mark.parametrize(
    ("ends", "output_is", "words"),
    [
        ([nn.Sigmoid()], "", "decided at ½ (guessed)"),
        ([nn.Sigmoid()], "value", "decided at ½"),
        ([], "", "decided at 0 (guessed)"),
        ([], "logit", "decided at 0"),
        ([nn.Tanh()], "sign", "decided at 0 between −1 and 1"),
    ],
)
def test_one_output_on_rows_of_ones_own_is_two_classes(ends, output_is, words):
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(7, 3), nn.Tanh(), nn.Linear(3, 1), *ends)
    with torch.no_grad():
        net[0].weight.mul_(6)
        net[2].weight.mul_(9)
        net[2].bias.zero_()
    rows = torch.randint(0, 2, (40, 7)).float()
    labels = (net[:3](rows)[:, 0] > 0).int().tolist()
    twin = nn.Sequential(net[0], net[1], nn.Linear(3, 2))
    with torch.no_grad():
        twin[2].weight.copy_(torch.cat([-net[2].weight, net[2].weight]))
        twin[2].bias.zero_()
    found = pluriscope.explain(net, labels, data=rows, output_is=output_is)
    other = pluriscope.explain(twin, labels, data=rows)
    assert (found.counts, str(found.verdict)) == (other.counts, str(other.verdict))
    assert read_model(net, labels, data=rows, output_is=output_is).file.task == f"classes of rows, {words}"
    assert read_model(net, data=rows, output_is=output_is).file.answers.tolist() == labels


def test_what_one_output_or_several_on_rows_decide_is_asked():
    net, rows = xor(), [[0.0, 1.0], [1.0, 1.0], [2.0, 0.5]]
    with pytest.raises(AnalysisError, match=r"what decides: .* Say output_is='value' or"):
        read_model(net, [1, 1, 1], data=rows)
    assert read_model(net, [1, 1, 1], data=rows, output_is="value").file.task.endswith("decided at ½")
    torch.manual_seed(0)
    two = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    assert read_model(two, data=rows, output_is="classes").file.network.n_outputs == 2
    with pytest.raises(AnalysisError, match=r"ends with relu, .* or ask pluriscope\.space\(model, …\)"):
        read_model(nn.Sequential(*two, nn.ReLU()), data=rows)
    with pytest.raises(AnalysisError, match="output-is"):
        read_model(two, data=rows, output_is="value")
    with pytest.raises(AnalysisError, match=r"same on every row\. Use last-edges or neurons"):
        pluriscope.explain(net, [1, 1, 1], data=rows, output_is="value", protocol="logit-edges")
    assert pluriscope.explain(net, [1, 1, 1], data=rows, output_is="value", protocol="edges").search.possible == 9
