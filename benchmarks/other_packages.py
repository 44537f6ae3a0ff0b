"""``python -m benchmarks.other_packages``: lenses and discovery methods held against the packages that others use.

    python -m benchmarks.other_packages --folder /somewhere          all packages of lenses, each in an environment
    python -m benchmarks.other_packages --folder /somewhere shap     one of them
    python -m benchmarks.other_packages --folder /somewhere --suite small      discovery programs
    python -m benchmarks.other_packages --folder /somewhere --live             live models of packages
    python -m benchmarks.other_packages --folder /somewhere --names            packages as they come, on one network

Nothing is downloaded but packages; models are made by hand from their sizes and given our weights. EAP-IG is in no
package index (``eap`` there is another): its ``src`` in PYTHONPATH, or ``eap-ig/bin/pip install`` of a checkout. Writes
the table in docs/scope.md, and of a suite ``PROGRAM-METHOD.json`` in the folder, for ``pluriscope bench``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.parity import DOCUMENT, ROOT, between_marks, question_of
from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.discovery.masked_subject import MaskedSpace
from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.discovery.selection import sequence, strengths
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.sites import pairs_of, partner_of, run, some_of
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.tasks import task_named
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope.app.bundled import bundled_models
from pluriscope_bench.suite_files import read_suite
from pluriscope_methods.lenses.registry import LENSES

TORCH: Final = "torch==2.13.0"
PACKAGES: Final = {"transformer-lens": "transformer-lens<4", "captum": "captum", "shap": "shap", "sae-lens": "sae-lens"}
_HOOKED: Final = ("transformer-lens==2.18.0", "datasets<4", "pyarrow<20")
PROGRAMS: Final = {"auto-circuit": ("auto-circuit==1.0.1", *_HOOKED), "eap-ig": ("matplotlib", *_HOOKED)}
LIVE: Final = {
    "transformer-lens-2": (_HOOKED, "hooked_models"),
    "transformer-lens-3": (("transformer-lens>=3,<4",), "hooked_models"),
    "transformer-lens-4": (("transformer-lens>=4",), "bridges"),
    "nnsight": (("nnsight", "transformers"), "nnsight_models"),
}
"""Environments in which models of packages are read and run as circuits: what they need, and which models."""
NAMES: Final = {
    "gradient-corners captum": "`abs=False`",
    "integrated-gradients captum": "16,384 middles",
    "shapley shap": "all rows as background",
    "shapley shap, KernelExplainer": "",
    "shapley captum": "",
    "lime lime": "each neighbour equally often",
    "lime captum": "",
    "probes scikit-learn": "`C=1e12`",
    "layer-similarity torch-cka": "",
}
"""Lenses with packages that have one of their names, and the settings with which a package gives our numbers."""
_NAMED: Final = ("captum==0.9.0", "shap==0.51.0", "lime==0.2.0.1", "scikit-learn==1.9.1", "torch-cka==0.21")
_EQUAL: Final = 1e-6
_CARRIED: Final = ("zero", "mean", "pairs", "no token")
_PAIRS: Final = 16
_STEPS: Final = 16_384
_LATENTS: Final = 8
_PRICE: Final = 0.03  # of the latents' sum, as by default
_LIVE_MODELS: Final = ("indirect-object-2x2", "MLP and LayerNorm")
LIBRARY: Final = ROOT / "docs" / "library.md"
"""Its examples of packages are run, each with the version that it names."""
_INNER: Final = Path(__file__).with_name("in_other_package.py")


@dataclass(frozen=True)
class Held:
    """Comparison of one lens with a package on one model.

    Args:
        lens: key.
        package: with its version.
        model: its name.
        numbers: that were compared.
        difference: the largest of any, as a share of the number where that is above 1.
    """

    lens: str
    package: str
    model: str
    numbers: int
    difference: float


def models() -> dict[str, AttentionModel]:
    """Bundled transformers, and one with MLP blocks and LayerNorm, trained here."""
    from pluriscope.analysis.subjects.transformer.training import train_attention
    from pluriscope.analysis.subjects.transformer.training_spec import AttentionSpec

    found: dict[str, Any] = {
        name: model
        for name, raw in bundled_models().items()
        if "2x4" not in name and "tracr" not in name and isinstance(model := read_subject(raw)[1], AttentionModel)
    }
    spec = AttentionSpec(task=task_named("other name"), d_mlp=8, layer_norm=True)
    return found | {"MLP and LayerNorm": train_attention(spec).model}


def python_of(folder: Path, package: str, needs: Sequence[str]) -> Path:
    """The Python of a package's own environment, made of torch and what it needs if it is not there."""
    place = folder / package
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", TORCH, *needs], check=True)
    return python


def version_in(python: Path, package: str) -> str:
    """The version of a package in an environment."""
    program = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


