#!/bin/sh
# Keras on NumPy alone does not start: its backend "numpy" imports JAX.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 scipy==1.17.1
cd "$folder"
KERAS_BACKEND=numpy venv/bin/python - <<'PY'
from importlib.metadata import version

try:
    import keras

    said = f"Keras started on {keras.backend.backend()}"
except ModuleNotFoundError as error:
    said = str(error)
print("keras", version("keras"), "with KERAS_BACKEND=numpy:", said)
assert said == "No module named 'jax'"
PY
