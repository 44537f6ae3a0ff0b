"""``python -m benchmarks.compiled_transformers FOLDER``: the bundled transformers that Tracr compiled, made anew.

FOLDER is a Python environment for Tracr alone, which is made there if there is none. In it
:mod:`benchmarks.tracr_programs` compiles the programs. Models go to ``app/bundled/models``, what Tracr's own answer on
each row to ``tests/golden/tracr/answers.json``. Weights are Tracr's, number by number. The unembedding reads the
directions of the residual stream that hold the program's output, a token for each value: the largest logit is what
Tracr decodes.

The planted circuit is what of the program has weights: an edge on a way to the logits whose source, times what its
reader reads with, is not zero. Nothing is written unless Tracr, our model, its planted circuit under all rules and
plain Python agree on every row. The disguised one was made at commit c356aaa16.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.made import Made
from pluriscope.analysis.subjects.planted_edges import PlantedEdges, PlantedVariable
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import FORMAT, LIMITS, AttentionModel, read_attention
from pluriscope.analysis.subjects.transformer.weights import MATRICES

ROOT: Final = Path(__file__).resolve().parents[1]
MODELS: Final = ROOT / "app" / "bundled" / "models"
ANSWERS: Final = ROOT / "tests" / "golden" / "tracr" / "answers.json"
PACKAGES: Final = ("tracr-pypi==1.0.0", "jax==0.10.2", "jaxlib==0.10.2", "dm-haiku==0.0.17", "chex==0.1.92")
ATTRIBUTION: Final = (
    "Weights by Tracr {}, github.com/google-deepmind/tracr, © 2022 DeepMind Technologies Limited, Apache-2.0; "
    "Lindner et al. 2023, arXiv:2301.05062"
)
PROGRAMS: Final = {
    "histogram": ("How often the last letter occurs", "SelectorWidth(Select(tokens, tokens, EQ))"),
    "distinct": ("How many letters there are", "h = hist(tokens); SelectorWidth(Select(h, h, ≤ 1))"),
    "induction": ("Induction", "b = shift_by(1, tokens); Aggregate(Select(b, tokens, EQ), tokens)"),
    "reverse": ("The last of the reversed row", "Aggregate(Select(indices, length - indices - 1, EQ), tokens)"),
}
"""What each model is called, and its program; ``hist``, ``shift_by`` and ``length`` are in Tracr's library."""


