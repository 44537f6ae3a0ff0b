#!/bin/sh
# The leaves of an equinox network hold the share that Dropout drops, and no epsilon of LayerNorm: of two
# constants beside each other reading a file replaces one and leaves the other.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 equinox==0.13.8
cd "$folder"
JAX_PLATFORMS=cpu venv/bin/python - <<'PY'
import io

import equinox
import jax

written = equinox.nn.Sequential([equinox.nn.Dropout(0.5), equinox.nn.LayerNorm(2, eps=0.1)])
asked = equinox.nn.Sequential([equinox.nn.Dropout(0.25), equinox.nn.LayerNorm(2, eps=0.001)])
file = io.BytesIO()
equinox.tree_serialise_leaves(file, written)
file.seek(0)
read = equinox.tree_deserialise_leaves(file, asked)
print("equinox", equinox.__version__, "jax", jax.__version__)
print("written: Dropout(0.5), eps=0.1; read into Dropout(0.25), eps=0.001: Dropout", read[0].p, "eps", read[1].eps)
assert (read[0].p, read[1].eps) == (0.5, 0.001)
PY
