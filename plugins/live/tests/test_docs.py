"""The snippets of the plugin's document, in order, with a model and rows of these tests."""

import re
from pathlib import Path

import torch

import pluriscope_live
from plugins.live.tests.small_models import golden

DOCUMENT = Path(pluriscope_live.__file__).parent / "docs" / "live.md"


def test_snippets_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, known = golden("llama-2x4-heads")
    names = {"model": model, "rows": known["rows"], "answers": known["answers"], "others": known["counterfactual"]}
    (tmp_path / "eap.json").write_text('{"edges": {"input->a0.h1<q>": {"score": 0.5}, "m1->logits": {"score": -2}}}')
    names |= {"autoencoder": type("A", (), {"encode": torch.relu, "decode": torch.neg})}
    snippets = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(snippets) > 2
    made = []
    for one in snippets:
        exec(one, names)  # noqa: S102  # our own document
        made.append(names["found"])
    assert made[0].counts["valid circuits"].value == 34
