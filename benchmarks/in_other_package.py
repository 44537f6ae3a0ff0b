"""Run by the Python of another package's environment: ``python in_other_package.py PACKAGE IN OUT``.

IN holds a model file's document, rows and pairs of rows; OUT gets what the package says. Nothing of Pluriscope is
imported here: the forward pass below is a second one, in torch.
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


def transformer_lens(given):
    from transformer_lens import HookedTransformer, HookedTransformerConfig, patching

    norm, mlps = given.document.get("layer_norm_epsilon"), given.document.get("mlp")
    model = HookedTransformer(
        HookedTransformerConfig(
            n_layers=given.document["layers"],
            n_heads=given.document["heads"],
            d_model=given.document["d_model"],
            d_head=given.document["d_head"],
            n_ctx=given.document["context"],
            d_vocab=given.document["vocabulary"],
            d_mlp=len(mlps[0]["in"][0]) if mlps else None,
            act_fn=given.document.get("activation"),
            attn_only=mlps is None,
            normalization_type="LNPre" if norm else None,
            eps=norm or 1e-5,
            dtype=torch.float64,
            device="cpu",
        )
    )
    state = {
        name: torch.zeros_like(one)
        for name, one in model.state_dict().items()
        if "mask" not in name and "IGNORE" not in name
    }
    state |= {"embed.W_E": given.document["token_embedding"], "unembed.W_U": given.document["unembedding"]}
    if given.document["position_embedding"] is not None:
        state["pos_embed.W_pos"] = given.document["position_embedding"]
    if "unembedding_bias" in given.document:
        state["unembed.b_U"] = given.document["unembedding_bias"]
    for number, layer in enumerate(given.document["attention"]):
        for letter, name in zip("QKVO", ("query", "key", "value", "output"), strict=True):
            state[f"blocks.{number}.attn.W_{letter}"] = layer[name]
            if f"{name}_bias" in layer:
                state[f"blocks.{number}.attn.b_{letter}"] = layer[f"{name}_bias"]
        for name, ours in (
            (("W_in", "in"), ("b_in", "in_bias"), ("W_out", "out"), ("b_out", "out_bias")) if mlps else ()
        ):
            state[f"blocks.{number}.mlp.{name}"] = mlps[number][ours]
    model.load_state_dict({name: torch.as_tensor(one) for name, one in state.items()}, strict=False)
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


if __name__ == "__main__":
    _, package, source, target = sys.argv
    read = json.loads(Path(source).read_text())
    task = read["document"]["tasks"][0]
    rows = {"tokens": task["rows"], "answers": task["answers"], "clean": read["clean"], "corrupt": read["corrupt"]}
    asked = SimpleNamespace(**{**read, **{name: torch.tensor(one) for name, one in rows.items()}})
    Path(target).write_text(json.dumps(globals()[package.replace("-", "_")](asked)))
