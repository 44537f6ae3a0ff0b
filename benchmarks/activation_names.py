"""``python -m benchmarks.activation_names [LIBRARY…]``: what libraries mean by names of activations, by running them.

Each library is installed by itself, its activations are asked for values with no parameter beside the name, and the
function that gives these values is found. A row that differs from
:data:`~pluriscope.analysis.network_files.formats.activation_names.NAMES` is printed with both; exit status 1 if any
does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.formats.activation_names import NAMES, meanings
from pluriscope.analysis.subjects.perceptron.activations import PROBES, known_by_values

POINTS: Final = (-4.0, -2.5, -1.0, -0.3, 0.2, 0.7, 1.5, 3.0, 5.5, 7.5)
_ENDING: Final = """
import json, sys
found = {}
for name, one in sorted(named.items()):
    try:
        found[name] = [[float(v) for v in one(points)] for points in json.loads(sys.argv[1])]
    except Exception:
        pass  # no function of one number
print("VALUES", json.dumps([version, found]))
"""
_MODULES: Final = """
def functions(*modules):
    return {n: getattr(m, n) for m in modules for n in dir(m) if not n.startswith("_") and callable(getattr(m, n))}
"""
LIBRARIES: Final = {
    "torch": (
        ["torch==2.13.0", "numpy==2.4.6"],
        "import torch; version = torch.__version__\n"
        "named = {n: (lambda p, c=c: c()(torch.tensor(p, dtype=torch.float64)).tolist())"
        " for n, c in functions(torch.nn).items() if isinstance(c, type)}\n"
        "named |= {n: (lambda p, f=f: f(torch.tensor(p, dtype=torch.float64)).tolist())"
        " for n, f in functions(torch.nn.functional).items() if not isinstance(f, type)}",
    ),
    "transformers": (
        ["transformers==5.2.0", "torch==2.13.0", "numpy==2.4.6"],
        "import torch, transformers; from transformers.activations import ACT2FN; version = transformers.__version__\n"
        "named = {n: (lambda p, n=n: ACT2FN[n](torch.tensor(p, dtype=torch.float64)).tolist()) for n in ACT2FN}",
    ),
    "keras": (
        ["keras==3.15.1", "jax==0.8.1", "numpy==2.4.6"],
        "import os; os.environ['KERAS_BACKEND'] = 'jax'\nimport keras, numpy as np; version = keras.__version__\n"
        "keras.config.set_floatx('float64')\n"
        "named = {n: (lambda p, f=f: np.asarray(f(np.array(p))).tolist()) for n, f in"
        " functions(keras.activations).items()}\n"
        "named |= {'LeakyReLU': lambda p: np.asarray(keras.layers.LeakyReLU()(np.array(p))).tolist()}",
    ),
    "jax": (
        ["jax==0.8.1", "numpy==2.4.6"],
        "import jax; jax.config.update('jax_enable_x64', True); version = jax.__version__\n"
        "import jax.numpy as jnp\n"
        "named = {n: (lambda p, f=f: f(jnp.array(p)).tolist()) for n, f in functions(jax.nn).items()}\n"
        "named |= {'tanh': lambda p: jnp.tanh(jnp.array(p)).tolist()}",
    ),
    "scikit-learn": (
        ["scikit-learn==1.9.1", "numpy==2.4.6"],
        "import sklearn, numpy as np; from sklearn.neural_network._base import ACTIVATIONS\n"
        "version = sklearn.__version__\n"
        "def run(f, p):\n    x = np.array([p]); f(x); return x[0].tolist()\n"
        "named = {n: (lambda p, f=f: run(f, p)) for n, f in ACTIVATIONS.items()}",
    ),
    "paddle": (
        ["paddlepaddle==3.3.1", "numpy==2.4.6"],
        "import paddle; version = paddle.__version__\n"
        "named = {n: (lambda p, f=f: f(paddle.to_tensor(p, dtype='float64')).tolist()) for n, f in"
        " functions(paddle.nn.functional).items()}\n"
        "named |= {n: (lambda p, c=c: c()(paddle.to_tensor(p, dtype='float64')).tolist()) for n, c in"
        " functions(paddle.nn).items() if isinstance(c, type)}",
    ),
    "mlx": (
        ["mlx[cpu]==0.32.4"],
        "import mlx.core as mx, mlx.nn as nn; from importlib.metadata import version as v; version = v('mlx')\n"
        "mx.set_default_device(mx.cpu)\n"
        "named = {n: (lambda p, f=f: (f() if isinstance(f, type) else f)(mx.array(p)).tolist())"
        " for n, f in functions(nn).items()}",
    ),
    "tinygrad": (
        ["tinygrad==0.12.0", "numpy==2.4.6"],
        "from tinygrad import Tensor; from importlib.metadata import version as v; version = v('tinygrad')\n"
        "named = {n: (lambda p, n=n: getattr(Tensor(p), n)().tolist()) for n in dir(Tensor) if not n.startswith('_')"
        " and n in 'relu tanh sigmoid elu softplus silu swish relu6 leaky_relu hardtanh gelu quick_gelu celu mish selu "
        "softsign hardsigmoid hardswish'.split()}",
    ),
}
"""Requirements, and code that gives a version and functions from a list of numbers to values by their names."""


def asked(library: str) -> tuple[str, dict[str, list[list[float]]]]:
    """The version of a library, and the values of its activations at :data:`POINTS` and at the probes, by name."""
    requirements, code = LIBRARIES[library]
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements], check=True)
        program = _MODULES + code + _ENDING
        given = json.dumps([POINTS, PROBES])
        ran = subprocess.run(
            [python, "-W", "ignore", "-c", program, given], check=True, stdout=subprocess.PIPE, text=True
        )
    version, found = json.loads(next(line for line in ran.stdout.splitlines() if line.startswith("VALUES"))[7:])
    return version, found


def named_by(values: list[list[float]]) -> str:
    """The activation that has such values, as it is written here; "" for none."""
    at_points, at_probes = map(np.array, values)
    if np.allclose(at_points, POINTS):
        return "linear"
    with np.errstate(all="ignore"):
        known = known_by_values(np.array(POINTS), at_points, at_probes, 6, 1e-6)
    return known.text if known else ""


def main(libraries: list[str]) -> int:
    """Print every name with its function, and count those that the table has otherwise."""
    n_other = 0
    for library in libraries or [*LIBRARIES]:
        version, found = asked(library)
        print(f"{library} {version}")
        for name, values in found.items():
            seen = named_by(values)
            try:
                here = meanings(name, library)
            except InvalidNetwork:
                here = ()
            other = bool(here) and here not in ((seen,), ("softmax",))
            n_other += other
            if here:
                print(f"  {name}: {seen or 'none here'}{f', the table has {here}' if other else ''}")
    print(f"{len(NAMES)} libraries in the table; {n_other} names differ")
    return int(n_other > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
