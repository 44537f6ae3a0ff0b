#!/bin/sh
# MLX writes null for __metadata__ where safetensors asks for an object of texts. The reader of safetensors
# takes it as no metadata; a reader that follows the format's own description has to refuse every file of MLX.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "mlx[cpu]==0.32.4" safetensors==0.8.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import json
from importlib.metadata import version

import mlx.nn as nn
from safetensors import safe_open

nn.Linear(2, 1).save_weights("weights.safetensors")
with open("weights.safetensors", "rb") as file:
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
with safe_open("weights.safetensors", "numpy") as opened:
    names, metadata = sorted(opened.keys()), opened.metadata()
print("mlx", version("mlx"), "safetensors", version("safetensors"))
print("header of MLX:", {"__metadata__": header["__metadata__"]}, "; safetensors reads", names, "with metadata", metadata)
assert "__metadata__" in header and header["__metadata__"] is None
assert names == ["bias", "weight"] and metadata is None
PY
