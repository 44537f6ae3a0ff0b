"""Packages with a few ways to save each; a function imports its own, in the environment whose name stands in ROWS."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from made import INPUTS, LOGIT, LOGITS, Row, produce

NAMES = ("0.weight", "0.bias", "2.weight", "2.bias")
PLACE = Path(sys.prefix)


def put(layers, made):
    import torch

    for mine, given in zip((one for layer in layers for one in (layer.weight, layer.bias)), made, strict=True):
        mine.data = torch.tensor(given)


def torch_by(write, change=lambda net: None):
    def make(path, made):
        import torch
        from torch import nn

        net = nn.Sequential(nn.Linear(2, len(made[1])), nn.Tanh(), nn.Linear(len(made[1]), len(made[3]))).eval()
        put((net[0], net[2]), made)
        change(net)
        write(net, path)
        return net(torch.tensor(INPUTS)).detach()

    return make


def state(net, path):
    import torch

    torch.save(net.state_dict(), path)


def torchao(net):
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    quantize_(net, Int8WeightOnlyConfig())


def quanto(net):
    from optimum import quanto

    quanto.quantize(net, weights=quanto.qint8)
    quanto.freeze(net)


def brevitas(path, made):
    import torch
    from brevitas import nn

    first, last = (nn.QuantLinear(*w.T.shape, bias=True, weight_bit_width=2) for w in (made[0], made[2]))
    net = torch.nn.Sequential(first, nn.QuantReLU(bit_width=2), last)
    net.train()(torch.tensor(INPUTS))
    put((first, last), made)
    state(net.eval(), path)
    return net(torch.tensor(INPUTS)).detach()


def coreml(to):
    def write(net, path):
        import coremltools as ct
        import torch

        traced = torch.jit.trace(net, torch.tensor(INPUTS))
        ct.convert(traced, inputs=[ct.TensorType(shape=(4, 2))], convert_to=to).save(str(path))

    return torch_by(write)


def executorch(net, path):
    import torch
    from executorch.exir import to_edge

    path.write_bytes(to_edge(torch.export.export(net, (torch.tensor(INPUTS),))).to_executorch().buffer)


def baselines(kind, write):
    def make(path, made):
        import gymnasium
        import stable_baselines3
        import torch

        class Bits(gymnasium.Env):
            observation_space, action_space = gymnasium.spaces.MultiBinary(2), gymnasium.spaces.Discrete(2)

        shape = {"net_arch": [len(made[1])]}
        model = getattr(stable_baselines3, kind)("MlpPolicy", Bits(), policy_kwargs=shape, device="cpu")
        two = made if len(made[3]) > 1 else (*made[:2], np.concatenate([-made[2], made[2]]), np.repeat(made[3], 2))
        policy = model.policy
        layers = policy.q_net.q_net if kind == "DQN" else [*policy.mlp_extractor.policy_net, policy.action_net]
        put((layers[0], layers[2]), two)
        write(model, path)
        return torch.nn.Sequential(*layers)(torch.tensor(INPUTS)).detach()

    return make


def policy(model, path):
    state(model.policy, path)


def fastai(write):
    def make(path, made):
        import pandas as pd
        import torch
        from fastai.tabular.all import TabularDataLoaders, tabular_learner

        y = [f"y{n}" for n in range(len(made[3]))]
        frame = pd.DataFrame(INPUTS, columns=["a", "b"]).assign(**dict.fromkeys(y, 1.0))
        data = TabularDataLoaders.from_df(frame, procs=[], valid_idx=[0], bs=4, cont_names=["a", "b"], y_names=y)
        config = {"use_bn": False, "bn_final": False, "bn_cont": False}
        learn = tabular_learner(data, layers=[len(made[1])], n_out=len(y), config=config)
        put([one for one in learn.model.modules() if isinstance(one, torch.nn.Linear)], made)
        learn.path = path.parent
        write(learn, path)
        return learn.model.eval()(torch.zeros(4, 0, dtype=torch.long), torch.tensor(INPUTS)).detach()

    return make


def fastai_weights(learn, path):
    learn.save(path.stem).rename(path)


def paddle(write):
    def make(path, made):
        import paddle
        from paddle import nn

        net = nn.Sequential(nn.Linear(2, len(made[1])), nn.Tanh(), nn.Linear(len(made[1]), len(made[3])))
        net.set_state_dict(dict(zip(NAMES, (one.T for one in made), strict=True)))
        write(paddle, net.eval(), path)
        return net(paddle.to_tensor(INPUTS)).numpy()

    return make


def paddle_jit(paddle, net, path):
    paddle.jit.save(net, str(path.with_suffix("")), [paddle.static.InputSpec([None, 2], "float32")])


def mlx(path, made):
    import mlx.core as mx
    from mlx import nn

    net = nn.Sequential(nn.Linear(2, len(made[1])), nn.Tanh(), nn.Linear(len(made[1]), len(made[3])))
    net.load_weights([(f"layers.{name}", mx.array(one)) for name, one in zip(NAMES, made, strict=True)])
    net.save_weights(str(path))
    return np.array(net(mx.array(INPUTS)))


def tinygrad(path, made):
    from tinygrad import Tensor, nn

    l1, l2 = nn.Linear(2, len(made[1])), nn.Linear(len(made[1]), len(made[3]))
    (l1.weight, l1.bias), (l2.weight, l2.bias) = map(Tensor, made[:2]), map(Tensor, made[2:])
    nn.state.safe_save(nn.state.get_state_dict({"l1": l1, "l2": l2}), str(path))
    return l2(l1(Tensor(INPUTS)).tanh()).numpy()


def openvino(path, made):
    import openvino as ov

    ops, x = ov.opset8, ov.opset8.parameter([-1, 2], np.float32)
    hidden = ops.tanh(ops.add(ops.matmul(x, made[0], False, True), made[1]))
    net = ov.Model([ops.add(ops.matmul(hidden, made[2], False, True), made[3])], [x])
    ov.save_model(net, path, compress_to_fp16=False)
    return ov.compile_model(net, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(INPUTS)[0]


def thinc(path, made):
    from thinc.api import Linear, Relu, chain

    net = chain(Relu(len(made[1]), 2), Linear(len(made[3]), len(made[1])))
    net.initialize()
    for layer, w, b in ((net.layers[0], *made[:2]), (net.layers[1], *made[2:])):
        layer.set_param("W", w)
        layer.set_param("b", b)
    net.to_disk(path)
    return np.asarray(net.predict(INPUTS))


def numbers(write):
    def make(path, made):
        write(path, dict(zip(NAMES, made, strict=True)))
        return np.tanh(INPUTS @ made[0].T + made[1]) @ made[2].T + made[3]

    return make


def gguf(path, arrays):
    import gguf

    writer = gguf.GGUFWriter(path, "mlp")
    for name, one in arrays.items():
        writer.add_tensor(name, one)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def matlab(path, arrays):
    from scipy.io import savemat

    savemat(path, {name.replace("0.", "first_").replace("2.", "last_"): one for name, one in arrays.items()})


def hdf5(path, arrays):
    import h5py

    with h5py.File(path, "w") as file:
        for name, one in arrays.items():
            file[name.replace(".", "/")] = one


def nnet(means, ranges):
    """As its readers define it: no package writes it."""

    def make(path, made):
        sizes = (2, len(made[1]), len(made[3]))
        head = [(2, 2, sizes[-1], max(sizes)), sizes, (0,), (0, 0), (1, 1), means, ranges]
        rows = [*head, *made[0], *made[1][:, None], *made[2], *made[3][:, None]]
        lines = [",".join(f"{one:.7g}" for one in row) + "," for row in rows]
        path.write_text("\n".join(["// Neural Network File Format by Kyle Julian, Stanford 2016", *lines, ""]))
        seen = (INPUTS - means[:2]) / ranges[:2]
        return (np.maximum(seen @ made[0].T + made[1], 0) @ made[2].T + made[3]) * ranges[2] + means[2]

    return make


BRAIN = """const brain = require("brain.js"), hiddenLayers = [made[1].length];
const net = new brain.NeuralNetwork({hiddenLayers, activation});
net.sizes = [2, made[1].length, made[3].length];
net.initialize();
for (const layer of [1, 2]) { net.weights[layer] = made[2 * layer - 2]; net.biases[layer] = made[2 * layer - 1]; }
fs.writeFileSync(path, JSON.stringify(net.toJSON()));
console.log("ANSWERS" + JSON.stringify(rows.map(row => Array.from(net.run(row)))));"""
TFJS = """const tf = require("@tensorflow/tfjs"), turned = w => tf.transpose(tf.tensor(w));
const first = tf.layers.dense({units: made[1].length, activation, inputShape: [2]});
const net = tf.sequential({layers: [first, tf.layers.dense({units: made[3].length, activation: "sigmoid"})]});
net.setWeights([turned(made[0]), tf.tensor(made[1]), turned(made[2]), tf.tensor(made[3])]);
net.save(tf.io.withSaveHandler(async ({weightData, weightSpecs, ...rest}) => {
  fs.writeFileSync(path.replace(".json", ".weights.bin"), Buffer.from(weightData));
  const weightsManifest = [{paths: ["./net.weights.bin"], weights: weightSpecs}];
  fs.writeFileSync(path, JSON.stringify({...rest, weightsManifest}));
  return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: "JSON"}};
})).then(() => console.log("ANSWERS" + JSON.stringify(net.predict(tf.tensor(rows)).arraySync())));"""


def by_node(program, activation):
    def make(path, made):
        given = {"made": [one.tolist() for one in made], "rows": INPUTS.tolist(), "path": str(path)}
        head = [f"const {name} = {json.dumps(one)};" for name, one in {**given, "activation": activation}.items()]
        program_ = "\n".join(['const fs = require("fs");', *head, program])
        done = subprocess.run(["node", "-e", program_], cwd=PLACE, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.rpartition("ANSWERS")[2])

    return make


def version_of(name):
    ours = PLACE / "node_modules" / name / "package.json"
    return json.loads(ours.read_text())["version"] if ours.exists() else version(name)


SB3, CLASSES = "stable-baselines3", LOGITS | {"output_is": "classes"}
PI = {"part": "mlp_extractor.policy_net, action_net"}
QUANTISED, RELU = {"given": LOGITS, "named": "quanti"}, LOGITS | {"activation": "relu"}
ROWS = {
    "paddle": {
        "paddle": Row("paddlepaddle", "`paddle.save`", "net.pdparams",
                      paddle(lambda paddle, net, path: paddle.save(net.state_dict(), str(path))), LOGITS, networks=3),
        "paddle-jit": Row("paddlepaddle", "`jit.save`", "net.json", paddle(paddle_jit), LOGITS, named="Paddle"),
    },
    "mlx": {
        "mlx": Row("mlx", "`save_weights`", "net.safetensors", mlx, LOGITS),
        "mlx-npz": Row("mlx", "npz", "net.npz", mlx, LOGITS),
    },
    "tinygrad": {"tinygrad": Row("tinygrad", "`safe_save`", "net.safetensors", tinygrad, LOGITS)},
    "rl": {
        "sb3": Row(SB3, "PPO", "net.zip", baselines("PPO", lambda net, path: net.save(path)), CLASSES, PI, "baselines"),
        "sb3-dqn": Row(SB3, "DQN", "net.zip", baselines("DQN", lambda net, path: net.save(path)),
                       CLASSES | {"activation": "relu"}, {"part": "q_net.q_net"}, "baselines"),
        "sb3-policy": Row(SB3, "`policy.state_dict()`", "net.pt", baselines("PPO", policy), CLASSES, PI),
    },
    "quant": {
        "brevitas": Row("brevitas", "2 bits", "net.pt", brevitas, RELU, named="quanti"),
        "torchao": Row("torchao", "8-bit weights", "net.pt", torch_by(state, torchao), **QUANTISED),
        "quanto": Row("optimum-quanto", "8-bit weights", "net.pt", torch_by(state, quanto), **QUANTISED),
    },
    "openvino": {"openvino": Row("openvino", "IR", "net.xml", openvino, LOGITS, named="OpenVINO")},
    "coreml": {
        "mlmodel": Row("coremltools", ".mlmodel", "net.mlmodel", coreml("neuralnetwork"), LOGITS, named="Core ML"),
        "mlpackage": Row("coremltools", ".mlpackage", "net.mlpackage", coreml("mlprogram"), LOGITS, named="Core ML"),
    },
    "fastai": {
        "fastai": Row("fastai", "`Learner.save`", "net.pth", fastai(fastai_weights), RELU),
        "fastai-export": Row("fastai", "`export`", "net.pkl", fastai(lambda learn, path: learn.export(path.absolute())),
                             RELU, named="runs code"),
    },
    "thinc": {"thinc": Row("thinc", "`to_disk`", "net.thinc", thinc, RELU, named="Thinc")},
    "executorch": {"pte": Row("executorch", ".pte", "net.pte", torch_by(executorch), LOGITS,
                              named="no format that is known")},
    "plain": {
        "gguf": Row("gguf", "tensors", "net.gguf", numbers(gguf), LOGITS, named="GGUF"),
        "numpy": Row("numpy", "npz", "net.npz", numbers(lambda path, one: np.savez(path, **one)), LOGITS, networks=3),
        "matlab": Row("scipy", "`savemat`", "net.mat", numbers(matlab), LOGITS, named="MATLAB"),
        "hdf5": Row("h5py", "data sets", "net.h5", numbers(hdf5), LOGITS),
        "nnet": Row("numpy", ".nnet", "net.nnet", nnet((0, 0, 0), (1, 1, 1)), LOGIT),
        "nnet-normal": Row("numpy", ".nnet, normalised", "net.nnet", nnet((0.5, 0.25, 0.0), (2.0, 0.5, 1.0)), LOGIT),
    },
    "node": {
        "brain": Row("brain.js", "`toJSON`", "net.json", by_node(BRAIN, "sigmoid")),
        "brain-leaky": Row("brain.js", "leaky-relu", "net.json", by_node(BRAIN, "leaky-relu"), named="brain.js"),
        "tfjs": Row("@tensorflow/tfjs", "layers model", "net.json", by_node(TFJS, "tanh"), {},
                    {"activation": "tanh", "output_activation": "sigmoid", "output_is": "value"}, "TensorFlow.js"),
    },
}  # fmt: skip

if __name__ == "__main__":
    produce(ROWS[PLACE.name], version_of)
