#!/bin/sh
# The order of layers in a flax file depends on whether parameters went through jax.tree.map, as in any
# training step: before, layers stand in order of use, behind it Dense_10 follows Dense_1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 flax==0.12.8 msgpack==1.2.4
cd "$folder"
JAX_PLATFORMS=cpu venv/bin/python - <<'PY'
import flax
import flax.linen as nn
import jax
import msgpack


class Deep(nn.Module):
    @nn.compact
    def __call__(self, x):
        for _ in range(11):
            x = nn.tanh(nn.Dense(2)(x))
        return x


def names_in_file(parameters):
    return list(msgpack.unpackb(flax.serialization.to_bytes(parameters), strict_map_key=False))


fresh = Deep().init(jax.random.key(0), jax.numpy.ones((1, 2)))["params"]
stepped = jax.tree.map(lambda weights: 0.9 * weights, fresh)
print("flax", flax.__version__, "jax", jax.__version__)
print("fresh:       ", names_in_file(fresh))
print("after a step:", names_in_file(stepped))
assert names_in_file(fresh) == [f"Dense_{at}" for at in range(11)]
assert names_in_file(stepped)[:3] == ["Dense_0", "Dense_1", "Dense_10"]
PY
