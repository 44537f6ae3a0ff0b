"""The notebooks on models of any size, with small sizes and models of these tests; whole they run before a release."""

import json

import pytest
import torch

from plugins.live.tests.small_models import Llama, golden
from tests.checkout import ROOT

SMALL = {
    "language-model": {
        "layers=4, width=144": "layers=2, width=64",
        "steps, n_rows = 250, 32": "steps, n_rows = 150, 6",
        "lr=0.001": "lr=0.004",
        "permutations=99": "permutations=9",
    },
    "score-file": {"top=60": "top=70", "count=4": "count=2, searches=4"},
    "gpt2-circuit": {
        "from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel": "",
        "model, words = GPT2LMHeadModel(GPT2Config()), {}": "words = {}",
    },
}


def names_of(story):
    """What stands in place of a model of Hugging Face."""
    if story == "score-file":
        model, known = golden("llama-2x4-heads")
        rows, answers, others = (known[name][:14] for name in ("rows", "answers", "counterfactual"))
        return {"model": model, "rows": rows, "answers": answers, "others": others, "held_out": (rows, answers, others)}
    torch.manual_seed(0)
    return {"model": Llama(vocabulary=60, n=48, layers=12, heads=12, groups=12)} if story == "gpt2-circuit" else {}


@pytest.mark.slow
@pytest.mark.parametrize("story", SMALL)
def test_it_runs(story, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "docs" / "notebooks" / f"{story}.ipynb").read_text())
    cells = ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]
    if story == "score-file":
        cells[0] = "import torch"  # in place of training
    names, text = names_of(story), "\n#\n".join(cells)
    for whole, small in SMALL[story].items():
        assert text.count(whole) == 1
        text = text.replace(whole, small)
    exec(text, names)  # noqa: S102  # our own notebook
    found = names["found"]
    assert len(getattr(found, "minimal", found)) > 1
    assert all(one.is_valid for one in getattr(found, "minimal", found))
