#!/bin/sh
# What holds layers changes on its way: orbax gives back a tuple as a list, flax a list as a dictionary with
# numbers as texts. The same network has another tree than before, and a pair (weight, bias) is no pair any
# more.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 flax==0.12.8 orbax-checkpoint==0.12.8
cd "$folder"
JAX_PLATFORMS=cpu venv/bin/python - <<'PY'
import os

import flax
import orbax.checkpoint
from jax import numpy as jnp

tree = {"layers": [(jnp.ones(2), jnp.zeros(1))]}
checkpointer = orbax.checkpoint.StandardCheckpointer()
checkpointer.save(os.path.abspath("one"), tree)
checkpointer.wait_until_finished()
of_orbax = checkpointer.restore(os.path.abspath("one"))["layers"]
of_flax = flax.serialization.msgpack_restore(flax.serialization.to_bytes(tree))["layers"]
print("orbax-checkpoint", orbax.checkpoint.__version__, "flax", flax.__version__)
print("saved: a list of tuples; orbax:", type(of_orbax).__name__, "of", type(of_orbax[0]).__name__)
print("flax:", type(of_flax).__name__, "of", type(of_flax["0"]).__name__, "with keys", list(of_flax), list(of_flax["0"]))
assert type(of_orbax) is list and type(of_orbax[0]) is list
assert type(of_flax) is dict and list(of_flax["0"]) == ["0", "1"]
PY
