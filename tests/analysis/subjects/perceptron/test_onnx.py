"""Networks from ONNX files compute what onnx's reference implementation of the file computes."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.formats.onnx_file import OnnxChain
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.network_files.original import check_against
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.library.onnx_runs import read_file
from tests.checkout import ROOT

BROUGHT = ROOT / "tests/fixtures/brought"
W, B = np.array([[1.0, 1.0], [1.0, 1.0], [0.5, -0.25]]), np.array([0.0, -1.0, 0.125])
V, C = np.array([[1.0, -2.0, 0.5]]), np.array([0.0625])
PAIR = {"v": np.array([[1.0, -2.0, 0.5], [0.25, 1.0, -3.0]]), "c": np.array([0.5, -0.25])}
THREE = np.array([1.0, 2.0, 3.0])
node = helper.make_node
FIRST, RELU = node("Gemm", ["x", "w", "b"], ["h"], transB=1), node("Relu", ["h"], ["a"])
LAST = node("Gemm", ["a", "v", "c"], ["y"], transB=1)
LOGITS = node("Gemm", ["a", "v", "c"], ["z"], transB=1)


def onnx_file(nodes, stored=None, *, shape=("rows", 2), output=("rows", 1), opset=13, dtype=np.float32, name="graph"):
    """A graph from x to y with W, b, v, c and what else is stored; whole numbers stay whole."""
    arrays = {key: np.asarray(value) for key, value in ({"w": W, "b": B, "v": V, "c": C} | (stored or {})).items()}
    arrays = {key: value if value.dtype.kind == "i" else value.astype(dtype) for key, value in arrays.items()}
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, output)],
        [numpy_helper.from_array(value, key) for key, value in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def constant(name, value):
    return node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value, np.float32)))


def listed_as_inputs(model):
    for tensor in model.graph.initializer:
        model.graph.input.add(name=tensor.name).type.CopyFrom(helper.make_tensor_type_proto(1, tensor.dims))
    return model


BATCH_NORM = {"s": THREE, "t": [0.1, 0.2, 0.3], "m": [0.5, 0.4, 0.3], "n": [1.0, 2.0, 0.5]}
COLUMNS = {"b": B[:, None], "c": C[:, None]}
SHAPED = {"zero": np.array(0), "rest": np.array([-1])}
READ = {
    "Gemm": onnx_file([FIRST, RELU, LAST]),
    "stored tensors among the inputs": listed_as_inputs(onnx_file([FIRST, RELU, LAST])),
    "half": onnx_file([FIRST, node("Sigmoid", ["h"], ["a"]), LAST], dtype=np.float16),
    "slope, factors": onnx_file(
        [
            node("Gemm", ["x", "w", "b"], ["h"], transB=1, alpha=0.5, beta=2.0),
            node("LeakyRelu", ["h"], ["a"], alpha=0.2),
            LAST,
        ]
    ),
    "operator set 6": onnx_file(
        [
            node("MatMul", ["x", "wt"], ["p"]),
            node("Add", ["p", "b"], ["h"], broadcast=1, axis=1),
            RELU,
            node("Dropout", ["a"], ["d"], is_test=1),
            node("BatchNormalization", ["d", "s", "t", "m", "n"], ["q"], is_test=1),
            node("Gemm", ["q", "v", "c"], ["y"], transB=1, broadcast=1),
        ],
        BATCH_NORM | {"wt": W.T},
        opset=6,
    ),
    "weights in constants": onnx_file(
        [
            constant("w1", W),
            constant("v1", V),
            node("Transpose", ["w1"], ["wt"]),
            node("Neg", ["v1"], ["v2"]),
            node("MatMul", ["x", "wt"], ["p"]),
            node("Add", ["b", "p"], ["h"]),
            RELU,
            node("Gemm", ["a", "v2", "c"], ["y"], transB=1),
        ]
    ),
    "inputs as columns": onnx_file(
        [node("MatMul", ["w", "x"], ["p"]), node("Add", ["p", "b"], ["h"]), RELU, node("Gemm", ["v", "a", "c"], ["y"])],
        COLUMNS,
        shape=(2, "rows"),
    ),
    "one vector": onnx_file(
        [node("MatMul", ["w", "x"], ["p"]), node("Add", ["p", "b"], ["h"]), RELU, node("MatMul", ["v", "a"], ["y"])],
        shape=(2,),
    ),
    "a reordered input": onnx_file(
        [
            node("Reshape", ["x", "shape"], ["r"]),
            node("Transpose", ["r"], ["u"], perm=[0, 2, 1]),
            node("Flatten", ["u"], ["f"]),
            node("Gemm", ["f", "w4"], ["h"], transB=1),
            RELU,
            LAST,
        ],
        {"shape": np.array([-1, 2, 2]), "w4": np.hstack((W, 2 * W))},
        shape=("rows", 4),
    ),
    "a view": onnx_file(
        [
            node("Shape", ["x"], ["d"]),
            node("Gather", ["d", "zero"], ["n"]),
            node("Unsqueeze", ["n"], ["n1"], axes=[0]),
            node("Concat", ["n1", "rest"], ["to"], axis=0),
            node("Reshape", ["x", "to"], ["r"]),
            node("Gemm", ["r", "w", "b"], ["h"], transB=1),
            RELU,
            LAST,
        ],
        SHAPED,
        shape=("rows", 1, 2),
        opset=11,
    ),
    "no shape": onnx_file([FIRST, RELU, LAST], shape=None, output=None),
    "no sizes": onnx_file([FIRST, RELU, LAST], shape=("n", "k")),
    **{
        operator: onnx_file([FIRST, RELU, LOGITS, node(operator, ["z"], ["y"], **options)], PAIR, opset=opset)
        for operator, options, opset in (
            ("Softmax", {}, 13),
            ("LogSoftmax", {"axis": 1}, 9),
            ("ArgMax", {"axis": 1}, 13),
        )
    },
    "the first class": onnx_file(
        [FIRST, RELU, LOGITS, node("Softmax", ["z"], ["p"]), node("Gather", ["p", "zero"], ["y"], axis=1)],
        PAIR | SHAPED,
    ),
}


def check(raw, beside=None):
    """Assert that what was read computes what the file computes, to the digits that it computes with."""
    network, chain = read_any(raw, beside).network, OnnxChain.of(raw, beside)
    rows = input_table(network.n_inputs)
    np.testing.assert_allclose(forward(network, rows), chain.run(rows), rtol=chain.tolerance, atol=chain.tolerance)
    return network


@pytest.mark.parametrize("model", READ.values(), ids=READ)
def test_a_graph_is_read_as_it_computes(model):
    network = check(model.SerializeToString())
    assert network.n_outputs == 1
    assert len(network.weights) == 2


def with_outputs(model, *names):
    """Add further outputs, of tensors on the way."""
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(name, 1, None))
    return model


def with_functions(functions):
    model = onnx_file([FIRST, node("F0", ["h"], ["a"], domain="own"), LAST], opset=21)
    model.functions.extend(functions)
    model.opset_import.append(helper.make_opsetid("own", 1))
    return model


def function(n, nodes):
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    return helper.make_function("own", f"F{n}", ["i"], ["o"], nodes, imports)


def called(n, other):
    """Functions, each of which calls another one twice."""
    calls = [[node(f"F{other(k)}", [a], [b], domain="own") for a, b in ("im", "mo")] for k in range(n)]
    return [*(function(k, nodes) for k, nodes in enumerate(calls)), function(n, [node("Relu", ["i"], ["o"])])]


def of_inputs(nodes, *inputs, stored=None):
    model = onnx_file(nodes, stored, opset=21)
    del model.graph.input[:]
    model.graph.input.extend(helper.make_tensor_value_info(name, 1, shape) for name, shape in inputs)
    return model


ONE = node("Gemm", ["k", "w1", "b"], ["h"], transB=1)
PART = {"first": np.array([0]), "w1": W[:, :1]}
QUANTISED = {"q": np.array([[5, 3], [7, -2], [1, 0]]), "scale": [0.5, 0.25, 2.0], "shift": np.array([1, 0, -3])}
LAYER = [node("Gemm", ["k", "w", "b"], ["h"], transB=1), RELU, LAST]
WIDER = {  # as others write the same, with the activation that is in it
    "the larger of it and 0": (onnx_file([FIRST, node("Max", ["h", "none"], ["a"]), LAST], {"none": 0.0}), "relu"),
    "the larger of two": (
        onnx_file([FIRST, node("Mul", ["h", "fifth"], ["k"]), node("Max", ["k", "h"], ["a"]), LAST], {"fifth": 0.2}),
        "leaky_relu(negative_slope=0.2)",
    ),
    "where it is above 0": (
        onnx_file(
            [
                *(FIRST, node("Greater", ["h", "none"], ["g"]), node("Mul", ["h", "fifth"], ["k"])),
                *(node("Where", ["g", "h", "k"], ["a"]), LAST),
            ],
            {"fifth": 0.2, "none": 0.0},
        ),
        "leaky_relu(negative_slope=0.2)",
    ),
    "a slope that was learned": (
        onnx_file([FIRST, node("PRelu", ["h", "slope"], ["a"]), LAST], {"slope": [0.25]}),
        "leaky_relu(negative_slope=0.25)",
    ),
    "columns swapped": (
        onnx_file([node("Gather", ["x", "at"], ["k"], axis=1), *LAYER], {"at": np.array([1, 0])}),
        "relu",
    ),
    "columns split and joined": (
        onnx_file(
            [
                node("Split", ["x"], ["i", "j"], axis=1, num_outputs=2),
                node("Concat", ["j", "i"], ["k"], axis=1),
                *LAYER,
            ],
            opset=21,
        ),
        "relu",
    ),
    "one neuron twice": (
        onnx_file(
            [FIRST, RELU, node("Gather", ["a", "at"], ["k"], axis=1), node("Gemm", ["k", "v", "c"], ["y"], transB=1)],
            {"at": np.array([2, 0, 0])},
        ),
        "relu",
    ),
    "outputs in another order": (
        onnx_file(
            [FIRST, RELU, LOGITS, node("Sigmoid", ["z"], ["s"]), node("Gather", ["s", "at"], ["y"], axis=1)],
            PAIR | {"at": np.array([1, 0])},
        ),
        "relu",
    ),
    "functions of the file": (
        with_functions(
            [function(1, [node("Relu", ["i"], ["o"])]), function(0, [node("F1", ["i"], ["o"], domain="own")])]
        ),
        "relu",
    ),
    "the last output first": (with_outputs(onnx_file([FIRST, RELU, LAST, node("Exp", ["h"], ["e"])]), "h"), "relu"),
    "two inputs": (
        of_inputs([node("Concat", ["j", "i"], ["k"], axis=1), *LAYER], ("i", ["n", 1]), ("j", ["n", 1])),
        "relu",
    ),
}


def in_int8(model):
    for tensor in model.graph.initializer:
        if tensor.name in ("q", "shift"):
            tensor.CopyFrom(numpy_helper.from_array(QUANTISED[tensor.name].astype(np.int8), tensor.name))
    return model


@pytest.mark.parametrize("case", WIDER)
def test_what_others_write_otherwise_is_read_as_it_computes(case):
    model, activation = WIDER[case]
    file, names = read_any(model.SerializeToString()), [one.name for one in model.graph.input]
    assert file.network.n_inputs == 2
    rows = input_table(file.network.n_inputs)
    given = dict(zip(names, np.split(rows.astype(np.float32), len(names), axis=1), strict=True))
    theirs = ReferenceEvaluator(model).run(["y"], given)[0]
    np.testing.assert_allclose(forward(file.network, rows), theirs, rtol=1e-5, atol=1e-5)
    assert file.network.function_of(1).text == activation
    assert ("y, was read" in "".join(file.remarks)) == (len(model.graph.output) > 1)


def test_int8_is_read_in_older_operator_sets():
    nodes = [node("DequantizeLinear", ["q", "scale", "shift"], ["w8"], axis=0)]
    nodes += [node("Gemm", ["x", "w8", "b"], ["h"], transB=1), RELU, LAST]
    network = check(in_int8(onnx_file(nodes, QUANTISED, opset=13)).SerializeToString())
    assert network.weights[0].tolist() == [[2.0, 1.0], [1.75, -0.5], [8.0, 6.0]]


HALF = {"half": np.array(0.5), "one": np.array(1.0), "root": np.array(np.sqrt(2.0)), "two": np.array(2.0)}
TANH_OF = {"scale": np.array(np.sqrt(2 / np.pi)), "cube": np.array(0.044715), "three": np.array(3.0)}
BY_ERF = [("Div", ["h", "root"], "d"), ("Erf", ["d"], "e"), ("Add", ["e", "one"], "f"), ("Mul", ["h", "f"], "g")]
BY_TANH = [
    ("Pow", ["h", "three"], "d"),
    ("Mul", ["d", "cube"], "e"),
    ("Add", ["h", "e"], "f"),
    ("Mul", ["f", "scale"], "g"),
    ("Tanh", ["g"], "i"),
    ("Add", ["i", "one"], "j"),
    ("Mul", ["h", "half"], "k"),
    ("Mul", ["j", "k"], "a"),
]
ACTIVATED = {  # nodes from the first layer to the second, with attributes, as exporters write them
    "gelu": [("Gelu", ["h"], "a")],
    "gelu_new": [("Gelu", ["h"], "a", {"approximate": "tanh"})],
    "gelu, by Erf": [*BY_ERF, ("Mul", ["g", "half"], "a")],
    "gelu, halved before": [*BY_ERF[:3], ("Mul", ["h", "half"], "i"), ("Mul", ["i", "f"], "a")],
    "gelu_new, by Tanh": BY_TANH,
    "silu": [("Sigmoid", ["h"], "s"), ("Mul", ["h", "s"], "a")],
    "silu, by its other name": [("Swish", ["h"], "a")],
    "elu": [("Elu", ["h"], "a")],
    "elu(alpha=0.3)": [("Elu", ["h"], "a", {"alpha": 0.3})],
    "softplus": [("Softplus", ["h"], "a")],
    "softplus, by its formula": [("Exp", ["h"], "e"), ("Add", ["e", "one"], "f"), ("Log", ["f"], "a")],
    "softplus(beta=2)": [("Mul", ["h", "two"], "d"), ("Softplus", ["d"], "e"), ("Div", ["e", "two"], "a")],
    "hardtanh(min=0.5, max=2)": [("Clip", ["h", "half", "two"], "a")],
    "relu, by one end": [("Clip", ["h", "zero"], "a")],
}


def activated(nodes, opset=24, dtype=np.float32):
    made = [node(operator, given, [gives], **dict(*more)) for operator, given, gives, *more in nodes]
    return onnx_file([FIRST, *made, LAST], {**HALF, **TANH_OF, "zero": np.array(0.0)}, opset=opset, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATED)
def test_an_activation_is_read_with_its_parameters(name, dtype):
    network = check(activated(ACTIVATED[name], dtype=dtype).SerializeToString())
    assert network.activation == name.partition(", by")[0].partition(", halved")[0]


def test_ends_of_a_clip_may_be_attributes():
    raw = activated([("Clip", ["h"], "a", {"min": 0.0, "max": 6.0})], opset=9).SerializeToString()
    assert check(raw).activation == "hardtanh(min=0, max=6)"


@pytest.mark.parametrize(
    ("nodes", "cause"),
    [
        ([("Clip", ["h", "half"], "a")], "has one end, which is not 0"),
        ([("Softplus", ["h"], "s"), ("Tanh", ["s"], "t"), ("Mul", ["h", "t"], "a")], "of a known activation"),
        ([("Exp", ["h"], "a")], "of a known activation"),
        ([("Swish", ["h"], "a", {"alpha": 2.0})], "no dense layer and no activation"),
        ([("Elu", ["h"], "a", {"alpha": -1.0})], "is outside"),
    ],
)
def test_an_activation_that_is_not_known_is_refused(nodes, cause):
    with pytest.raises(InvalidNetwork, match=cause):
        read_any(activated(nodes).SerializeToString())


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("g4_torch213_default", None),
        ("g5_gemm", [0, 1, 1, 0]),
        ("g6_flatten", [0, 1, 1, 0]),
        ("g6_skl2onnx_regressor", [0, 1, 1, 0]),
        ("g7_opset6_gemm", [0, 1, 1, 0]),
    ],
)
def test_files_that_people_bring(name, table):
    network = check((BROUGHT / f"{name}.onnx").read_bytes(), lambda name: (BROUGHT / name).read_bytes())
    if table:
        assert (forward(network, input_table(2))[:, 0] > 0.5).tolist() == table


def test_fields_may_stand_in_any_order():
    raw = onnx_file([FIRST, RELU, LAST]).SerializeToString()
    begin, end = raw[:2], raw[2:]
    assert begin == b"\x08\x08"  # ir_version
    assert read_any(end + begin).network == read_any(raw).network


@pytest.mark.parametrize("name", ["/home/me/net", "x" * 201, "a\tb", "main_graph", ""])
def test_a_graph_s_name_that_is_none_is_not_used(name):
    assert read_any(onnx_file([FIRST, RELU, LAST], name=name or "g").SerializeToString()).name == ("" if name else "g")


def test_a_choice_is_the_difference_of_its_logits():
    files = {name: read_any(READ[name].SerializeToString()) for name in ("Softmax", "ArgMax", "the first class")}
    assert files["Softmax"].network == files["ArgMax"].network
    np.testing.assert_array_equal(files["Softmax"].network.weights[1], PAIR["v"][1:] - PAIR["v"][:1])
    np.testing.assert_array_equal(files["the first class"].network.weights[1], PAIR["v"][:1] - PAIR["v"][1:])
    assert "difference" in files["Softmax"].remarks[0]


@st.composite
def models(draw):
    """Chains of the operators that are read, in double precision, with the width of each tensor kept track of."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    hidden = draw(st.sampled_from(["Relu", "Tanh", "Sigmoid", "Identity"]))
    nodes, stored, at = [], {"whole": np.array([-1])}, "x"

    def stored_as(value):
        name = f"s{len(stored)}"
        stored[name] = value
        return name

    def add(operator, *names, first=True, **attributes):
        nonlocal at
        nodes.append(node(operator, [at, *names] if first else [*names, at], [f"t{len(nodes)}"], **attributes))
        at = nodes[-1].output[0]

    def maps(n):
        for kind in draw(
            st.lists(st.sampled_from(["Add", "Sub", "Mul", "Div", "Norm", "Neg", "Flatten", "To"]), max_size=2)
        ):
            if kind == "Norm":
                add("BatchNormalization", *(stored_as(np.abs(random.normal(size=n)) + 0.1) for _ in range(4)))
            elif kind in ("Neg", "Flatten"):
                add(kind)
            elif kind == "To":
                add("Reshape", stored_as(np.array([-1, n])))
            else:
                first = kind == "Div" or draw(st.booleans())
                add(kind, stored_as(random.normal(size=draw(st.sampled_from([(n,), (1, n), (1,)]))) + 0.1), first=first)

    maps(widths[0])
    for layer, (n_in, n_out) in enumerate(zip(widths, [*widths[1:], 2], strict=True)):
        if layer:
            add(hidden)
            maps(n_in)
        weight, way = random.normal(size=(n_out, n_in)), draw(st.sampled_from(["Gemm", "MatMul", "left"]))
        if way == "Gemm":
            add("Gemm", stored_as(weight), stored_as(random.normal(size=n_out)), transB=1)
        elif way == "MatMul":
            add("MatMul", stored_as(weight.T))
        else:
            add("Transpose")
            add("MatMul", stored_as(weight), first=False)
            add("Transpose")
        maps(n_out)
    add(draw(st.sampled_from(["Tanh", "Softmax", "Identity"])))
    nodes[-1].output[0] = "y"
    return onnx_file(nodes, stored, shape=("rows", widths[0]), output=None, opset=15, dtype=np.float64)


