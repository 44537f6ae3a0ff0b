"""Formats that are known by their marks and are not read here, each with lines that make a readable file of it.

``python -m benchmarks.cures`` has the packages write such files, runs the lines, and compares what is then read with
what the packages answer.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pluriscope.analysis.errors import InvalidNetwork

_BEGINNING: Final = 2_000
"""Bytes in which the mark of a text is looked for."""


@dataclass(frozen=True)
class Mark:
    """A format that is not read.

    Args:
        key: in tests and benchmarks.
        name: with its article, as in "a GGUF file".
        seen: whether bytes have its mark; of an archive, or of a folder brought as one, also the names in it.
        cure: what to do, one clause, with lines of Python, or one of a shell, between backticks; FILE is the file.
    """

    key: str
    name: str
    seen: Callable[[bytes, Set[str]], bool]
    cure: str


def refuse_marked(raw: bytes, names: Set[str]) -> None:
    """Refuse bytes, or a folder, that have the mark of a format which is not read.

    Args:
        names: of the members of an archive, or of what is in a folder.

    Raises:
        InvalidNetwork: naming the format, with the lines that make a readable file.
    """
    for mark in MARKS:
        if mark.seen(raw, names):
            raise InvalidNetwork("network file", f"is {mark.name}, which is not read here", mark.cure)


def _begins(mark: re.Pattern[bytes]) -> Callable[[bytes, Set[str]], bool]:
    """Whether the beginning of bytes has a mark."""
    return lambda raw, _: mark.search(raw[:_BEGINNING]) is not None


def _has(ending: str) -> Callable[[bytes, Set[str]], bool]:
    """Whether an archive has a member whose path ends so, in whatever folder."""
    return lambda _, names: any(f"/{name}".endswith(f"/{ending}") for name in names)


def _is_compressed_model(raw: bytes, _: Set[str]) -> bool:
    """Whether it is compressed, and its beginning is a pickle that names scikit-learn."""
    with suppress(zlib.error):
        return raw[:1] == b"x" and b"sklearn" in zlib.decompressobj().decompress(raw[:_BEGINNING], _BEGINNING)
    return False


SCIKIT_LEARN: Final = (
    "if you made it yourself, write what it computes, pipelines and searches included, where scikit-learn is: "
    '`import joblib, pluriscope`; `clf = joblib.load("FILE")`; '
    '`pluriscope.export(clf, "network.json")`'
)
"""The cure of every file that holds a model of scikit-learn."""
_AS_JSON: Final = (
    '`lists = {"weights": [one.tolist() for one in weights], "biases": [one.tolist() for one in biases]}`; '
    '`json.dump(lists, open("weights.json", "w"))`'
)
_TO_ONNX: Final = "convert it to ONNX in a shell, with `pip install tf2onnx tensorflow`: `python -m tf2onnx.convert"
MARKS: Final = (
    Mark(
        "gguf",
        "a GGUF file",
        _begins(re.compile(rb"\AGGUF")),
        'write its tensors as .npz: `import gguf, numpy as np`; `tensors = gguf.GGUFReader("FILE").tensors`; '
        '`np.savez("weights.npz", **{t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in tensors})`',
    ),
    Mark(
        "orbax",
        "an Orbax checkpoint",
        lambda raw, names: _has("_CHECKPOINT_METADATA")(raw, names) or _has("manifest.ocdbt")(raw, names),
        "write the arrays of its folder with _METADATA as .npz: "
        "`import os, jax, numpy as np, orbax.checkpoint as ocp`; "
        '`tree = ocp.PyTreeCheckpointer().restore(os.path.abspath("FILE"))`; '
        '`name = lambda path: jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")`; '
        '`np.savez("weights.npz", **{name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)})`',
    ),
    Mark(
        "torch-distributed",
        "a checkpoint of torch.distributed.checkpoint",
        lambda _, names: ".metadata" in names and any(name.endswith(".distcp") for name in names),
        "write it as one file: `from torch.distributed.checkpoint.format_utils import dcp_to_torch_save`; "
        '`dcp_to_torch_save("FILE", "weights.pt")`',
    ),
    Mark(
        "torch-package",
        "a package of torch.package",
        _has(".data/extern_modules"),
        "if you made it yourself, save its weights alone, by the names that it was given: `import torch`; "
        '`net = torch.package.PackageImporter("FILE").load_pickle("model", "model.pkl")`; '
        '`torch.save(net.state_dict(), "weights.pt")`',
    ),
    Mark(
        "torchscript",
        "a compiled module (TorchScript), whose code would have to be run",
        lambda raw, names: _has("data.pkl")(raw, names) and any(re.search(r"/constants.pkl$|/code/", n) for n in names),
        'save its weights alone: `import torch`; `torch.save(torch.jit.load("FILE").state_dict(), "weights.pt")`',
    ),
    Mark(
        "skops",
        "a file of skops",
        lambda raw, names: "schema.json" in names and raw[:2] == b"PK",
        "if you made it yourself, write what it computes where scikit-learn is: `import pluriscope, skops.io`; "
        '`clf = skops.io.load("FILE", trusted=skops.io.get_untrusted_types(file="FILE"))`; '
        '`pluriscope.export(clf, "network.json")`',
    ),
    Mark(
        "stable-baselines3",
        "a model of stable-baselines3",
        _has("_stable_baselines3_version"),
        "save the weights in it, and say then which of its networks is meant: `import io, zipfile, torch`; "
        '`weights = torch.load(io.BytesIO(zipfile.ZipFile("FILE").read("policy.pth")), weights_only=True)`; '
        '`torch.save(weights, "weights.pt")`',
    ),
    Mark(
        "openvino",
        "an OpenVINO model",
        _begins(re.compile(rb"<net\s[^>]*version=")),
        "with its .bin beside it write its products and sums, if it has nothing else but activations: "
        "`import json, numpy as np, openvino as ov`; "
        '`ops = ov.Core().read_model("FILE").get_ordered_ops()`; '
        '`assert {op.get_type_name() for op in ops} <= {"MatMul", "Add", "Relu", "Tanh", "Sigmoid", '
        '"Parameter", "Constant", "Convert", "Result"}`; '
        '`kept = {op.get_friendly_name().removesuffix("_compressed"): np.array(op.data, float) for op in ops if '
        'op.get_type_name() == "Constant"}`; '
        "`read = lambda op: kept[op.input_value(1).get_node().get_friendly_name()]`; "
        '`weights = [read(op) if op.get_attributes()["transpose_b"] else read(op).T for op in ops if '
        'op.get_type_name() == "MatMul"]`; '
        '`biases = [read(op).ravel() for op in ops if op.get_type_name() == "Add"]`; '
        f"{_AS_JSON}",
    ),
    Mark(
        "core-ml-package",
        "a Core ML package",
        lambda _, names: any("com.apple.CoreML/" in name for name in names),
        "write its weights as .npz, if it has dense layers and activations alone: "
        "`import coremltools as ct, numpy as np`; `from coremltools.optimize.coreml import get_weights_metadata`; "
        '`model = ct.models.MLModel("FILE", skip_model_load=True)`; '
        '`main = model.get_spec().mlProgram.functions["main"]`; '
        "`assert {op.type for op in main.block_specializations[main.opset].operations} <= "
        '{"const", "cast", "linear", "relu", "tanh", "sigmoid"}`; '
        "`named = get_weights_metadata(model, weight_threshold=0)`; "
        '`np.savez("weights.npz", **{name: one.val for name, one in named.items()})`',
    ),
    Mark(
        "core-ml",
        "a Core ML model",
        _begins(
            re.compile(rb"(?s)\A\x08[\x01-\x20]\x12[\x80-\xff]?[\0-\x7f]\n")
        ),  # a version, a description and its first input
        "write its weights, if it has dense layers and activations alone: "
        "`import json, coremltools as ct, numpy as np`; "
        '`layers = ct.utils.load_spec("FILE").neuralNetwork.layers`; '
        '`assert {one.WhichOneof("layer") for one in layers} <= {"innerProduct", "activation"}`; '
        '`dense = [one.innerProduct for one in layers if one.WhichOneof("layer") == "innerProduct"]`; '
        "`weights = [np.reshape(one.weights.floatValue, (one.outputChannels, one.inputChannels)) for one in dense]`; "
        "`biases = [np.array(one.bias.floatValue) for one in dense]`; "
        f"{_AS_JSON}",
    ),
    Mark(
        "tflite", "a TFLite model", lambda raw, _: raw[4:8] == b"TFL3", f"{_TO_ONNX} --tflite FILE --output net.onnx`"
    ),
    Mark(
        "saved-model",
        "a SavedModel of TensorFlow",
        _has("saved_model.pb"),
        f"{_TO_ONNX} --saved-model FILE --output net.onnx`",
    ),
    Mark(
        "tensorflow-checkpoint",
        "an index of a TensorFlow checkpoint",
        lambda raw, _: raw[-8:] == b"\x57\xfb\x80\x8b\x24\x75\x47\xdb",  # of the tables of LevelDB
        "write its variables as .npz, with the data beside it: `import numpy as np, tensorflow as tf`; "
        '`kept = tf.train.load_checkpoint("FILE".removesuffix(".index"))`; '
        '`names = [name for name in kept.get_variable_to_shape_map() if name.endswith("VARIABLE_VALUE")]`; '
        '`name = lambda path: path.partition("/.")[0].replace("/_", "/")`; '
        '`np.savez("weights.npz", **{name(path): kept.get_tensor(path) for path in names})`',
    ),
    Mark(
        "paddle-program",
        "a program of Paddle",
        _begins(re.compile(rb'\A\{"base_code":\{"magic":"pir"')),
        "save its weights, which are in the file beside it: `import numpy as np, paddle`; "
        '`net = paddle.jit.load("FILE".removesuffix(".json"))`; '
        '`name = lambda one: one.replace("w_0", "weight").replace("b_0", "bias")`; '
        '`np.savez("weights.npz", **{name(one.name): one.numpy().T for one in net.parameters()})`',
    ),
    Mark(
        "tensorflow-js",
        "a model of TensorFlow.js",
        _begins(re.compile(rb'"modelTopology"\s*:')),
        "write its weights as .npz, if it has one group of them: `import json, numpy as np`; "
        '`(group,) = json.load(open("FILE"))["weightsManifest"]`; '
        '`raw = np.frombuffer(b"".join(open(path, "rb").read() for path in group["paths"]), "<f4")`; '
        '`ends = np.cumsum([np.prod(one["shape"], dtype=int) for one in group["weights"]])`; '
        '`parts = zip(group["weights"], np.split(raw, ends[:-1]), strict=True)`; '
        '`np.savez("weights.npz", **{one["name"]: part.reshape(one["shape"]) for one, part in parts})`',
    ),
    Mark(
        "thinc",
        "a model of Thinc",
        _begins(re.compile(rb"\A\x84\xa5nodes")),
        "write its arrays as .npz: `import numpy as np, srsly`; "
        '`kept = srsly.msgpack_loads(open("FILE", "rb").read())`; '
        '`role = {"W": "weight", "b": "bias"}`; '
        '`named = [(f"{at}.{role[one]}", some[one]) for at, some in enumerate(kept["params"]) for one in some]`; '
        '`np.savez("weights.npz", **dict(named))`',
    ),
    Mark(
        "matlab",
        "a file of MATLAB",
        _begins(re.compile(rb"\AMATLAB 5\.0 MAT-file")),
        "write its arrays as .npz: `import numpy as np, scipy.io`; "
        '`kept = scipy.io.loadmat("FILE")`; '
        '`flat = lambda name, one: one.ravel() if "bias" in name or name[0] == "b" else one`; '
        '`np.savez("weights.npz", **{name: flat(name, one) for name, one in kept.items() if name[:2] != "__"})`',
    ),
    Mark(
        "pmml",
        "a PMML document",
        _begins(re.compile(rb"<(\w+:)?PMML\b")),
        'give the fitted model that it was made from: `import pluriscope`; `pluriscope.export(clf, "network.json")`',
    ),
    Mark(
        "nnef",
        "an NNEF model",
        lambda raw, names: (
            _has("graph.nnef")(raw, names) or re.match(rb"\s*version \d[\d.]*;", raw[:_BEGINNING]) is not None
        ),
        "convert its folder to ONNX in a shell, with `pip install nnef-tools onnx`: `python -m nnef_tools.convert "
        "--input-format nnef --output-format onnx --input-model FILE --output-model net.onnx`",
    ),
    Mark("joblib", "a compressed model of scikit-learn", _is_compressed_model, SCIKIT_LEARN),
)
"""In the order in which bytes are held against them."""
