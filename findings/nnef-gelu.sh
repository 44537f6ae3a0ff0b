#!/bin/sh
# NNEF's gelu is x sigmoid(1.702 x), known elsewhere as quick GELU, in whose place exporters write the exact
# one or the tanh form by the same name: .845796 of 1 in place of .841345 or .841192.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q nnef==1.0.10 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version
from math import erf, exp, sqrt

import nnef

text = "version 1.0; graph one(x) -> (y) { x = external(shape = [1, 2]); y = gelu(x); }"
graph = nnef.parse_string(text, lowered=["gelu"])
steps = [(one.name, [*one.inputs.values()]) for one in graph.operations if one.name != "external"]
factor = next(value for name, (value, *_) in steps if name == "mul" and isinstance(value, float))
print("nnef", version("nnef"))
print("gelu is", steps)
print(f"of 1: {1 / (1 + exp(-factor)):.6f}, exactly {0.5 * (1 + erf(1 / sqrt(2))):.6f}")
assert [name for name, _ in steps] == ["mul", "sigmoid", "mul"] and abs(factor - 1.702) < 1e-6
PY
