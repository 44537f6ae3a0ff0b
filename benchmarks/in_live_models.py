"""Live models of packages, asked for their units, in an environment of :mod:`benchmarks.live_models`.

Sizes are tiny and weights random, biases too, so that nothing that stays is 0. Numbers of units come from the sizes,
and answers are computed by hand or by plain hooks of torch: nothing here asks Pluriscope what a model has.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial, reduce
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from pluriscope.analysis.errors import AnalysisError
from pluriscope_live.reading import space

WIDTH, LAYERS, HEADS, HIDDEN, TOKENS = 32, 2, 4, 48, 11
ROWS: Final = torch.randint(3, TOKENS, (6, 5), generator=torch.Generator().manual_seed(0))
IMAGES: Final = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(1))
SIZES: Final = {"vocab_size": TOKENS, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
MORE: Final = {"num_key_value_heads": 2, "intermediate_size": HIDDEN, "max_position_embeddings": 16}
MARKS: Final = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "decoder_start_token_id": 0}
LLAMA: dict[str, Any] = {"layers": "model.layers", "first": ["model.embed_tokens"], "last": ["model.norm", "lm_head"]}
LLAMA |= {"parts": ["self_attn.o_proj", "mlp", "mlp.down_proj"]}
STACK: Final[dict[str, Any]] = {"layers": "layers", "first": ["embed"], "last": ["unembed"]}
KINDS: Final = ("heads", "mlps", "neurons", "heads+mlps", "edges", "names")
HELD: Final = tomllib.loads(Path(__file__).with_name("live_models.toml").read_text())
CLOSE: Final = 1e-4
"""Of the largest output, how far answers may be apart; at a stream of 0 a norm enlarges what rounding leaves."""
ANY: Final = {"criterion": "kl", "threshold": 1e9, "output_is": "classes"}


# ---------------------------------------------------------------- models


class Stack(nn.Module):
    """Blocks between an embedding and an unembedding."""

    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        self.embed, self.unembed = nn.Embedding(TOKENS, WIDTH), nn.Linear(WIDTH, TOKENS)
        self.layers = nn.ModuleList(blocks)

    def forward(self, x: Any) -> Any:
        for one in self.layers:
            x = one(self.embed(x) if x.ndim == 2 else x)
            x = x[0] if isinstance(x, tuple) else x
        return self.unembed(x)


class Added(nn.Module):
    """An MLP that adds to its stream, as models for parameter decomposition have it."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp_in, self.mlp_out = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(self, x: Any) -> Any:
        return x + self.mlp_out(self.mlp_in(x).relu())


def made(held: dict[str, Any]) -> Any:
    """The model of an entry, in evaluation mode, with random numbers added to all parameters."""
    module, _, name = held.get("class", held.get("block", "")).rpartition(".")
    if module.startswith(("timm", "torchvision")):
        with suppress(RuntimeError):  # a wheel for another build of torch lacks these
            for one in ("nms", "qnms"):
                torch.library.define(f"torchvision::{one}", "(Tensor a, Tensor b, float c) -> Tensor")
    kind, sizes = getattr(import_module(module), name), held.get("sizes", {})
    torch.manual_seed(0)
    if module == "transformers":
        known = kind.config_class()
        usual = {key: one for key, one in (SIZES | MORE | MARKS).items() if hasattr(known, key)}
        model = kind(kind.config_class(**usual | sizes))
    else:
        model = Stack(*[kind(**sizes) for _ in range(LAYERS)]) if "block" in held else kind(**sizes)
    torch.manual_seed(0)
    for one in model.requires_grad_(False).parameters():
        one += 0.15 * torch.randn_like(one)
    return model.eval()


# ---------------------------------------------------------------- what holds another model, or changes it


