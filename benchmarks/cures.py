"""``python -m benchmarks.cures``: what an error says to do with a format that is not read, done with its package.

    python -m benchmarks.cures --folder /somewhere            every format, each in an environment of its own
    python -m benchmarks.cures --folder /somewhere gguf pmml  some

Each package writes a network in its format and says what it answers on the rows 00, 01, 10, 11. The file is refused by
its mark; the lines of the cure are run where the package is; what they write is read, and has to answer the same.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.formats.marks import MARKS, Mark
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.library.models import network_bytes

_CLOSE: Final = 4e-3
"""Weights may be kept in half precision."""
_WRITTEN: Final = ("weights.npz", "weights.json", "weights.pt", "net.onnx", "network.json")
_NUMBERS: Final = """
import json, os, numpy as np
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
dice, rows = np.random.default_rng(3), np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
W, b, V, c = (dice.normal(size=one).astype("float32") for one in ((3, 2), (3,), (1, 3), (1,)))
answers = lambda rows: np.tanh(rows @ W.T + b) @ V.T + c
"""
"""What the programs begin with: weights, and the answers of a network with a tanh behind the first layer."""
_FROM_KERAS: Final = """
import keras, tensorflow as tf
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
model.set_weights([W.T, b, V.T, c])
given = model(rows).numpy()
"""
_TO_CORE_ML: Final = """
import coremltools as ct
from coremltools.converters.mil import Builder as mb
@mb.program(input_specs=[mb.TensorSpec(shape=(1, 2))])
def net(x):
    return mb.linear(x=mb.tanh(x=mb.linear(x=x, weight=W, bias=b)), weight=V, bias=c)
given = answers(rows)
"""


@dataclass(frozen=True)
class Made:
    """How a package writes a file.

    Args:
        needs: packages with their versions.
        program: writes the file, and has in ``given`` what the package answers.
        file: its name, or that of a folder.
        classes: whether that is the probability of the second of two logits.
    """

    needs: Sequence[str]
    program: str
    file: str = "FILE"
    classes: bool = False


MADE: Final = {
    "gguf": Made(
        ("gguf==0.19.0",),
        """
import gguf
writer, given = gguf.GGUFWriter("FILE", "mlp"), answers(rows)
for name, one in (("0.weight", W), ("0.bias", b), ("2.weight", V), ("2.bias", c)):
    writer.add_tensor(name, one.astype("float16") if one.ndim == 2 else one)
writer.write_header_to_file(), writer.write_kv_data_to_file(), writer.write_tensors_to_file(), writer.close()
""",
    ),
    "orbax": Made(
        ("orbax-checkpoint==0.12.8", "flax==0.12.8"),
        """
import jax.numpy as jnp, orbax.checkpoint as ocp
from flax import nnx
model = nnx.Sequential(nnx.Linear(2, 3, rngs=nnx.Rngs(1)), jnp.tanh, nnx.Linear(3, 1, rngs=nnx.Rngs(2)))
for layer, kernel, bias in ((model.layers[0], W, b), (model.layers[2], V, c)):
    layer.kernel[...], layer.bias[...] = kernel.T, bias
given = np.asarray(model(rows))
with ocp.StandardCheckpointer() as saved:
    saved.save(os.path.abspath("FILE"), nnx.state(model))
""",
    ),
    "torchscript": Made(
        ("torch==2.13.0", "numpy==2.4.6"),
        """
import torch
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
given = model(torch.tensor(rows)).tolist()
torch.jit.script(model).save("FILE")
""",
    ),
    "stable-baselines3": Made(
        ("stable-baselines3==2.9.2",),
        """
import gymnasium, torch
from stable_baselines3 import PPO
class Bandit(gymnasium.Env):
    observation_space, action_space = gymnasium.spaces.Box(0, 1, (2,), np.float32), gymnasium.spaces.Discrete(2)
    def reset(self, seed=None, options=None):
        return np.zeros(2, np.float32), {}
    def step(self, action):
        return np.zeros(2, np.float32), 0.0, True, False, {}
model = PPO("MlpPolicy", Bandit(), policy_kwargs={"net_arch": [3]}, seed=3, device="cpu")
given = model.policy.get_distribution(torch.tensor(rows)).distribution.probs[:, 1:].tolist()
model.save("ppo.zip")
""",
        "ppo.zip",
        classes=True,
    ),
    "openvino": Made(
        ("openvino==2026.4.1", "onnx==1.23.2"),
        """
