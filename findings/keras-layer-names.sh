#!/bin/sh
# Keras 3 writes weights under the classes of layers, counted, and never under the names they were given: a
# file of one network is taken by another whose layers are called otherwise, and the entries sort 10 before 2.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 jax==0.10.2 h5py==3.16.0
cd "$folder"
KERAS_BACKEND=jax JAX_PLATFORMS=cpu venv/bin/python - <<'PY'
import h5py
import keras
import numpy as np


def network(first):
    layers = [keras.layers.Dense(2, name=f"{first}{at}") for at in range(11)]
    return keras.Sequential([keras.Input((2,)), *layers])


one, other = network("inner"), network("renamed")
one.save_weights("one.weights.h5")
other.load_weights("one.weights.h5")
with h5py.File("one.weights.h5") as file:
    names = list(file["layers"])
print("keras", keras.__version__, "h5py", h5py.__version__)
print("layers inner0 to inner10 are in the file as", names)
same = all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights()))
print("a network with layers renamed0 to renamed10 takes them:", same)
assert same and names[:4] == ["dense", "dense_1", "dense_10", "dense_2"] and not any("inner" in name for name in names)
PY
