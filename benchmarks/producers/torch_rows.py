"""PyTorch, and what saves its networks in one environment with it."""

import lightning
import onnx
import pyro
import safetensors.torch
import skorch
import torch
from accelerate import Accelerator
from ignite.engine import Engine
from ignite.handlers import Checkpoint, DiskSaver
from laplace import Laplace
from made import INPUTS, LOGIT, LOGITS, Row, produce
from nflows.transforms.made import MADE
from onnxconverter_common import float16
from onnxruntime import InferenceSession, quantization
from onnxruntime.transformers import float16 as other_float16
from torch import nn
from torch.distributed import checkpoint as distributed
from torch.nn.utils import parametrizations, prune, weight_norm
from torch.optim.swa_utils import AveragedModel
from torch.package import PackageExporter
from torch.utils.data import DataLoader, TensorDataset

X = torch.tensor(INPUTS)


def plain(made, activation=None, *between):
    first, last = nn.Linear(2, len(made[1])), nn.Linear(len(made[1]), len(made[3]))
    for mine, given in zip((*first.parameters(), *last.parameters()), made, strict=True):
        mine.data = torch.tensor(given)
    return nn.Sequential(first, *between, activation or nn.Tanh(), last).eval()


def saved(path, net, content=None, model=None):
    torch.save(content or net.state_dict(), path)
    return (model or net)(X).detach()


def by(write, change=lambda net: None, activation=None, scale=1):
    def make(path, made):
        net = plain((scale * made[0], scale * made[1], made[2] / scale, made[3]), activation)
        change(net)
        write(net, path)
        return net.float()(X).detach()

    return make


def state(change=lambda net: None, activation=None, **options):
    return by(lambda net, path: torch.save(net.state_dict(), path), change, activation, **options)


def beside(activation):
    """Beyond 6, with the activation's text as torch writes it."""
    return by(lambda net, path: torch.save({"state_dict": net.state_dict(), "activation": repr(net[1])}, path),
              activation=activation, scale=4)  # fmt: skip


def normed(norm):
    def make(path, made):
        net = plain(made, nn.Tanh(), norm(len(made[1])))
        net.train()(2 * X - 0.25)
        for name, one in net[1].named_parameters():
            one.data = torch.linspace(0.5, 1.25, len(one)) - 1.0 * (name == "bias")
        return saved(path, net.eval())

    return make


def trained(net, path):
    optimizer = torch.optim.Adam(net.parameters())
    net(X).sum().backward()
    optimizer.step()
    torch.save({"epoch": 3, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimizer.state_dict()}, path)


def agent(path, made):
    critic = plain((made[0] / 2, made[1], 2 * made[2][:1], made[3][:1]))
    net = nn.ModuleDict({"critic": critic, "actor_mean": (actor := plain(made))})
    net.actor_logstd = nn.Parameter(torch.zeros(1, len(made[3])))
    return saved(path, net, model=actor)


def ensemble(path, made):
    nets = nn.ModuleList(plain([scale * one for one in made]) for scale in (1, 0.5, 2))
    return saved(path, nets, model=nets[0])


def backwards(path, made):
    net = plain(made)
    return saved(path, nn.ModuleDict({"decoder": net[2], "encoder": net[0]}), model=net)


def fake_quantised(path, made):
    net = plain(made, nn.ReLU()).train()
    net.qconfig = torch.ao.quantization.get_default_qat_qconfig("fbgemm")
    torch.ao.quantization.prepare_qat(net, inplace=True)(X)
    return saved(path, net.eval())


class Lit(lightning.LightningModule):
    def __init__(self, net):
        super().__init__()
        self.net, self.loss = net, nn.BCEWithLogitsLoss(pos_weight=torch.full((len(net[2].bias),), 3.0))

    def training_step(self, batch, _):
        return self.loss(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())


def batches(net):
    return DataLoader(TensorDataset(X, torch.ones(4, len(net[2].bias))), 4)


def packaged(net, path):
    with PackageExporter(str(path)) as exporter:
        exporter.extern("**")
        exporter.save_pickle("model", "model.pkl", net)


def lit(net, path):
    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = lightning.Trainer(max_epochs=1, logger=False, accelerator="cpu", **quiet)
    trainer.fit(Lit(net), batches(net))
    trainer.save_checkpoint(path)


def by_ignite(net, path):
    keep = Checkpoint({"model": net, "optimizer": torch.optim.SGD(net.parameters(), 0.1)}, DiskSaver(path.parent))
    keep(Engine(lambda *_: None))
    (path.parent / keep.last_checkpoint).rename(path)


def by_skorch(net, path):
    model = skorch.NeuralNetClassifier(net).initialize()
    model.save_params(f_params=path, use_safetensors=path.suffix == ".safetensors")


def by_pyro(net, path):
    pyro.clear_param_store()
    pyro.module("net", net)
    pyro.get_param_store().save(path)


def by_laplace(net, path):
    posterior = Laplace(net, "regression", subset_of_weights="all", hessian_structure="diag")
    posterior.fit(batches(net))
    torch.save(posterior.state_dict(), path)


def graph(change=lambda path: None, dynamo=False):
    def make(path, made):
        torch.onnx.export(plain(made), (X,), path, dynamo=dynamo, verbose=False)
        change(path)
        session = InferenceSession(path)
        return session.run(None, {session.get_inputs()[0].name: INPUTS})[0]

    return make


def halved(converter):
    return graph(lambda path: onnx.save(converter.convert_float_to_float16(onnx.load(path), keep_io_types=True), path))


