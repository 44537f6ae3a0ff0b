#!/bin/sh
# An LSTM of haiku adds 1 to its forget gate on every run, which no parameter shows. With all weights 0 its
# cell keeps sigmoid(1) = .731 of itself, where one of equinox keeps .5: weights do not carry over.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 dm-haiku==0.0.17 equinox==0.13.8
cd "$folder"
JAX_PLATFORMS=cpu venv/bin/python - <<'PY'
import equinox
import haiku
import jax
from jax import numpy as jnp

x = jnp.ones((1, 1))


def step(value):
    return haiku.LSTM(1)(value, haiku.LSTMState(jnp.zeros((1, 1)), jnp.ones((1, 1))))[1].cell


one = haiku.without_apply_rng(haiku.transform(step))
weights = jax.tree.map(jnp.zeros_like, one.init(jax.random.key(0), x))
kept = float(one.apply(weights, x)[0, 0])
other = jax.tree.map(jnp.zeros_like, equinox.filter(equinox.nn.LSTMCell(1, 1, key=jax.random.key(0)), equinox.is_array))
other = equinox.combine(other, equinox.nn.LSTMCell(1, 1, key=jax.random.key(0)))
also = float(other(x[0], (jnp.zeros(1), jnp.ones(1)))[1][0])
print("haiku", haiku.__version__, "equinox", equinox.__version__, "jax", jax.__version__)
print(f"of a cell at 1, with all weights and biases 0, haiku keeps {kept:.4f} and equinox {also:.4f}")
assert abs(kept - 0.731059) < 1e-4 and abs(also - 0.5) < 1e-6
PY
