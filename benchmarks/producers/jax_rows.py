"""JAX: flax, haiku, equinox, optax and orbax."""

import json
import pickle

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import safetensors.flax
from flax import linen, nnx, serialization
from flax.training import train_state
from made import INPUTS, LOGIT, LOGITS, Row, produce

X = jnp.asarray(INPUTS)


class Linen(linen.Module):
    widths: tuple
    norm: object = None

    @linen.compact
    def __call__(self, x):
        x = jnp.tanh(linen.Dense(self.widths[0])(x))
        x = x if self.norm is None else linen.BatchNorm(True, use_scale=self.norm, use_bias=self.norm)(x)
        return linen.Dense(self.widths[1])(x)


class Nnx(nnx.Module):
    def __init__(self, made):
        self.up, self.down = (nnx.Linear(*w.T.shape, rngs=nnx.Rngs(0)) for w in (made[0], made[2]))
        for mine, w, b in ((self.up, *made[:2]), (self.down, *made[2:])):
            mine.kernel[...], mine.bias[...] = jnp.asarray(w.T), jnp.asarray(b)

    def __call__(self, x):
        return self.down(jnp.tanh(self.up(x)))


def named(made, names=("Dense_0", "Dense_1"), roles=("kernel", "bias")):
    arrays = [jnp.asarray(one.T) for one in made]
    return {name: dict(zip(roles, arrays[k : k + 2], strict=True)) for name, k in zip(names, (0, 2), strict=True)}


def widths(made):
    return len(made[1]), len(made[3])


def by_linen(write):
    def make(path, made):
        write(path, named(made), net := Linen(widths(made)))
        return net.apply({"params": named(made)}, X)

    return make


def trained(path, params, net):
    state = train_state.TrainState.create(apply_fn=net.apply, params=params, tx=optax.adam(0.1))
    path.write_bytes(serialization.to_bytes(state))


def flat(path, params, net):
    one = {f"{name}.{role}": one for name, layer in params.items() for role, one in layer.items()}
    safetensors.flax.save_file(one, path)


def orbax(path, params, net=None):
    with ocp.StandardCheckpointer() as keep:
        keep.save(path.absolute(), params, force=True)


def normed(affine):
    def make(path, made):
        n, params = len(made[1]), named(made)
        if affine:
            params["BatchNorm_0"] = {"scale": jnp.linspace(0.5, 1.25, n), "bias": jnp.linspace(-1, 1, n)}
        stats = {"BatchNorm_0": {"mean": jnp.linspace(-0.25, 0.5, n), "var": jnp.linspace(0.25, 1.5, n)}}
        path.write_bytes(serialization.to_bytes(variables := {"params": params, "batch_stats": stats}))
        return Linen(widths(made), affine).apply(variables, X)

    return make


def by_nnx(write):
    def make(path, made):
        write(path, nnx.state(net := Nnx(made)))
        return net(X)

    return make


def pure(path, state):
    path.write_bytes(serialization.msgpack_serialize(jax.tree.map(np.asarray, nnx.to_pure_dict(state))))


def haiku(write):
    def make(path, made):
        net = hk.without_apply_rng(hk.transform(lambda x: hk.nets.MLP(widths(made), activation=jnp.tanh)(x)))
        params = named(made, ("mlp/~/linear_0", "mlp/~/linear_1"), "wb")
        write(path, jax.tree.map(np.asarray, params))
        return net.apply(params, X)

    return make


def npz(path, params):
    np.savez(path, **{f"{name}/{role}": one for name, layer in params.items() for role, one in layer.items()})


def equinox(name="", activation=jnp.tanh, norm=False):
    def make(path, made):
        net = eqx.nn.MLP(2, len(made[3]), len(made[1]), 1, activation, key=jax.random.key(0))
        net = eqx.tree_at(lambda net: [p for one in net.layers for p in (one.weight, one.bias)], net, list(made))
        net = jax.tree.map(lambda one: jnp.asarray(one) if eqx.is_array_like(one) else one, net)
        if norm:
            net = eqx.tree_at(lambda net: net.layers[0], net, eqx.nn.WeightNorm(net.layers[0]))
            net = eqx.tree_at(lambda net: net.layers[0].g, net, 1.5 * net.layers[0].g)
        with path.open("wb") as file:
            if name:
                file.write((json.dumps({"activation": name, "output_activation": "linear"}) + "\n").encode())
            eqx.tree_serialise_leaves(file, net)
        return jax.vmap(net)(X)

    return make


def numbers(path, made):
    np.savez(path, W1=made[0].T, b1=made[1], W2=made[2].T, b2=made[3])
    return jnp.tanh(X @ made[0].T + made[1]) @ made[2].T + made[3]


def exported(path, params, net):
    run = jax.jit(lambda x: net.apply({"params": params}, x))
    path.write_bytes(jax.export.export(run)(jax.ShapeDtypeStruct((4, 2), jnp.float32)).serialize())


PARAMS = by_linen(lambda path, params, net: path.write_bytes(serialization.to_bytes({"params": params})))
ORBAX = {"named": "Orbax"}
JAX = {
    "linen": Row("flax", "linen, msgpack", "net.msgpack", PARAMS, LOGITS, networks=3),
    "linen-norm": Row("flax", "`BatchNorm`", "net.msgpack", normed(affine=True), LOGITS, named="batch norm"),
    "linen-stats": Row("flax", "without parameters", "net.msgpack", normed(affine=False), LOGITS, named="batch norm"),
    "linen-state": Row("flax", "`TrainState` of optax", "net.msgpack", by_linen(trained), LOGITS),
    "nnx": Row("flax", "nnx, msgpack", "net.msgpack", by_nnx(pure), LOGITS, {"layers": "up, down"}),
    "flax-safetensors": Row("flax", "safetensors", "net.safetensors", by_linen(flat), LOGITS),
    "nnx-orbax": Row("orbax-checkpoint", "nnx", "checkpoint", by_nnx(orbax), LOGITS, {"layers": "up, down"}, **ORBAX),
    "linen-orbax": Row("orbax-checkpoint", "linen", "checkpoint", by_linen(orbax), LOGITS, **ORBAX),
    "haiku": Row("dm-haiku", "pickle", "net.pkl", haiku(lambda p, one: p.write_bytes(pickle.dumps(one))), LOGITS),
    "haiku-npz": Row("dm-haiku", "npz", "net.npz", haiku(npz), LOGITS),
    "equinox": Row("equinox", "leaves", "net.eqx", equinox(), LOGITS),
    "equinox-gelu": Row("equinox", "`gelu` in a header", "net.eqx", equinox("gelu", jax.nn.gelu), LOGIT),
    "equinox-leaky": Row("equinox", "`leaky_relu`", "net.eqx", equinox("leaky_relu", jax.nn.leaky_relu), LOGIT),
    "equinox-norm": Row("equinox", "`WeightNorm`", "net.eqx", equinox(norm=True), LOGITS, named="norm"),
    "jax-npz": Row("jax", "`W1`, `b1` …, npz", "net.npz", numbers, LOGITS, {"layers": "1.T, 2.T"}, networks=3),
    "jax-export": Row(
        "jax", "`jax.export`", "net.stablehlo", by_linen(exported), LOGITS, named="no format that is known"
    ),
}

if __name__ == "__main__":
    produce(JAX)