@pytest.mark.slow
@given(models())
def test_any_chain_of_the_operators_is_read_as_it_computes(model):
    network = read_any(model.SerializeToString()).network
    rows = input_table(network.n_inputs)
    expected = ReferenceEvaluator(model).run(None, {"x": rows})[0]
    expected = expected[:, 1:] if model.graph.node[-1].op_type == "Softmax" else expected
    np.testing.assert_allclose(forward(network, rows), expected, rtol=1e-6, atol=1e-8)


def of_external(**entries):
    """A model whose first tensor lies in another file, and that file's bytes."""
    model = onnx_file([FIRST, RELU, LAST])
    tensor = model.graph.initializer[0]
    data = b"head" + tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in ({"location": "net.data", "offset": "4", "length": "24"} | entries).items():
        tensor.external_data.add(key=key, value=value)
    return model.SerializeToString(), data


def test_data_beside_are_read():
    raw, data = of_external()
    assert read_any(raw, {"net.data": data}.__getitem__).network == read_any(READ["Gemm"].SerializeToString()).network


@pytest.mark.parametrize(
    ("entries", "cause", "cure"),
    [
        ({"offset": "8"}, "wants 24 bytes from byte 8 of 'net.data', which has 28", "that belongs to this model"),
        ({"length": "99"}, "wants 24 bytes", "that belongs to this model"),
        ({"location": "/etc/passwd"}, "no plain name", "inside or beside"),
        ({"location": "../net.data"}, "no plain name", "inside or beside"),
        ({"location": ".."}, "no plain name", "inside or beside"),
        ({"location": ""}, "no plain name", "inside or beside"),
    ],
)
def test_other_data_beside_are_refused_without_opening_them(entries, cause, cure):
    raw, data = of_external(**entries)
    with pytest.raises(InvalidNetwork, match=cause) as refusal:
        read_any(raw, {"net.data": data}.__getitem__)
    assert cure in refusal.value.cure