import openvino as ov, onnx
from onnx import helper, numpy_helper
nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "b"], ["s"])]
nodes += [helper.make_node("Tanh", ["s"], ["h"]), helper.make_node("Gemm", ["h", "v", "c"], ["y"], transB=1)]
stored = [numpy_helper.from_array(one, name) for one, name in ((W.T.copy(), "w"), (b, "b"), (V, "v"), (c, "c"))]
ends = [[helper.make_tensor_value_info(name, 1, [4, n])] for name, n in (("x", 2), ("y", 1))]
onnx.save(helper.make_model(helper.make_graph(nodes, "g", *ends, stored), ir_version=8), "source.onnx")
model = ov.convert_model("source.onnx")
given = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(rows)[0].tolist()
ov.save_model(model, "net.xml")
""",
        "net.xml",
    ),
    "core-ml-package": Made(
        ("coremltools==9.0",),
        f'{_TO_CORE_ML}ct.convert(net, convert_to="mlprogram").save("net.mlpackage")',
        "net.mlpackage",
    ),
    "core-ml": Made(
        ("coremltools==9.0",),
        f'{_TO_CORE_ML}ct.convert(net, convert_to="neuralnetwork").save("net.mlmodel")',
        "net.mlmodel",
    ),
    "tflite": Made(
        ("tensorflow-cpu==2.21.0", "tf2onnx==1.17.0"),
        f'{_FROM_KERAS}open("FILE", "wb").write(tf.lite.TFLiteConverter.from_keras_model(model).convert())',
    ),
    "saved-model": Made(
        ("tensorflow-cpu==2.21.0", "tf2onnx==1.17.0"), f'{_FROM_KERAS}model.export("FILE", verbose=False)'
    ),
    "nnef": Made(
        ("nnef==1.0.10", "nnef-tools==1.0.11", "onnx==1.23.2"),
        """
import nnef
from collections import OrderedDict as Ordered
name, given = nnef.Identifier, answers(rows)
stored = {"w": W, "b": b[None], "v": V, "c": c[None]}
shapes = {"x": [1, 2], "s": [1, 3], "h": [1, 3], "y": [1, 1]} | {key: [*one.shape] for key, one in stored.items()}
tensors = Ordered((key, nnef.Tensor(key, "scalar", shape, stored.get(key), {})) for key, shape in shapes.items())
nodes = [nnef.Operation("external", Ordered(shape=[1, 2]), Ordered(), Ordered(output=name("x")), "scalar")]
for key in stored:
    told = Ordered(shape=shapes[key], label=key)
    nodes.append(nnef.Operation("variable", told, Ordered(), Ordered(output=name(key)), "scalar"))
for at, weight, bias, to in (("x", "w", "b", "s"), ("h", "v", "c", "y")):
    read = Ordered(input=name(at), filter=name(weight), bias=name(bias))
    nodes.append(nnef.Operation("linear", Ordered(), read, Ordered(output=name(to)), None))
nodes.insert(-1, nnef.Operation("tanh", Ordered(), Ordered(x=name("s")), Ordered(y=name("h")), None))
nnef.save_graph(nnef.Graph("net", tensors, nodes, ["x"], ["y"]), "FILE")
""",
    ),
}
"""By the mark. Those of scikit-learn are run by ``tests/analysis/subjects/perceptron/test_marks.py``; a document of
PMML says to give the model itself, as these do.
"""


def lines_of(cure: str) -> tuple[list[str], list[str]]:
    """The lines of Python of a cure, and those of a shell but for what installs."""
    every = re.findall("`(.+?)`", cure)
    shell = [one for one in every if one.startswith("python -m")]
    return [one for one in every if one not in shell and not one.startswith("pip ")], shell


def held(mark: Mark, folder: Path) -> float:
    """How far what comes of a cure is from what the package answers."""
    made, place = MADE[mark.key], folder / mark.key
    python = place / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *made.needs], check=True)
    work = place / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    keep = 'json.dump(np.asarray(given).tolist(), open("answers.json", "w"))'
    run = {"cwd": work, "check": True, "env": {**os.environ, "PYTHONPATH": ""}}
    subprocess.run([python, "-c", "\n".join((_NUMBERS, made.program, keep))], **run)  # type: ignore[call-overload]
    said = ""
    try:
        read_any(network_bytes(work / made.file))
    except InvalidNetwork as problem:
        said = problem.cure
    assert said == mark.cure, f"{mark.key}: {said or 'it was read'}"
    lines, shell = lines_of(mark.cure.replace("FILE", made.file))
    subprocess.run([python, "-c", "\n".join(lines)], **run)  # type: ignore[call-overload]
    for one in shell:
        subprocess.run([python, *one.split()[1:]], **run)  # type: ignore[call-overload]
    (written,) = (work / name for name in _WRITTEN if (work / name).exists())
    declared = (
        Declaration() if written.suffix == ".onnx" else Declaration(activation="tanh", output_activation="linear")
    )
    network = read_any(written.read_bytes(), declared=declared).network
    found, given = forward(network, input_table(2)), np.array(json.loads((work / "answers.json").read_text()))
    if made.classes:
        found = 1 / (1 + np.exp(-np.diff(found)))
    return float(np.abs(found - given.reshape(found.shape)).max())


def main() -> None:
    """Print how far each is, and fail if one is too far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the environments are made")
    parser.add_argument("keys", nargs="*", choices=[*MADE, []])
    arguments = parser.parse_args()
    far = {mark.key: held(mark, arguments.folder) for mark in MARKS if mark.key in (arguments.keys or MADE)}
    for key, difference in far.items():
        print(f"{key:<20}{difference:.1e}   {', '.join(MADE[key].needs)}")
    if max(far.values()) > _CLOSE:
        sys.exit("what is read answers otherwise than the package")


if __name__ == "__main__":
    main()