def run_package(python: Path, package: str, given: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a package on a model and its rows."""
    source, target = folder / "given.json", folder / "said.json"
    source.write_text(json.dumps(given))
    subprocess.run([python, "-P", _INNER, package, source, target], check=True, env=_environment())
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def given_of(model: AttentionModel) -> dict[str, Any]:
    """A model with rows and pairs of rows, as other packages are given it."""
    pairs = pairs_of(model, _PAIRS)
    document = json.loads(json.dumps(attention_document(model)))
    explained = some_of(len(model.tokens), 4).tolist()
    site = f"x{len(model.layers)}"
    learned: Any = asked(model, "sae", latents=_LATENTS).weights
    return {
        "document": document,
        "clean": pairs.clean.tolist(),
        "corrupt": pairs.corrupt.tolist(),
        "steps": _STEPS,
        "explained": explained,
        "backgrounds": explained,
        "autoencoder": learned[site],
        "price": _PRICE,
        "activations": run(model, model.tokens).values[site].reshape(-1, len(model.unembedding)).tolist(),
    }


def asked(model: Transformer, key: str, **given: Any) -> Any:
    """Answer of our lens."""
    lens, question = LENSES.of(TRANSFORMER)[key], GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules)
    found: Any = lens.answer(question, lens.filled(given)).view
    return found


def _rows(found: Any, names: Sequence[str], n: int) -> list[Any]:
    """The first so many columns of the rows with some names, of the first heat map that has them."""
    grids = reversed(found.grids)
    every = {row: values[:n] for grid in grids for row, values in zip(grid.rows, grid.values, strict=True)}
    return [every[name] for name in names]


def loss_of(activations: Any, learned: dict[str, Any]) -> float:
    """Loss that our autoencoder is trained by, of its exported weights."""
    encoder, bias, directions, centre = (np.array(learned[key]) for key in ("encoder", "bias", "directions", "centre"))
    target = np.array(activations)
    latents = np.maximum((target - centre) @ encoder.T + bias, 0.0)
    error = ((latents @ directions + centre - target) ** 2).sum(axis=1).mean()
    return float(error + _PRICE * latents.sum(axis=1).mean())


def compared(
    package: str, model: Transformer, given: dict[str, Any], said: dict[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Keys of lenses with our numbers and the package's."""
    layers, n = range(1, len(model.layers) + 1), model.tokens.shape[1]
    heads = [f"{layer}.{head}" for layer in layers for head in range(model.n_heads)]
    if package == "transformer-lens":
        patches = asked(model, "patching-table", pairs=_PAIRS)
        names = {"stream": [f"x{layer - 1}" for layer in layers], "mlps": [f"{layer}.mlp" for layer in layers]}
        known = [key for key in names if key in said]
        yield "patching-table", [_rows(patches, names[key], n) for key in known], [said[key] for key in known]
        for key, end in (("heads", ""), ("q", ".q"), ("k", ".k"), ("v", ".v"), ("patterns", ".a")):
            theirs = np.array(said[key])  # of [layer, position, head], but for patterns
            theirs = (theirs if key == "patterns" else theirs.swapaxes(1, 2)).reshape(len(heads), n)
            yield "patching-table", _rows(patches, [f"{head}{end}" for head in heads], n), theirs
        streams = [f"x{layer}" for layer in range(len(layers) + 1)]
        yield "logit-lens", _rows(asked(model, "logit-lens"), streams, n), said["lens"]
        direct = asked(model, "direct-attribution", pairs=_PAIRS)
        yield "direct-attribution", [row[0] for row in _rows(direct, heads, 1)], said["direct"]
    elif package == "captum":
        yield "integrated-gradients", asked(model, "integrated-gradients", rows=_PAIRS).grids[1].values, said["scores"]
    elif package == "sae-lens":
        yield "sae", [loss_of(given["activations"], given["autoencoder"])], [said["loss"]]
    elif package == "shap":
        yield "shapley", asked(model, "shapley", rows=4, backgrounds=4).grids[1].values, said["scores"]


def held(folder: Path, packages: Sequence[str]) -> Iterator[Held]:
    """Every lens on every model against every package."""
    for package in packages:
        python = python_of(folder, package, [PACKAGES[package]])
        version = version_in(python, package)
        for name, model in models().items():
            given, most = given_of(model), dict[str, tuple[int, float]]()
            said = run_package(python, package, given, folder)
            for key, ours, theirs in compared(package, model, given, said):
                one, other = np.array(ours, dtype=float), np.array(theirs, dtype=float)
                apart = float((np.abs(one - other) / np.maximum(1.0, np.abs(other))).max())
                before = most.get(key, (0, 0.0))
                most[key] = before[0] + one.size, max(before[1], apart)
            for key, (numbers, apart) in most.items():
                yield Held(key, f"{package} {version}", name, numbers, apart)


def table(found: Sequence[Held]) -> Iterator[str]:
    """Table in lines of Markdown: how many numbers were compared on each network, and their largest difference."""
    networks, rows = list(dict.fromkeys(one.model for one in found)), defaultdict[Any, dict[str, str]](dict)
    for one in found:
        rows[one.lens, one.package][one.model] = f"{one.numbers}: {one.difference:.0e}"
    yield f"| lens | package | {' | '.join(networks)} |"
    yield f"| --- | --- |{' --: |' * len(networks)}"
    for (lens, package), cells in rows.items():
        yield f"| `{lens}` | {package} | {' | '.join(cells[name] for name in networks)} |"


def same_names(folder: Path) -> Iterator[str]:
    """Rows of the table of packages as they come, beside lenses of one name, on one perceptron."""
    question, python = question_of("xor_pretrained"), python_of(folder, "names", _NAMED)
    ours = dict[str, Any]()
    for key in {name.split()[0] for name in NAMES}:
        lens = LENSES.by_key[key]
        view: Any = lens.answer(question, lens.filled({})).view
        if key == "probes":  # by layer, then by labelling, whose first row is the lowest bit
            ordered = sorted(view.rows, key=lambda row: (row["layer"], row["truth_table"][::-1]))
            ours[key] = [float(row["separable"]) for row in ordered]
        elif key == "layer-similarity":
            ours[key] = [row["cka"] for row in view.rows if (row["layer"], row["other"]) == ("layer 1", "layer 2")]
        else:
            ours[key] = view.scores
    said = run_package(python, "of-one-name", network_of(question) | {"steps": _STEPS}, folder)
    yield f"| lens | package, {date.today():%B %Y} | equal with | to | other by default | by up to |"
    yield "| --- | --- | --- | --: | --: | --: |"
    for name, settings in NAMES.items():
        key, package = name.split(" ", 1)
        theirs, by_default = said[name]
        to = "–" if theirs is None else f"{np.abs(np.array(theirs) - ours[key]).max():.0e}"
        usual = np.abs(np.array(by_default) - ours[key])
        other, *kind = package.split(", ")
        versioned = ", ".join([f"{other} {version_in(python, other)}", *kind])
        counted = f"{(usual > _EQUAL).sum()} of {usual.size} | {usual.max():.0e}"
        yield f"| `{key}` | {versioned} | {settings or '–'} | {to} | {counted} |"


# --- discovery programs on a suite


def network_of(question: Any) -> dict[str, Any]:
    """A network as programs are given it: weights or the file's document, rows, and edges in the order of bits."""
    names = [(*node.aliases, node.name)[0] for node in question.graph.nodes]
    edges = [[names[one.source], names[one.target], one.slot] for one in question.graph.edges]
    if isinstance(question, GraphQuestion):
        model, clean = question.subject, [*range(question.n_rows)]
        pairs = {"clean": clean, "corrupt": [partner_of(model.inputs, model.answers, row) for row in clean]}
        return {"edges": edges, "document": attention_document(model), **pairs}
    network, (rows, labels) = question.network, question.method_rows
    found = {name: [one.tolist() for one in getattr(network, name)] for name in ("weights", "biases")}
    kinds = map(network.function_of, range(1, len(network.weights) + 1))
    found["activations"] = [[FAMILIES[one.name].torch, [*one.parameters.values()]] for one in kinds]
    return {**found, "rows": rows.tolist(), "answers": labels.astype(int).tolist(), "clean": [], "corrupt": []}


def own_answer(question: Any, method: str, ablation: str) -> Any:
    """Our scores by the same method, or 1 for each edge that it keeps; None where it has no such ablation of ours."""
    ours = METHODS.named(method, question.kind)
    if isinstance(question, GraphQuestion):
        if ablation == "pairs" or (ablation == "none" and question.subject.blocks.sizes):
            return None  # only without biases and blocks nothing but zeros comes of no token
        rules = {**question.rules, "ablation": ablation.replace("none", "zero")}
        masked: Any = MaskedSpace(question.subject, question.subject.space(rules))
        answer = ours.answer(masked, ours.filled({} if method == "acdc" else {"loss": "cross-entropy"}))
    else:
        masked = MaskedPerceptron.of(question, ablation)
        answer = ours.answer(masked, ours.filled({"ablation": ablation}))
    return masked.graph.bits([answer.raw_mask])[0] * 1.0 if answer.scores is None else answer.scores


def programs(folder: Path, suite: Any) -> Iterator[str]:
    """Rows of the table of discovery programs; their answers are written beside the environments."""
    groups = defaultdict[Any, list[Any]](list)
    entries = defaultdict[str, Any](lambda: dict.fromkeys(one.name for one in suite.networks))  # None: not offered
    for program, needs in PROGRAMS.items():
        # EAP-IG takes transformers alone, and fails where a layer has one head
        known = [
            one for one in suite.networks if program != "eap-ig" or (one.rules and one.question.subject.n_heads > 1)
        ]
        asked = [network_of(one.question) for one in known]
        said: Any = run_package(python_of(folder, program, needs), program, asked, folder)
        for network, answers in zip(known, said, strict=True):
            question, graph = network.question, network.question.graph
            for key in sorted(answers):
                (method, ablation), theirs = key.split(), np.array(answers[key])
                scores = dict(zip(names_of(graph).numbers, np.abs(theirs).tolist(), strict=True))
                kept = {"mask": [edge for edge, score in scores.items() if score]}
                entries[f"{program}-{method}"][network.name] = kept if method == "acdc" else scores  # "zero" comes last
                group = groups[f"`{method}`", program, question.kind.plural, ablation.replace("none", "no token")]
                if (ours := own_answer(question, method, ablation)) is not None:
                    sign = 1.0 if ours @ theirs >= 0 else -1.0  # some differentiate a loss, some minus that
                    first, other = (sequence(strengths(x, signed=False), graph.ends, "top") for x in (ours, theirs))
                    apart = np.abs(ours - sign * theirs) / np.maximum(1.0, np.abs(ours))
                    group.append((first == other, apart.max()))
    for name, answers in entries.items():
        track = "runs" if name.endswith(("acdc", "exact-edge")) else "gradients"
        entry = {"suite": suite.digest, "name": f"{name} (published)", "track": track, "answers": answers}
        (folder / f"{name}.json").write_text(json.dumps(entry))
    yield f"| method | program | networks | {' | '.join(_CARRIED)} |"
    yield f"| --- | --- | --- |{' --: |' * len(_CARRIED)}"
    for row in sorted({(method, program, kind) for method, program, kind, _ in groups}):
        yield f"| {' | '.join((*row, *(_agreement(groups.get((*row, one))) for one in _CARRIED)))} |"


def _agreement(group: Sequence[tuple[bool, float]] | None) -> str:
    """The networks with the same order or mask, and the largest difference; – without answers of ours."""
    if not group:
        return "" if group is None else "–"
    return f"{sum(one for one, _ in group)} of {len(group)}: {max(one for _, one in group):.0e}"


def live(folder: Path) -> Iterator[str]:
    """Rows of the table of live models: each read here, and run in its package as circuits of it."""
    yield from ("| package | model | in | back, circuits |", "| --- | --- | --: | --: |")
    own = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())["project"]["dependencies"]
    known = [one for one in own if not one.startswith(("torch", "numpy"))]
    documents = [attention_document(one) for name, one in models().items() if name in _LIVE_MODELS]
    for name, (needs, kind) in LIVE.items():
        python = python_of(folder, name, [*needs, *known])
        package = "nnsight" if name == "nnsight" else "transformer-lens"
        given = {"rows": [], "answers": [], "clean": [], "corrupt": [], "models": kind, "documents": documents}
        said: Any = run_package(python, "live", given, folder)
        example = f"```python\n# with {package} {version_in(python, package)}\n"
        for snippet in LIBRARY.read_text().split(example)[1:]:
            subprocess.run([python, "-c", snippet.partition("```")[0]], check=True, env=_environment())
        for model in sorted({one for one, *_ in said}):
            read, back, circuits = zip(*(rest for one, *rest in said if one == model), strict=True)
            most = f"{max(read):.0e} | {max(back):.0e}, {sum(circuits)}"
            yield f"| {package} {version_in(python, package)} | {model} | {most} |"


def main(arguments: list[str] | None = None) -> int:
    """Compare, print, and write the table where all packages were asked."""
    parser = argparse.ArgumentParser(prog="benchmarks.other_packages", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("packages", nargs="*", choices=[*PACKAGES, []], default=[])
    parser.add_argument("--folder", type=Path, required=True, help="where environments are made, or lie from before")
    parser.add_argument("--suite", default="", help="whose networks discovery programs are asked about")
    parser.add_argument("--live", action="store_true", help="whether to read models and run them as circuits")
    parser.add_argument("--names", action="store_true", help="whether to ask packages with a lens's name by default")
    given = parser.parse_args(arguments)
    if given.names:
        mark, lines = "names", [*same_names(given.folder)]
    elif given.live:
        mark, lines = "live", [*live(given.folder)]
    elif given.suite:
        mark, lines = "programs", [*programs(given.folder, read_suite(given.suite))]
    else:
        mark, lines = "packages", [*table([*held(given.folder, given.packages or list(PACKAGES))])]
    print("\n".join(lines))
    if not given.packages:
        DOCUMENT.write_text(between_marks(DOCUMENT.read_text(), mark, lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