def changed(change, nodes=(FIRST, RELU, LAST), **options):
    """A model after a change in its graph."""
    model = onnx_file(nodes, **options)
    change(model.graph)
    return model


BEHIND = [FIRST, RELU, LOGITS, node("Softmax", ["z"], ["p"])]
WIDE = {"tall": np.zeros((60_000, 1)), "wide": np.zeros((1, 60_000))}
REFUSED = {
    "operators": (onnx_file([node("Mish", ["x"], ["a"]), node("Loop", ["a"], ["y"])]), "operators Loop, Mish"),
    "an operator that is no text": (
        onnx.load_from_string(onnx_file([FIRST, RELU, LAST]).SerializeToString().replace(b"Relu", b"Re\xffu")),
        "uses the operator",
    ),
    "no layer": (onnx_file([node("Relu", ["x"], ["y"])]), "holds no dense layer"),
    "an activation first": (onnx_file([node("Relu", ["x"], ["a"]), LAST], shape=(1, 3)), "does not follow"),
    "two kinds": (
        onnx_file(
            [FIRST, RELU, node("Gemm", ["a", "e"], ["k"]), node("Tanh", ["k"], ["l"]), node("Gemm", ["l", "e"], ["y"])],
            {"e": np.eye(3)},
        ),
        r"different kinds \(relu, tanh",
    ),
    "two readers": (onnx_file([FIRST, RELU, node("Add", ["a", "h"], ["y"])]), "tensor 'h': is read by 2 nodes"),
    "squared": (onnx_file([FIRST, node("Mul", ["h", "h"], ["a"]), LAST]), "no stored tensor, beside the layer before"),
    "no such tensor": (onnx_file([node("MatMul", ["x", "nowhere"], ["y"])]), "is no valid model, says onnx"),
    "rows mixed": (onnx_file([node("Gemm", ["x", "wt"], ["y"], transA=1)], {"wt": W.T}), "reads 1 numbers of one row"),
    "another width": (
        onnx_file([FIRST, node("MatMul", ["h", "w"], ["a"]), node("Gemm", ["a", "w"], ["y"])]),
        "reads 2 numbers of one row with a weight for 3",
    ),
    "scaled at the end": (onnx_file([FIRST, RELU, node("Mul", ["a", "c"], ["y"])]), "behind the last activation"),
    "three classes": (onnx_file([FIRST, node("Softmax", ["h"], ["y"])]), "does not choose between the two outputs"),
    "the last of equals": (
        onnx_file([*BEHIND[:3], node("ArgMax", ["z"], ["y"], axis=1, select_last_index=1)], PAIR),
        "first of equals",
    ),
    "behind a choice": (
        onnx_file([*BEHIND, node("Mul", ["p", "p1"], ["y"])], PAIR | {"p1": 2.0}),
        "stands behind Softmax",
    ),
    "batch norm in training": (
        onnx_file(
            [FIRST, RELU, node("BatchNormalization", [*"astmn"], ["y", "o", "r"], training_mode=1)],
            BATCH_NORM,
            opset=15,
        ),
        "is set for training",
    ),
    "old dropout in training": (
        onnx_file([FIRST, RELU, node("Dropout", ["a"], ["y"])], opset=6),
        "is set for training",
    ),
    "rounded": (onnx_file([FIRST, node("Cast", ["h"], ["a"], to=7), LAST]), "rounds its numbers"),
    "divided by": (
        onnx_file([FIRST, node("Div", ["c", "h"], ["a"]), LAST]),
        "reads the layer before as no dense layer",
    ),
    "another row each": (
        onnx_file([FIRST, node("Add", ["h", "rows"], ["a"]), LAST], {"rows": np.ones((4, 3))}),
        "tensor of shape",
    ),
    "data elsewhere": (onnx.load_from_string(of_external()[0]), "keeps its data in another file, 'net.data'"),
    "announced": (changed(lambda graph: graph.initializer[0].dims.insert(0, 10**9)), "announces more than 250,000"),
    "element type": (
        changed(lambda graph: setattr(graph.initializer[0], "data_type", 17)),
        "element type FLOAT8E4M3FN",
    ),
    "text": (
        changed(lambda graph: setattr(graph.input[0].type.tensor_type, "elem_type", 8)),
        "input that is no number",
    ),
    "two ends": (
        with_outputs(onnx_file([FIRST, RELU, LAST, node("Tanh", ["h"], ["e"])]), "e"),
        "has the outputs y, e, and not one that is computed from all others",
    ),
    "labels of a converter": (
        with_outputs(
            onnx_file(
                [
                    *(FIRST, RELU, LAST, node("ArgMax", ["y"], ["n"])),
                    node("ArrayFeatureExtractor", ["c", "n"], ["e"], domain="ai.onnx.ml"),
                ]
            ),
            "e",
        ),
        r"gives labels by ai.onnx.ml.ArrayFeatureExtractor.*pluriscope.export writes of the fitted model",
    ),
    "functions without an end": (with_functions(called(2, lambda n: n % 2)), "functions that are not written out"),
    "functions of functions": (with_functions(called(15, lambda n: n + 1)), "functions that are not written out"),
    "inputs of two types": (
        changed(lambda graph: graph.input.add(name="u").type.CopyFrom(helper.make_tensor_type_proto(7, [1, 1]))),
        "inputs of 2 types",
    ),
    "scaled in part": (
        onnx_file(
            [node("Gather", ["x", "first"], ["u"], axis=1), node("Mul", ["u", "c"], ["k"]), ONE, RELU, LAST], PART
        ),
        "takes up some numbers of the layer before",
    ),
    "made too large": (
        onnx_file([node("Add", ["tall", "wide"], ["k"]), FIRST, RELU, LOGITS, node("Add", ["z", "k"], ["y"])], WIDE),
        "makes too many numbers of those that it stores",
    ),
    "doubled again and again": (
        onnx_file(
            [
                *(node("Concat", [f"k{n}"] * 2, [f"k{n + 1}"], axis=0) for n in range(60)),
                *(FIRST, RELU, LOGITS, node("Add", ["z", "k60"], ["y"])),
            ],
            {"k0": [1.0]},
        ),
        "makes too many numbers of those that it stores",
    ),
    "infinite": (
        onnx_file([node("Div", ["x", "none"], ["k"]), node("Gemm", ["k", "w"], ["y"], transB=1)], {"none": 0.0}),
        "NaN",
    ),
}


@pytest.mark.parametrize(("model", "cause"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_chain_of_dense_layers_is_refused(model, cause):
    with pytest.raises(InvalidNetwork, match=cause) as refusal:
        read_any(model.SerializeToString())
    assert all((refusal.value.item, refusal.value.cause, refusal.value.cure))


def test_nodes_that_stand_before_what_they_read_are_sorted():
    draft = read_file((ROOT / "tests/fixtures/marked/unsorted.onnx").read_bytes())
    check_against(draft.original, draft.network, input_table(2))
    sound, model = onnx_file([FIRST, RELU, LAST]), onnx_file([LAST, RELU, FIRST])
    assert read_any(model.SerializeToString()).network == read_any(sound.SerializeToString()).network
    model.graph.node[2].input[0] = model.graph.node[0].output[0]
    with pytest.raises(InvalidNetwork):
        read_any(model.SerializeToString())
