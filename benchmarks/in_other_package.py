"""Run by the Python of another package's environment: ``python in_other_package.py PACKAGE IN OUT``.

IN holds a model file's document, rows and pairs of rows; OUT gets what the package says. Nothing of Pluriscope is
imported here but by what reads models of packages: the forward pass below is a second one, in torch.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def plain(document, x):
    """Logits of the last position from the stream ``[rows, context, d_model]`` before the first layer."""

    def seen(stream):
        if "layer_norm_epsilon" not in document:
            return stream
        moved = stream - stream.mean(-1, keepdim=True)
        return moved / (moved.pow(2).mean(-1, keepdim=True) + document["layer_norm_epsilon"]).sqrt()

    later = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), 1)
    for number, layer in enumerate(document["attention"]):
        w = {name: torch.tensor(value) for name, value in layer.items()}
        q, k, v = (
            torch.einsum("rid,hdk->rhik", seen(x), w[name]) + (w[f"{name}_bias"][:, None] if f"{name}_bias" in w else 0)
            for name in ("query", "key", "value")
        )
        shares = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(later, -math.inf).softmax(-1)
        x = x + torch.einsum("rhik,hkd->rid", shares @ v, w["output"]) + w.get("output_bias", 0)
        if "mlp" in document:
            m = {name: torch.tensor(value) for name, value in document["mlp"][number].items()}
            into = seen(x) @ m["in"] + m["in_bias"]
            bent = (
                torch.relu(into)
                if document["activation"] == "relu"
                else torch.nn.functional.gelu(into, approximate="tanh")
            )
            x = x + bent @ m["out"] + m["out_bias"]
    logits = seen(x)[:, -1] @ torch.tensor(document["unembedding"])
    return logits + torch.tensor(document.get("unembedding_bias", 0.0))


def embedded(document, tokens):
    found = torch.tensor(document["token_embedding"])[tokens]
    return found if document["position_embedding"] is None else found + torch.tensor(document["position_embedding"])


def difference(logits, right, wrong):
    rows = torch.arange(len(logits))
    return logits[rows, right] - logits[rows, wrong]


def hooked(document, **settings):
    """A model as TransformerLens has it before its version 4."""
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    norm, mlps = document.get("layer_norm_epsilon"), document.get("mlp")
    model = HookedTransformer(
        HookedTransformerConfig(
            n_layers=document["layers"],
            n_heads=document["heads"],
            d_model=document["d_model"],
            d_head=document["d_head"],
            n_ctx=document["context"],
            d_vocab=document["vocabulary"],
            d_mlp=len(mlps[0]["in"][0]) if mlps else None,
            act_fn=document.get("activation"),
            attn_only=mlps is None,
            normalization_type="LNPre" if norm else None,
            eps=norm or 1e-5,
            dtype=torch.float64,
            device="cpu",
            **settings,
        )
    )
    for one in model.parameters():
        one.data.zero_()
    state = {"embed.W_E": document["token_embedding"], "unembed.W_U": document["unembedding"]}
    if document["position_embedding"] is not None:
        state["pos_embed.W_pos"] = document["position_embedding"]
    if "unembedding_bias" in document:
        state["unembed.b_U"] = document["unembedding_bias"]
    for number, layer in enumerate(document["attention"]):
        for letter, name in zip("QKVO", ("query", "key", "value", "output"), strict=True):
            state[f"blocks.{number}.attn.W_{letter}"] = layer[name]
            if f"{name}_bias" in layer:
                state[f"blocks.{number}.attn.b_{letter}"] = layer[f"{name}_bias"]
        for name in ("in", "out") if mlps else ():
            state[f"blocks.{number}.mlp.W_{name}"] = mlps[number][name]
            state[f"blocks.{number}.mlp.b_{name}"] = mlps[number][f"{name}_bias"]
    model.load_state_dict({name: torch.as_tensor(one) for name, one in state.items()}, strict=False)
    return model


def transformer_lens(given):
    from transformer_lens import patching

    norm, mlps, model = given.document.get("layer_norm_epsilon"), given.document.get("mlp"), hooked(given.document)
    right, wrong = given.answers[given.clean], given.answers[given.corrupt]
    with torch.no_grad():
        whole, cache = model.run_with_cache(given.tokens[given.clean])
        other = model(given.tokens[given.corrupt])
        low, high = (difference(one[:, -1], right, wrong).sum() for one in (other, whole))

        def share(logits):
            return (difference(logits[:, -1], right, wrong).sum() - low) / (high - low)

        def patched(name):
            return getattr(patching, f"get_act_patch_{name}")(model, given.tokens[given.corrupt], cache, share).tolist()

        found = {
            "stream": patched("resid_pre"),
            "heads": patched("attn_head_out_by_pos"),
            **{slot: patched(f"attn_head_{slot}_by_pos") for slot in "qkv"},
            "patterns": patched("attn_head_pattern_by_pos"),
        }
        if mlps:
            found["mlps"] = patched("mlp_out")
        names = [
            *(f"blocks.{n}.hook_resid_pre" for n in range(given.document["layers"])),
            f"blocks.{given.document['layers'] - 1}.hook_resid_post",
        ]
        last = model.ln_final if norm else lambda stream: stream
        _, every = model.run_with_cache(given.tokens)
        streams = torch.stack([model.unembed(last(every[name])).softmax(-1) for name in names])
        chosen = given.answers[None, :, None, None].expand(len(names), -1, given.tokens.shape[1], 1)
        found["lens"] = streams.gather(3, chosen)[..., 0].mean(1).tolist()
        results = cache.stack_head_results(layer=-1, pos_slice=-1, apply_ln=norm is not None)
        directions = model.W_U[:, right] - model.W_U[:, wrong]
        found["direct"] = (
            torch.einsum("hrd,dr->h", results[: given.document["layers"] * given.document["heads"]], directions)
            .div(len(given.clean))
            .tolist()
        )
    return found


def captum(given):
    from captum.attr import IntegratedGradients

    def metric(x, right, wrong):
        return difference(plain(given.document, x), right, wrong)

    some, others = (
        embedded(given.document, given.tokens[given.clean]),
        embedded(given.document, given.tokens[given.corrupt]),
    )
    scores = IntegratedGradients(metric).attribute(
        some,
        others,
        additional_forward_args=(given.answers[given.clean], given.answers[given.corrupt]),
        n_steps=given.steps,
        method="riemann_middle",
        internal_batch_size=4_096,
    )
    return {"scores": scores.sum(-1).tolist()}


def shap(given):
    import numpy as np
    from shap import maskers
    from shap.explainers import ExactExplainer

    found = []
    for row in given.explained:

        def value(some, answer=given.answers[row]):
            with torch.no_grad():
                logits = plain(given.document, embedded(given.document, torch.as_tensor(np.asarray(some, dtype=int))))
            right = logits[:, answer]
            return (right - (logits.sum(1) - right) / (logits.shape[1] - 1)).numpy()

        background = given.tokens[given.backgrounds].numpy()
        explainer = ExactExplainer(value, maskers.Independent(background, max_samples=len(background)))
        found.append(explainer(given.tokens[[row]].numpy()).values[0].tolist())
    return {"scores": found}


def sae_lens(given):
    from sae_lens import StandardTrainingSAE, StandardTrainingSAEConfig
    from sae_lens.saes.sae import TrainStepInput

    weights = {name: torch.tensor(one) for name, one in given.autoencoder.items()}
    n_latents, d = weights["directions"].shape
    sae = StandardTrainingSAE(
        StandardTrainingSAEConfig(
            d_in=d, d_sae=n_latents, l1_coefficient=given.price, dtype="float64", apply_b_dec_to_input=True
        )
    )
    sae.load_state_dict(
        {
            "W_enc": weights["encoder"].mT,
            "b_enc": weights["bias"],
            "W_dec": weights["directions"],
            "b_dec": weights["centre"],
        }
    )
    values = torch.tensor(given.activations)
    step = TrainStepInput(
        sae_in=values,
        coefficients={"l1": given.price},
        dead_neuron_mask=None,
        n_training_steps=0,
        is_logging_step=False,
    )
    out = sae.training_forward_pass(step)
    return {"loss": float(out.loss.detach())}


# --- published discovery programs: scores in the order of our edges, by method and what ablated edges carry; "none" is
# what they carry in a run on no token


def with_positions(document, *, mlps):
    """A model with a token for each token at each position, so that what programs take for its embedding is ours; the
    last token is 0, and none beyond the first is answered. Its rows, and as many of the last token.

    Args:
        mlps: whether a model without MLP blocks gets blocks of one neuron that add 0, for programs that ask them.
    """
    tokens, width, context = torch.tensor(document["token_embedding"]), document["d_model"], document["context"]
    positions = torch.tensor(document["position_embedding"] or [[0.0]] * context)[:, None]
    table = torch.cat([(positions + tokens).flatten(0, 1), torch.zeros(1, width)])
    bias, beyond = torch.tensor(document.get("unembedding_bias", [0.0] * len(tokens))), (0, len(table) - len(tokens))
    found = document | {"vocabulary": len(table), "token_embedding": table, "position_embedding": None}
    found["unembedding"] = torch.nn.functional.pad(torch.tensor(document["unembedding"]), beyond)
    found["unembedding_bias"] = torch.nn.functional.pad(bias, beyond, value=-1e9)
    if mlps and "mlp" not in document:
        blank = {"in": torch.zeros(width, 1), "in_bias": [0.0], "out": torch.zeros(1, width), "out_bias": [0.0] * width}
        found |= {"mlp": [blank] * document["layers"], "activation": "relu"}
    rows = torch.tensor(document["tasks"][0]["rows"]) + len(tokens) * torch.arange(context)
    return found, rows, torch.full_like(rows, len(table) - 1)


class Perceptron(torch.nn.Module):
    """A perceptron whose neurons write to one stream, each in a coordinate of its own, and read from it: auto-circuit's
    edges are between such. Its outputs are 0 and the network's own.
    """

    def __init__(self, given):
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.tensor(one) for one in given.weights)
        self.biases = torch.nn.ParameterList(torch.tensor(one) for one in given.biases)
        self.sizes = [self.weights[0].shape[1], *map(len, self.biases)]
        self.activations = [getattr(torch.nn, name)(*settings) for name, settings in given.activations]
        self.writers = torch.nn.ModuleList(torch.nn.Identity() for _ in self.biases)
        self.readers = torch.nn.ModuleList(torch.nn.Identity() for _ in self.biases)

    def forward(self, values):
        stream, first = 0.0, 0
        for layer, (before, size) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            around = (first, sum(self.sizes) - first - before)
            stream = stream + self.writers[layer](torch.nn.functional.pad(torch.diag_embed(values), around)).sum(2)
            read = self.readers[layer](stream[:, :, None].expand(-1, -1, size, -1))[..., first : first + before]
            values = self.activations[layer]((read * self.weights[layer]).sum(-1) + self.biases[layer])
            first += before
        return torch.cat([torch.zeros_like(values[:, 0]), values[:, 0]], dim=1)

    def patchable(self):
        """Patchable model with its edges in the order of ours."""
        from auto_circuit.types import DestNode, Edge, SrcNode
        from auto_circuit.utils.graph_utils import make_model_patchable
        from auto_circuit.utils.patchable_model import PatchableModel

        sources, targets = [], []
        for layer, neuron in ((layer, neuron) for layer, size in enumerate(self.sizes) for neuron in range(size)):
            usual = {"name": f"{layer}.{neuron}", "layer": layer, "head_idx": neuron, "head_dim": 2}
            if layer:
                targets.append(DestNode(module_name=f"readers.{layer - 1}", **usual))
            if layer < len(self.writers):
                sources.append(SrcNode(module_name=f"writers.{layer}", src_idx=len(sources), **usual))
        edges = [Edge(source, target) for target in targets for source in sources if source.layer == target.layer - 1]
        nodes = {*sources, *targets}
        wrappers = make_model_patchable(self, True, set(sources), nodes, torch.device("cpu"))
        parts = (nodes, set(sources), set(targets), {None: edges}, edges, 1, None, *wrappers, (slice(None),))
        return PatchableModel(*parts, True, False, None, (None,), self)


def auto_circuit(given):
    """Mask gradients at 0, which are EAP, and integrated; ACDC, with its edges in the order of ours."""
    from auto_circuit.data import PromptDataLoader, PromptDataset
    from auto_circuit.prune_algos.ACDC import acdc_prune_scores
    from auto_circuit.prune_algos.mask_gradient import mask_gradient_prune_scores
    from auto_circuit.types import AblationType
    from auto_circuit.utils.graph_utils import patchable_model

    def loader(clean, corrupt, right, wrong):
        rows = PromptDataset(clean, corrupt, right[:, None], wrong[:, None])
        return PromptDataLoader(rows, seq_len=None, diverge_idx=0, batch_size=len(clean), shuffle=False)

    def name(node, slot=""):
        own = {"input": "Resid Start", "logits": "Resid End"}.get(node)
        return (own or node.replace("m", "MLP ").replace("a", "A").replace(".h", ".")) + (slot and f".{slot.upper()}")

    kinds = {"zero": AblationType.ZERO, "mean": AblationType.TOKENWISE_MEAN_CLEAN, "pairs": AblationType.RESAMPLE}
    if hasattr(given, "document"):
        document, rows, none = with_positions(given.document, mlps=False)
        split = any(slot for *_, slot in given.edges)
        own = {"use_split_qkv_input" if split else "use_attn_in": True, "use_hook_mlp_in": "mlp" in document}
        net = hooked(document, use_attn_result=True, **own)
        model = patchable_model(net, factorized=True, slice_output="last_seq", separate_qkv=split)
        by_name = model.edge_name_dict[None]
        model.edges = [by_name[f"{name(source)}->{name(target, slot)}"] for source, target, slot in given.edges]
        data = dict.fromkeys(("zero", "mean"), loader(rows, none, given.answers, given.answers))
        metric, acdc = {"grad_function": "logprob", "answer_function": "avg_val"}, "none"
        own = {"tao_bases": [1], "faithfulness_target": "kl_div"}
    else:
        model, rows = Perceptron(given).patchable(), given.tokens[:, None]
        clean, corrupt = torch.nonzero(given.answers[:, None] != given.answers, as_tuple=True)
        data = dict.fromkeys(("zero", "mean"), loader(rows, rows, given.answers, 1 - given.answers))
        data["pairs"] = loader(rows[clean], rows[corrupt], given.answers[clean], 1 - given.answers[clean])
        metric, acdc = {"grad_function": "logit", "answer_function": "avg_diff"}, "pairs"
        own = {"tao_bases": [0.5], "faithfulness_target": "mse"}  # a mean over both outputs, one of which is 0
    found = {}
    for ablation, rows in data.items():
        usual = {"ablation_type": kinds[ablation], "clean_corrupt": "corrupt" if ablation == "pairs" else None}
        for key, points in (("eap", {"mask_val": 0.0}), ("mask-ig", {"integrated_grad_samples": 20})):
            found[key, ablation] = mask_gradient_prune_scores(model, rows, None, **metric, **points, **usual)
    kept = acdc_prune_scores(model, data.get(acdc, data["zero"]), None, tao_exps=[-2], **own)
    found["acdc", acdc] = {module: (one == torch.inf).double() for module, one in kept.items()}
    return {" ".join(key): [float(edge.prune_score(one)) for edge in model.edges] for key, one in found.items()}


def eap_ig(given):
    """EAP, EAP-IG on inputs and exact effects. It asks a tokenizer and a GPU: rows are given as they are, and what it
    puts on a GPU is put where the model is.
    """
    import eap.attribute
    import eap.evaluate
    import eap.utils
    from eap.graph import Graph

    zeros = torch.zeros
    torch.zeros = lambda *size, device=None, **more: zeros(*size, device=device if device != "cuda" else "cpu", **more)
    for module in (eap.attribute, eap.evaluate, eap.utils):
        module.tokenize_plus = lambda _, rows, max_length=None: (rows, None, None, rows.shape[1])  # noqa: ARG005
    document, rows, none = with_positions(given.document, mlps=True)
    model = hooked(document, use_attn_result=True, use_split_qkv_input=True, use_hook_mlp_in=True)

    def scores(method, intervention, corrupt):
        graph, data = Graph.from_model(model), [(rows, corrupt, given.answers)]

        def metric(logits, _clean, _lengths, answers):
            each = logits[:, -1].log_softmax(-1).gather(1, answers[:, None])[:, 0]
            return each if method == "exact" else each.sum()

        more = {"intervention": intervention, "intervention_dataloader": data, "ig_steps": 5, "quiet": True}
        eap.attribute.attribute(model, graph, data, metric, method, **more)
        of = {one: float(edge.score) for one, edge in graph.edges.items()}
        slots = [[f"<{one}>" for one in slot or "qkv"] if to[0] == "a" else [""] for _, to, slot in given.edges]
        ends = zip(given.edges, slots, strict=True)
        return [sum(of[f"{source}->{target}{one}"] for one in some) for (source, target, _), some in ends]

    found = {"eap-ig none": scores("EAP-IG-inputs", "patching", none)}
    found["eap-ig pairs"] = scores("EAP-IG-inputs", "patching", rows[given.corrupt])
    for ablation, intervention in (("zero", "zero"), ("mean", "mean-positional")):
        found[f"eap {ablation}"] = scores("EAP", intervention, rows)
        if any(slot for *_, slot in given.edges):
            found[f"exact-edge {ablation}"] = scores("exact", intervention, rows)
    return found


# --- lenses and methods by the names of packages': once with settings that give our numbers, once as they come


def of_one_name(given):
    """Scores ``[rows, inputs]`` of a perceptron by lens and package, with settings that are ours and by default; of
    probes which labellings of each hidden layer are separated, of layers the similarity of the first two hidden ones.
    """
    import numpy as np
    from captum.attr import IntegratedGradients, Lime, Saliency, ShapleyValues
    from lime.lime_tabular import LimeTabularExplainer
    from shap import Explainer, KernelExplainer, maskers
    from shap.explainers import ExactExplainer
    from sklearn.linear_model import LogisticRegression
    from torch_cka import CKA

    layers = []
    for weights, biases, (name, settings) in zip(given.weights, given.biases, given.activations, strict=True):
        one = torch.nn.Linear(len(weights[0]), len(weights))
        one.weight.data, one.bias.data = torch.tensor(weights), torch.tensor(biases)
        layers.append(torch.nn.Sequential(one, getattr(torch.nn, name)(*settings)))
    network, rows = torch.nn.Sequential(*layers), given.tokens
    n, table = rows.shape[1], rows.numpy()

    def value(some):
        return network(some)[:, 0]

    def plain(some):
        with torch.no_grad():
            return value(torch.as_tensor(np.asarray(some, dtype=float))).numpy()

    def lime(flips):
        """With every set of flips as often as 5,000 draws have it in the mean, or drawn."""
        found, sets = [], 1 - (np.arange(1 << n)[:, None] >> np.arange(n) & 1)
        for row in table:
            own = {"categorical_features": [*range(n)]} if flips else {}
            explainer = LimeTabularExplainer(table, mode="regression", random_state=0, **own)
            if flips:
                kept = np.tile(sets, (5_000 // len(sets), 1)).astype(float)
                outputs = plain(np.where(kept > 0, row, 1 - row))[:, None]
                distances = np.sqrt((1 - kept).sum(1))
                _, slopes, *_ = explainer.base.explain_instance_with_data(kept, outputs, distances, 0, n)
            else:
                slopes = explainer.explain_instance(row, plain).as_map()[1]
            found.append([slope for _, slope in sorted(slopes)])
        return found

    def separated(**own):
        with torch.no_grad():
            values = [network[:end](rows).numpy() for end in range(1, len(layers))]
        labellings = [number >> np.arange(len(rows)) & 1 for number in range(1, (1 << len(rows)) - 1)]
        fits = [(one, labels, LogisticRegression(**own).fit(one, labels)) for one in values for labels in labellings]
        return [float((fit.predict(one) == labels).all()) for one, labels, fit in fits]

    def alike():
        names = [str(at) for at in range(len(layers) - 1)]
        compared = CKA(network, network, "one", "other", names, names)
        compared.compare(torch.utils.data.DataLoader([(row, 0) for row in rows], batch_size=len(rows)))
        return [float(compared.export()["CKA"][0, 1])]

    torch.manual_seed(0)
    whole = maskers.Independent(table, max_samples=len(table))
    saliency, integrated = Saliency(value), IntegratedGradients(value)
    finer = {"n_steps": given.steps, "method": "riemann_middle"}
    many = {"C": 1e12, "tol": 1e-12, "max_iter": 1_000_000}
    found = {
        "gradient-corners captum": (saliency.attribute(rows, abs=False), saliency.attribute(rows)),
        "integrated-gradients captum": (integrated.attribute(rows, **finer), integrated.attribute(rows)),
        "shapley shap": (ExactExplainer(plain, whole)(table).values, Explainer(plain, table)(table).values),
        "shapley shap, KernelExplainer": (None, KernelExplainer(plain, table).shap_values(table, silent=True)),
        "shapley captum": (None, ShapleyValues(value).attribute(rows)),
        "lime lime": (lime(True), lime(False)),
        "lime captum": (None, Lime(value).attribute(rows)),
        "probes scikit-learn": (separated(**many), separated()),
        "layer-similarity torch-cka": (None, alike()),
    }
    return {
        key: [
            None if one is None else np.asarray(one.detach() if torch.is_tensor(one) else one).tolist() for one in both
        ]
        for key, both in found.items()
    }


# --- models of packages: read here, and run there as circuits


def hooked_models(given):
    for document in given.documents:
        yield hooked(document), document["tasks"][0]["rows"]


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 16, "n_positions": 8, "vocab_size": 20}
    model = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0, initializer_range=0.3)).double().eval()
    return model, torch.randint(20, (40, 4)).unique(dim=0).tolist()


def bridges(_given):
    from transformer_lens.config import TransformerBridgeConfig
    from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module
    from transformer_lens.model_bridge.sources.native import boot

    sizes = {"n_layers": 2, "n_heads": 2, "d_model": 16, "d_head": 8, "n_ctx": 4, "d_vocab": 20, "seed": 0}
    model, rows = gpt2()
    config = TransformerBridgeConfig(**sizes, attn_only=True, normalization_type=None)
    yield boot(config, dtype=torch.float64), rows
    yield build_bridge_from_module(model, "GPT2LMHeadModel", hf_config=model.config), rows


def nnsight_models(_given):
    from nnsight import NNsight

    model, rows = gpt2()
    yield NNsight(model), rows


def live(given):
    """Largest differences of logits for each model: read here against the package's own; of some circuits run in the
    package against ours.
    """
    import pluriscope
    from pluriscope.live.packages import opened

    torch.manual_seed(0)
    found, models = [], list(globals()[given.models](given))
    for (model, rows), protocol in ((one, protocol) for one in models for protocol in ("nodes-mean", "heads")):
        result = pluriscope.explain(model, data=rows, protocol=protocol, seconds=5)
        module, tokens = opened(model).module, torch.tensor(rows)

        def apart(mask, module=module, tokens=tokens, question=result.question):
            theirs = module(tokens)
            theirs = getattr(theirs, "logits", theirs)[:, -1].detach().numpy()
            ours = question.outputs(mask)
            return float((abs(theirs - ours) / abs(ours).clip(1.0)).max())

        back = []
        space, graph = result.question.space, result.question.graph
        drawn = space.reduce(torch.rand(24, graph.n_bits).numpy() < [[0.5]] * 12 + [[0.8]] * 12)
        for number in {sum(1 << int(bit) for bit in one.nonzero()[0]) for one in drawn} - {0}:
            circuit = result.circuit(graph.to_hex(number))
            with circuit.hooks(model):
                back.append(apart(circuit.number))
        blocks = "MLP blocks and LayerNorm" if result.network_file.blocks.mlps else "attention only"
        found.append([blocks, apart((1 << graph.n_bits) - 1), max(back), len(back)])
    return found


if __name__ == "__main__":
    _, package, source, target = sys.argv
    read, said = json.loads(Path(source).read_text()), []
    for one in read if isinstance(read, list) else [read]:
        task = one["document"]["tasks"][0] if "document" in one else one
        rows = {"tokens": task["rows"], "answers": task["answers"], "clean": one["clean"], "corrupt": one["corrupt"]}
        asked = SimpleNamespace(**{**one, **{name: torch.tensor(values) for name, values in rows.items()}})
        said.append(globals()[package.replace("-", "_")](asked))
    Path(target).write_text(json.dumps(said if isinstance(read, list) else said[0]))
