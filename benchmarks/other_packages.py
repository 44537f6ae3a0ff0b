"""``python -m benchmarks.other_packages``: lenses on transformers held against the packages that others use.

    python -m benchmarks.other_packages --folder /somewhere          all packages, each in an environment of its own
    python -m benchmarks.other_packages --folder /somewhere shap     one of them

Nothing is downloaded but packages; models are made by hand from their sizes and given our weights. Writes the table
between the marks of docs/scope.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from analysis.lenses.on_models import Grids

from analysis.lenses.registry import LENSES
from analysis.method_settings import filled
from analysis.subjects.registry import read_subject
from analysis.subjects.transformer.files import attention_document
from analysis.subjects.transformer.model import AttentionModel
from analysis.subjects.transformer.runs import pairs_of, run
from analysis.subjects.transformer.tasks import task_named
from analysis.subjects.transformer.weights import Transformer
from analysis.work import DEFAULT_WORK
from app.bundled import bundled_models
from benchmarks.parity import DOCUMENT

TORCH: Final = "torch==2.13.0"
PACKAGES: Final = {
    "transformer-lens": "transformer-lens<4",
    "captum": "captum",
    "shap": "shap",
    "sae-lens": "sae-lens",
    "tuned-lens": "tuned-lens",
}
CANNOT: Final = {
    "tuned-lens": "reads models of Hugging Face alone and learns its map by divergence, where ours is that of least "
    "squares"
}
_PAIRS: Final = 16
_STEPS: Final = 128
_LATENTS: Final = 8
_PRICE: Final = 0.03  # of the latents' sum, as by default
_INNER: Final = Path(__file__).with_name("in_other_package.py")


@dataclass(frozen=True)
class Held:
    """One lens held against a package on one model.

    Args:
        lens: key.
        package: with its version.
        model: its name.
        numbers: that were compared.
        difference: the largest of any, as a share of the number where that is above 1; None where it could not be.
        why: it could not be.
    """

    lens: str
    package: str
    model: str
    numbers: int
    difference: float | None
    why: str = ""


def models() -> dict[str, AttentionModel]:
    """Bundled transformers, and one with MLP blocks and LayerNorm, trained here."""
    from analysis.subjects.transformer.training import train_attention
    from analysis.subjects.transformer.training_spec import AttentionSpec

    found: dict[str, Any] = {
        name: read_subject(raw)[1]
        for name, raw in bundled_models().items()
        if "2x4" not in name and "tracr" not in name
    }
    spec = AttentionSpec(task=task_named("other name"), d_mlp=8, layer_norm=True)
    return found | {"MLP and LayerNorm": train_attention(spec).model}


def python_of(folder: Path, package: str) -> Path:
    """The Python of a package's own environment, made if it is not there."""
    place = folder / package
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", TORCH, PACKAGES[package]], check=True)
    return python


def said_by(python: Path, package: str, given: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What a package says of a model and its rows."""
    source, target = folder / "given.json", folder / "said.json"
    source.write_text(json.dumps(given))
    subprocess.run([python, "-P", _INNER, package, source, target], check=True)
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def given_of(model: AttentionModel) -> dict[str, Any]:
    """A model with rows and pairs of rows, as other packages are given it."""
    pairs = pairs_of(model, _PAIRS)
    document = json.loads(json.dumps(attention_document(model)))
    explained = (np.arange(4) * len(model.tokens) // 4).tolist()
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


def asked(model: Transformer, key: str, **given: Any) -> Grids:
    """What our lens says."""
    on_models: Any = LENSES.by_key[key].on_models
    found: Grids = on_models.answer(model, filled(on_models.settings, given, key), DEFAULT_WORK)
    return found


def _rows(found: Grids, names: Sequence[str], n: int) -> list[Any]:
    """The first so many columns of the rows with some names, of the first heat map that has them."""
    grids = reversed(found.grids)
    every = {row: values[:n] for grid in grids for row, values in zip(grid.rows, grid.values, strict=True)}
    return [every[name] for name in names]


def loss_of(activations: Any, learned: dict[str, Any]) -> float:
    """What our autoencoder is trained by, of its exported weights."""
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
        if package in CANNOT:
            yield Held("affine-lens", package, "any", 0, None, CANNOT[package])
            continue
        python = python_of(folder, package)
        version = subprocess.run(
            [python, "-c", f"from importlib.metadata import version; print(version({package!r}))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for name, model in models().items():
            given, most = given_of(model), dict[str, tuple[int, float]]()
            said = said_by(python, package, given, folder)
            for key, ours, theirs in compared(package, model, given, said):
                one, other = np.array(ours, dtype=float), np.array(theirs, dtype=float)
                apart = float((np.abs(one - other) / np.maximum(1.0, np.abs(other))).max())
                before = most.get(key, (0, 0.0))
                most[key] = before[0] + one.size, max(before[1], apart)
            for key, (numbers, apart) in most.items():
                yield Held(key, f"{package} {version}", name, numbers, apart)


def table(found: Sequence[Held]) -> str:
    """As Markdown."""
    rows = ["| lens | package | network | numbers | largest difference |", "| --- | --- | --- | --: | --: |"]
    for one in found:
        told = one.why or f"{one.difference:.0e}"
        rows.append(f"| `{one.lens}` | {one.package} | {one.model} | {one.numbers or '–'} | {told} |")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    """Compare, print, and write the table where all packages were asked."""
    parser = argparse.ArgumentParser(prog="benchmarks.other_packages", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("packages", nargs="*", choices=[*PACKAGES, []], default=[])
    parser.add_argument("--folder", type=Path, required=True, help="where environments are made, or lie from before")
    given = parser.parse_args(arguments)
    found = list(held(given.folder, given.packages or list(PACKAGES)))
    told = table(found)
    print(told)
    if not given.packages:
        head, rest = DOCUMENT.read_text().split("<!-- table: packages -->\n")
        DOCUMENT.write_text(
            f"{head}<!-- table: packages -->\n\n{told}\n\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
