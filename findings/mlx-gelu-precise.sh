#!/bin/sh
# In MLX the GELU called "precise" is the tanh approximation. The exact one is called "none".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "mlx[cpu]==0.32.4"
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version
from math import erf, pi, sqrt, tanh

import mlx.core as core
import mlx.nn as nn

exact = 0.5 * (1 + erf(1 / sqrt(2)))
approximate = 0.5 * (1 + tanh(sqrt(2 / pi) * 1.044715))
found = {name: nn.GELU(approx=name)(core.array([1.0])).item() for name in ("none", "precise", "tanh", "fast")}
print("mlx", version("mlx"))
print(f"of 1: exact {exact:.6f}, tanh form {approximate:.6f}; MLX {found}")
assert abs(found["none"] - exact) < 1e-5 and abs(found["precise"] - approximate) < 1e-5
assert found["precise"] == found["tanh"] and abs(exact - approximate) > 1e-4
PY
