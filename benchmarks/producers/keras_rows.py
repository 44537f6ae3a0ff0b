"""Keras 3, TensorFlow and tf2onnx."""

import os

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

import keras
import numpy as np
import onnx
import safetensors.numpy
import tensorflow as tf
import tf2onnx
from keras import layers
from made import INPUTS, LOGIT, LOGITS, Row, produce


def by(write, activation="tanh", output="linear", scale=1, before=lambda n: [], between=lambda n: []):
    def make(path, made):
        n = len(made[1])
        first, last = layers.Dense(n, activation), layers.Dense(len(made[3]), output)
        net = keras.Sequential([keras.Input((2,)), *before(n), first, *between(n), last])
        first.set_weights([scale * made[0].T, scale * made[1]])
        last.set_weights([made[2].T / scale, made[3]])
        found = net.predict(INPUTS, verbose=0)
        write(net, path)
        return found

    return make


def saved(*arguments, **options):
    return by(lambda net, path: net.save(path), *arguments, **options)


def norm(affine):
    def make(n):
        one = layers.BatchNormalization(center=affine, scale=affine)
        one.build((None, n))
        own = [np.linspace(0.5, 1.25, n), np.linspace(-1, 1, n)] if affine else []
        one.set_weights([*own, np.linspace(-0.25, 0.5, n), np.linspace(0.25, 1.5, n)])
        return [one]

    return make


def normalization(n):
    one = layers.Normalization()
    one.adapt(INPUTS * 2 - np.array([0.25, 0.5]))
    return [one]


def functional(path, made):
    hidden = layers.LeakyReLU()(layers.Dense(len(made[1]))(begin := keras.Input((2,))))
    net = keras.Model(begin, layers.Activation("sigmoid")(layers.Dense(len(made[3]))(hidden)))
    net.set_weights([one.T for one in made])
    net.save(path)
    return net.predict(INPUTS, verbose=0)


def graph(net, path):
    function = tf.function(net, input_signature=[tf.TensorSpec((None, 2), tf.float32)])
    onnx.save(tf2onnx.convert.from_function(function, function.input_signature)[0], path)


def tensors(net, path):
    safetensors.numpy.save_file({one.path: one.numpy() for one in net.weights}, path)


def lite(net, path):
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(net).convert())


def row(how, make, given=LOGIT, file="net.keras", named="", package="keras"):
    return Row(package, how, file, make, given, named=named)


TF = {"package": "tensorflow-cpu"}
KERAS = {
    "leaky-text": row('`"leaky_relu"`', saved("leaky_relu")),
    "relu6": row('`"relu6"`', saved("relu6", scale=4)),
    **{name: row(f'`"{name}"`', saved(name)) for name in ("gelu", "silu", "elu", "softplus", "hard_tanh")},
    **{name: row(f'`"{name}"`', saved(name), named=name) for name in ("hard_sigmoid", "selu")},
    "sigmoid": row('`"sigmoid"` behind', saved(output="sigmoid"), {}),
    "functional": row("functional, `LeakyReLU()`", functional, {}),
    "batch-norm": row("`BatchNormalization`", saved(between=norm(affine=True))),
    "batch-norm-bare": row("without parameters", saved(between=norm(affine=False))),
    "normalization": row("`Normalization`", saved(before=normalization), named="Normalization"),
    "rescaling": row("`Rescaling`", saved(before=lambda n: [layers.Rescaling(2.0, -1.0)]), named="Rescaling"),
    "leaky-h5": row('`"leaky_relu"`, .h5', saved("leaky_relu"), LOGIT, "net.h5"),
    "relu6-h5": row('`"relu6"`, .h5', saved("relu6", scale=4), LOGIT, "net.h5"),
    "weights-h5": row(".weights.h5", by(lambda net, path: net.save_weights(path)), LOGITS, "net.weights.h5"),
    "to-json": row("`to_json`", by(lambda net, path: path.write_text(net.to_json())), LOGIT, "net.json", "Keras"),
    "npz": row("`get_weights`, npz", by(lambda net, path: np.savez(path, *net.get_weights())), LOGITS, "net.npz"),
    "keras-safetensors": row("safetensors by path", by(tensors), LOGITS, "net.safetensors"),
    "keras-onnx": row(
        "ONNX", by(lambda net, path: net.export(path, format="onnx", verbose=False)), LOGIT, "net.onnx"
    ),
    "saved-model": row(
        "SavedModel", by(lambda net, path: net.export(path, verbose=False)), LOGITS, "net", "SavedModel", **TF
    ),
    "lite": row("TFLite", by(lite), LOGITS, "net.tflite", "TFLite", **TF),
    "checkpoint": row(
        "checkpoint", by(lambda net, path: tf.train.Checkpoint(model=net).write(path.with_suffix(""))), LOGITS,
        "net.index", "TensorFlow", **TF,
    ),
    "tf2onnx": row("ONNX", by(graph), LOGIT, "net.onnx", package="tf2onnx"),
}  # fmt: skip

if __name__ == "__main__":
    produce(KERAS)
