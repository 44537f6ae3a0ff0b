#!/bin/sh
# The shape of a tensor that the gguf package reads is that of its array backwards: a matrix of 2 rows and 3
# columns is said to be [3, 2], while its data are (2, 3).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q gguf==0.19.0
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

import gguf
import numpy as np

writer = gguf.GGUFWriter("one.gguf", "mlp")
writer.add_tensor("weight", np.arange(6, dtype=np.float32).reshape(2, 3))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
(tensor,) = gguf.GGUFReader("one.gguf").tensors
print("gguf", version("gguf"))
print("written: (2, 3); tensor.shape:", tensor.shape.tolist(), "; tensor.data.shape:", tensor.data.shape)
assert tensor.shape.tolist() == [3, 2] and tensor.data.shape == (2, 3)
PY