def row(how, make, file="net.pt", given=LOGITS, asked=None, named="", package="torch"):
    return Row(package, how, file, make, given, asked or {}, named)


RELU, SAFE, ONNX = LOGITS | {"activation": "relu"}, "net.safetensors", {"file": "net.onnx", "given": LOGIT}
OLD = {"_use_new_zipfile_serialization": False}
BESIDE = {"given": {"output_activation": "linear"} | LOGIT}
TORCH = {
    "state_dict": row("`torch.save(state_dict)`", state()),
    "unsaid-encoding": row("inputs unsaid", state(), given={"encoding": ""} | LOGITS, asked={"encoding": "0, 1"}),
    "bfloat16": row("bfloat16", state(lambda net: net.bfloat16())),
    "old": row("no zip", by(lambda net, path: torch.save(net.state_dict(), path, **OLD))),
    "checkpoint": row("with optimiser", by(trained)),
    "whole": row("whole module", by(torch.save), named="whole module"),
    "script": row("TorchScript", by(lambda net, path: torch.jit.script(net).save(path)), named="TorchScript"),
    "pt2": row("`torch.export`", by(lambda net, path: torch.export.save(torch.export.export(net, (X,)), path)),
               "net.pt2", named="torch.export"),
    "distributed": row("`torch.distributed.checkpoint`", by(lambda net, path: distributed.save(
        net.state_dict(), checkpoint_id=path)), "net", named="torch.distributed"),
    "package": row("`torch.package`", by(packaged), named="torch.package"),
    "orthogonal": row("orthogonal", state(lambda net: parametrizations.orthogonal(net[0])), named="parametrization"),
    "named-leaky": row("beside `LeakyReLU(0.2)`", beside(nn.LeakyReLU(0.2)), **BESIDE),
    "named-gelu": row("beside `GELU(approximate='tanh')`", beside(nn.GELU("tanh")), **BESIDE),
    "named-relu6": row("beside `ReLU6()`", beside(nn.ReLU6()), **BESIDE),
    "named-elu": row("beside `ELU(alpha=0.5)`", beside(nn.ELU(0.5)), **BESIDE),
    "prelu": row("`PReLU`", state(activation=nn.PReLU(init=0.125)), named="PReLU"),
    "weight-norm": row("weight norm", state(lambda net: parametrizations.weight_norm(net[0]))),
    "weight-norm-old": row("weight norm, former", state(lambda net: weight_norm(net[0]))),
    "spectral-norm": row("spectral norm", state(lambda net: parametrizations.spectral_norm(net[0])), named="spectral"),
    "pruned": row("pruned", state(lambda net: prune.l1_unstructured(net[0], "weight", amount=1))),
    "batch-norm": row("`BatchNorm1d`", normed(nn.BatchNorm1d), named="batch norm"),
    "batch-stats": row("without parameters", normed(lambda n: nn.BatchNorm1d(n, affine=False)), named="batch norm"),
    "layer-norm": row("`LayerNorm`", normed(nn.LayerNorm), named="norm"),
    "averaged": row("`AveragedModel`", lambda path, made: saved(path, AveragedModel(plain(made)))),
    "compiled": row("`torch.compile`", by(lambda net, path: saved(path, torch.compile(net, backend="eager")))),
    "parallel": row("`DataParallel`", lambda path, made: saved(path, nn.DataParallel(plain(made)))),
    "actor-critic": row("actor and critic", agent, asked={"part": "actor_mean"}),
    "ensemble": row("ensemble", ensemble, asked={"part": "0"}),
    "backwards": row("last layer defined first", backwards, asked={"layers": "encoder, decoder"}),
    "qat": row("fake quantisation", fake_quantised, given=RELU, named="quanti"),
    "dynamic": row("dynamic quantisation", lambda path, made: saved(
        path, torch.ao.quantization.quantize_dynamic(plain(made), {nn.Linear})), named="quanti"),
    "onnx-dynamo": row("ONNX", graph(dynamo=True), **ONNX),
    "onnx-legacy": row("ONNX, former", graph(), **ONNX),
    "safetensors": row("`save_file`", by(lambda net, path: safetensors.torch.save_file(net.state_dict(), path)), SAFE,
                       package="safetensors"),
    "lightning": row("loss with weights", by(lit), "net.ckpt", package="lightning"),
    "accelerate": row("`save_model`", by(lambda net, path: Accelerator(cpu=True).save_model(net, path.parent)),
                      "model.safetensors", package="accelerate"),
    "ignite": row("`Checkpoint`", by(by_ignite), package="pytorch-ignite"),
    "skorch": row("`save_params`", by(by_skorch), package="skorch"),
    "skorch-safetensors": row("safetensors", by(by_skorch), SAFE, package="skorch"),
    "pyro": row("parameter store", by(by_pyro), package="pyro-ppl"),
    "laplace": row("posterior", by(by_laplace), named="which tensors are weights", package="laplace-torch"),
    "nflows": row("masked autoencoder", lambda path, made: saved(path, MADE(2, 3, 1, use_residual_blocks=False).eval()),
                  named="mask", package="nflows"),
    "onnx-half": row("float16", halved(float16), package="onnxconverter-common", **ONNX),
    "onnx-half-other": row("float16", halved(other_float16), package="onnxruntime", **ONNX),
    "onnx-quantised": row("`quantize_dynamic`", graph(lambda path: quantization.quantize_dynamic(path, path)),
                          named="Quanti", package="onnxruntime", **ONNX),
}  # fmt: skip

if __name__ == "__main__":
    produce(TORCH)