def lora(model: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    names = ["q_proj", "o_proj", "down_proj"]
    return get_peft_model(model, LoraConfig(r=2, target_modules=names, init_lora_weights=False)).eval()


def int8(model: Any) -> Any:
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    quantize_(model, Int8WeightOnlyConfig())
    return model


BRIDGES: Final = "transformer_lens.model_bridge.sources._bridge_builder"
DYNAMIC: Final = partial(torch.ao.quantization.quantize_dynamic, qconfig_spec={nn.Linear})
CHANGED: Final[dict[str, tuple[Callable[[Any], Any], ...]]] = {
    "LoRA": (lora, lambda model: lora(model).merge_and_unload()),
    "nnsight": (lambda model: import_module("nnsight").NNsight(model),),
    "torch.compile": (partial(torch.compile, backend="eager"),),
    "TransformerBridge": (
        lambda gpt: import_module(BRIDGES).build_bridge_from_module(gpt, "GPT2LMHeadModel", hf_config=gpt.config),
    ),
    "fused attention, int8 by torchao": (int8, int8),
    "fused attention, dynamically quantised": (DYNAMIC, DYNAMIC),
}
"""By name, what makes what is given of a model, and the plain model that answers like it, where that is another."""


# ---------------------------------------------------------------- what is expected


def run(model: Any, rows: Any) -> Any:
    """Of each row, at the last position where there are several."""
    found = model(**rows) if isinstance(rows, dict) else model(rows)
    found = getattr(found, "logits", found)
    return found[:, -1] if found.ndim == 3 else found


def bias_of(part: Any) -> Any:
    part = part.out_proj if isinstance(part, nn.MultiheadAttention) else part
    bias = getattr(part, "bias", None) if isinstance(part, nn.Module) else part
    bias = bias() if callable(bias) else bias
    return 0 if bias is None else bias


def silenced(model: Any, rows: Any, paths: Sequence[str], whole: bool) -> Any:
    """What a model answers where modules give 0, or their bias unless the whole is silent."""

    def after(part: Any, _args: Any, result: Any) -> Any:
        first = result[0] if isinstance(result, tuple) else result
        held = torch.zeros_like(first) + (0 if whole else bias_of(part))
        return (held, *result[1:]) if isinstance(result, tuple) else held

    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(model.get_submodule(path).register_forward_hook(after))
        return run(model, rows)


def beheaded(model: Any, rows: Any, path: str) -> Any:
    """What a model answers where an output projection is given 0 for the first head."""

    def before(_part: Any, args: Any) -> Any:
        value = args[0].flatten(2).clone()
        value[..., : WIDTH // HEADS] = 0
        return (value.view(args[0].shape),)

    with model.get_submodule(path).register_forward_pre_hook(before):
        return run(model, rows)


def bare(model: Any, rows: Any, held: dict[str, Any], scale: float) -> Any:
    """By hand: the outputs of a stream to which heads and MLPs write nothing but the biases of output projections."""
    stream = reduce(lambda x, one: attrgetter(one)(model)(x), held["first"], rows)
    if "positions" in held:
        stream = stream + attrgetter(held["positions"][0])(model)[held["positions"][1] :][: rows.shape[1]]
    stream = scale * held.get("scale", 1) * stream
    for layer in attrgetter(held["layers"])(model).children():
        stream = stream + bias_of(attrgetter(held.get("bias", held["parts"][0]))(layer))
        stream = reduce(lambda x, one: one(x), (attrgetter(one)(layer) for one in held.get("norms", ())), stream)
    stream = stream[:, held["place"]] if "place" in held else stream
    found = reduce(lambda x, one: attrgetter(one)(model)(x), held["last"], stream)
    found = held["cap"] * torch.tanh(found / held["cap"]) if "cap" in held else found
    return found[:, -1] if found.ndim == 3 else found


def expected(model: Any, rows: Any, held: dict[str, Any]) -> Iterator[tuple[str, int, Any]]:
    """Kinds of unit, how many there are, and what a model answers without all of them; last without the first head."""
    if "parts" in held:
        config, paths = getattr(model, "config", None), dict[str, list[str]]()
        numbers = dict(zip(KINDS, (LAYERS * HEADS, LAYERS, LAYERS * HIDDEN, LAYERS * (HEADS + 1)), strict=False))
        for kind, part in zip(KINDS, held["parts"], strict=False):
            if part:
                paths[kind] = [f"{held['layers']}.{number}.{part}" for number in range(LAYERS)]
                yield kind, numbers[kind], silenced(model, rows, paths[kind], kind == "mlps")
        yield "heads+mlps", numbers["heads+mlps"], bare(model, rows, held, 1)
        known = [getattr(config, one, None) for one in ("num_kv_heads", "num_key_value_heads")]
        groups = next(filter(None, (held.get("groups"), *known)), HEADS)
        n_edges, writers = 0, 1
        for _ in range(LAYERS):
            n_edges += writers * (HEADS + 2 * groups + 1) + (0 if "parallel" in held else HEADS)
            writers += HEADS + 1
        yield "edges", n_edges + writers, bare(model, rows, held, 0)
        if not isinstance(model.get_submodule(paths["heads"][0]), nn.MultiheadAttention):
            yield "first", 1, beheaded(model, rows, paths["heads"][0])
    for kind in KINDS:
        if kind in held:
            n, paths_of = (len(held[kind]), held[kind]) if kind == "names" else held[kind]
            yield kind, n, silenced(model, rows, paths_of, kind not in ("heads", "neurons"))


# ---------------------------------------------------------------- asking


def asked(model: Any, rows: Any, units: Any) -> tuple[Any, str]:
    """A space, and what was asked back first; None and why where it is refused."""
    told = ""
    for options in ({}, ANY, {**ANY, "position": "last"}):
        try:
            return space(model, data=rows, units=units, **options), told
        except AnalysisError as error:
            told = str(error)
            if "is not given, and" not in told:
                break
    return None, told


def outcome(found: Any, number: int, plain: tuple[Any, ...]) -> str:
    """What differs from what is expected: the whole model, what it is without all units, and without the first head."""
    without = [one for one in found.units if one != "0.0" and not one.startswith("0.0 ->")]
    answers = [found.run([mask])[0] for mask in (found.units, [], without)[: len(plain)]]
    apart = max(
        float((one - other).abs().max() / plain[0].abs().max()) for one, other in zip(answers, plain, strict=True)
    )
    same = found.n_units == number and apart <= CLOSE and not torch.equal(*plain[:2])
    return "" if same else f"{found.n_units} for {number}, {apart:.0e} apart"


def main(environment: str, target: str, *names: str) -> None:
    """Ask models for each kind of unit, and write what came of it."""
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name in names:
        held = HELD[environment][name]
        held = ({} if held.keys() & {*KINDS} else STACK if "block" in held else LLAMA) | held
        rows = {"input_ids": ROWS, "decoder_input_ids": ROWS.roll(1, 1)} if "decoder" in held else ROWS
        rows = IMAGES if "images" in held else rows
        change, *another = CHANGED.get(name, (lambda model: model,))
        model, plain = change(made(held)), (another[0] if another else lambda model: model)(made(held))
        wanted = {kind: (n, one) for kind, n, one in expected(plain, rows, held)}
        first, result[name] = wanted.pop("first", None), {}
        for kind in (*wanted, *(one for one in held.get("refused", ()) if one not in wanted)):
            found, told = asked(model, rows, held["names"] if kind == "names" else kind)
            row = result[name][kind] = {"said": told, "refused": found is None, "different": ""}
            if found is not None and kind in wanted:
                # edges of a head take away what a norm behind the heads makes of it, with that norm as it is
                alike = ("heads",) if "normed" in held else ("heads", "edges")
                answers = (run(plain, rows), wanted[kind][1], *([first[1]] if first and kind in alike else []))
                row |= {"n": found.n_units, "different": outcome(found, wanted[kind][0], answers)}
            if row["refused"] != (kind in held.get("refused", ())):
                row["different"] = f"is {'' if row['refused'] else 'not '}refused {told}"
    Path(target).write_text(json.dumps(result))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