def compiled(folder: Path) -> dict[str, Any]:
    """Compile every program by Tracr, in an environment of its own."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    script = Path(__file__).with_name("tracr_programs.py")
    ran = subprocess.run([python, script], capture_output=True, check=True, env={"JAX_PLATFORMS": "cpu"})
    return dict(json.loads(ran.stdout))


def model_of(one: dict[str, Any], version: str) -> AttentionModel:
    """A compiled program as a transformer with what was planted in it."""
    name, program = PROGRAMS[one["program"]]
    tokens = one["tokens"] + [value for value in one["outputs"] if value not in one["tokens"]]
    given, query = one["token_embedding"], one["layers"][0]["heads"][0]
    rows = [list(map(tokens.index, [one["tokens"][0], *row])) for row in one["rows"]]
    unembedding = np.zeros((len(given[0]), len(tokens)))
    for value, direction in one["outputs"].items():
        unembedding[direction, tokens.index(value)] = 1
    sizes = len(one["layers"]), len(query), len(given[0]), len(query[0][0]), len(tokens), len(one["rows"][0]) + 1
    document = {
        "format": FORMAT,
        "name": f"{name}, compiled by Tracr",
        "attribution": ATTRIBUTION.format(version),
        **dict(zip(LIMITS, sizes, strict=True)),
        "tokens": tokens,
        "token_embedding": given + [[0.0] * len(given[0])] * (len(tokens) - len(given)),
        "position_embedding": one["position_embedding"],
        "attention": [dict(zip(MATRICES, layer["heads"], strict=True)) for layer in one["layers"]],
        "unembedding": unembedding.tolist(),
        "tasks": [{"name": name.lower(), "rows": rows, "answers": list(map(tokens.index, one["meant"]))}],
    }
    if any(np.any(matrix) for layer in one["layers"] for matrix in layer["mlp"]):
        document["mlp"] = [dict(zip(("in", "out"), layer["mlp"], strict=True)) for layer in one["layers"]]
        document["activation"] = "relu"
    model = read_attention(document)
    made = (Made("compile", (("by", f"Tracr {version}"),)),)
    variables = tuple(variables_of(model, one["labels"]))
    return replace(model, planted=PlantedEdges(program, edges_with_weights(model), made, variables))


def variables_of(model: AttentionModel, labels: list[str]) -> Iterator[PlantedVariable]:
    """The variables that Tracr gives directions, at the first place of the residual stream where they are not constant.

    Args:
        labels: what each coordinate is: a variable, with a colon and one of its values if it has one for each.
    """
    stream = dict[str, Any]()

    def keep(site: str, values: Any) -> Any:
        if site.startswith("x"):
            stream[site] = values.reshape(-1, len(labels))
        return values

    model.run_sites(model.inputs, keep)
    for name in dict.fromkeys(label.partition(":")[0] for label in labels):
        at = [place for place, label in enumerate(labels) if label.partition(":")[0] == name]
        site = next((site for site, values in stream.items() if np.ptp(values[:, at], axis=0).any()), None)
        if site is not None:
            yield PlantedVariable(name, site, tuple(at))


def edges_with_weights(model: AttentionModel) -> tuple[str, ...]:
    """Names of the edges on ways to the logits whose source does something to their reader; without biases."""
    assert not model.blocks.biases
    assert model.positions is not None
    gives = {"t": model.embedding[np.unique(model.tokens)], "p": model.positions}
    reads = {"logits": model.unembedding}
    for layer in range(1, len(model.layers) + 1):
        for number in range(model.n_heads):
            query, key, value, output = model.head(layer, number)
            name = f"{layer}.{number}"
            gives[name] = value @ output
            reads |= {f"{name}.q": query, f"{name}.k": key, f"{name}.v": value @ output}
        if model.blocks.mlps:
            reads[f"{layer}.mlp"], _, gives[f"{layer}.mlp"], _ = model.blocks.mlps[layer - 1]
    space = model.space({"granularity": "qkv", "ablation": "zero", "embedding": "split"})
    ends = (name.split("-") for name in space.graph.edge_names)
    mask = np.array([bool((gives[source] @ reads[reader]).any()) for source, reader in ends])
    kept = space.reduce(mask[None])[0]
    return tuple(sorted(name for name, is_kept in zip(space.graph.edge_names, kept, strict=True) if is_kept))


def checked(model: AttentionModel, one: dict[str, Any]) -> str:
    """Measure how near a model comes to Tracr, and its planted circuit to it; refused where an answer is another."""
    values = list(map(model.outputs.index, one["outputs"]))
    logits = np.array(one["read"])[:, list(one["outputs"].values())]
    assert one["meant"] == one["answered"]
    assert model.planted is not None
    apart, least = 0.0, np.inf
    for rules in TRANSFORMER.admitted_rules(model):
        space = model.space(rules)
        planted = space.graph.bits([model.planted.mask(space.graph)])
        assert (space.reduce(planted) == planted).all()
        found = space.run(np.concatenate([np.ones_like(planted), planted]))
        apart = max(apart, float(abs(found[0][:, values] - logits).max()))
        least = min(least, float(CLASSES.margins(found, model.answers).min()))
    assert apart < 1e-6  # Tracr computes with float32
    assert least > 0.5
    return f"{len(model.rows)} rows, {len(model.planted.edges)} planted edges, {apart:.1e} from Tracr, gap {least:.7f}"


def models(compiled_by: dict[str, Any]) -> Iterator[tuple[str, AttentionModel, str]]:
    """Every bundled one but the disguised, by its name in addresses, with what was checked."""
    for one in compiled_by["programs"]:
        model = model_of(one, compiled_by["tracr"])
        yield f"tracr-{one['program']}", model, checked(model, one)


def short(value: Any) -> Any:
    """JSON values with whole numbers as such."""
    if isinstance(value, dict):
        return {key: short(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(short, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def main(folder: Path) -> None:
    """Write the files."""
    made = compiled(folder)
    for slug, model, said in models(made):
        text = json.dumps(short(attention_document(model)), ensure_ascii=False, separators=(",", ":"))
        (MODELS / f"{slug}.json").write_text(text + "\n")
        print(f"{slug}: {len(text):,} bytes, {said}")
    answers = {f"tracr-{one['program']}": " ".join(one["answered"]) for one in made["programs"]}
    ANSWERS.write_text(json.dumps({"tracr": made["tracr"], "answers": answers}, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
