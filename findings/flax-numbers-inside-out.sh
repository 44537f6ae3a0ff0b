#!/bin/sh
# Flax linen numbers layers as they are constructed. Written as a nested call, the last layer is constructed
# first: Dense_0 reads the hidden neurons and Dense_1 the inputs.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 flax==0.12.8
cd "$folder"
JAX_PLATFORMS=cpu venv/bin/python - <<'PY'
import flax
import flax.linen as nn
import jax


class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(nn.tanh(nn.Dense(3)(x)))


parameters = Nested().init(jax.random.key(0), jax.numpy.ones((1, 2)))["params"]
shapes = {name: layer["kernel"].shape for name, layer in parameters.items()}
print("flax", flax.__version__, "jax", jax.__version__)
print("kernels of a network of 2 inputs, 3 hidden neurons and 1 output:", shapes)
assert shapes == {"Dense_0": (3, 1), "Dense_1": (2, 3)}
PY
