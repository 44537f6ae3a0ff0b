"""Models of Hugging Face and nnsight, where these are installed."""

import numpy as np
import pytest
import torch

import pluriscope
from pluriscope_live.space import run_once

transformers = pytest.importorskip("transformers")
SIZES = {"vocab_size": 11, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
SOME = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
GATED = {"intermediate_size": 48, "num_key_value_heads": 2, "max_position_embeddings": 16, **SOME}
ROWS = torch.randint(3, 11, (6, 5), generator=torch.Generator().manual_seed(0))
MODELS = {
    "GPT2LMHead": ("GPT2", {"vocab_size": 11, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 16}),
    "LlamaForCausalLM": ("Llama", SIZES | GATED),
    "GPTNeoXForCausalLM": ("GPTNeoX", SIZES | {"intermediate_size": 48}),
    "FalconForCausalLM": ("Falcon", SIZES | {"num_kv_heads": 2, "new_decoder_architecture": True}),
    "BloomForCausalLM": ("Bloom", {"vocab_size": 11, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "Phi3ForCausalLM": ("Phi3", SIZES | GATED),
}


def model_of(name):
    kind, sizes = MODELS[name]
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**{**sizes, "bos_token_id": 1, "eos_token_id": 2})
    model = getattr(transformers, "GPT2LMHeadModel" if name == "GPT2LMHead" else name)(config).eval()
    return model.requires_grad_(False)


@pytest.mark.parametrize("name", MODELS)
def test_edges_are_where_the_heads_are(name):
    model = model_of(name)
    for one in model.parameters():
        one += 0.15 * torch.randn_like(one)
    nodes = pluriscope.space(model, data=ROWS, units="heads+mlps")
    space = pluriscope.space(model, data=ROWS, units="edges")
    writer, reader = (np.array([one.split(" -> ")[end] for one in space.units]) for end in (0, 1))
    every = np.ones((1, space.n_units), dtype=bool)
    scale = space.whole_logits.abs().max()
    assert torch.equal(space.run(every)[0], run_once(model, space.rows)[:, -1])
    for unit in nodes.units:  # to leave out a head is to leave out all that it writes
        node = nodes.run([[one for one in nodes.units if one != unit]])
        edges = space.run(every & (writer != unit.replace(".mlp", ".m")))
        assert (node - edges).abs().max() < 2e-6 * scale
    block = model.config.num_attention_heads // len({one for one in reader if one.startswith("0.") and one[-1] == "k"})
    for one in dict.fromkeys(each for each in reader if each[-1] in "qkv"):  # what a head reads, its writes alone show
        layer, at, part = one.split(".")
        heads = [int(at)] if part == "q" else range(int(at) * block, (int(at) + 1) * block)
        silent = every & ~np.isin(writer, [f"{layer}.{head}" for head in heads])
        deaf = silent & (reader != one)
        assert (space.run(silent) - space.run(deaf)).abs().max() < 2e-6 * scale
        assert (space.run(every) - space.run(every & (reader != one))).abs().max() > 1e-4 * scale


def test_nnsight():
    nnsight = pytest.importorskip("nnsight")
    model = model_of("LlamaForCausalLM")
    plain = pluriscope.space(model, data=ROWS, units="heads")
    assert torch.equal(pluriscope.space(nnsight.NNsight(model), data=ROWS).run([3, 99]), plain.run([3, 99]))
