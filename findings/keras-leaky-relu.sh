#!/bin/sh
# Keras has two leaky ReLUs: the activation by name has slope .2, the layer without arguments .3.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q keras==3.15.1 jax==0.10.2
cd "$folder"
KERAS_BACKEND=jax JAX_PLATFORMS=cpu venv/bin/python - <<'PY'
import keras
import numpy as np

x = np.array([[-1.0]], dtype="float32")
by_name = float(keras.layers.Activation("leaky_relu")(x)[0, 0])
by_layer = float(keras.layers.LeakyReLU()(x)[0, 0])
config = keras.layers.Dense(1, activation="leaky_relu").get_config()
print("keras", keras.__version__)
print("of -1: Activation('leaky_relu') gives", by_name, "and LeakyReLU()", by_layer)
print("a saved Dense says only", repr(config["activation"]))
assert abs(by_name + 0.2) < 1e-6 and abs(by_layer + 0.3) < 1e-6 and config["activation"] == "leaky_relu"
PY
