"""``python -m benchmarks.producers``: files that packages wrote, brought to every door and held against the packages.

    python -m benchmarks.producers                                   all of them, in a temporary folder
    python -m benchmarks.producers --folder /somewhere keras jax     those that ``keras_rows.py`` and another make
    python -m benchmarks.producers --folder /somewhere --again       files that lie there, after a change of ours
    python -m benchmarks.producers --folder /somewhere --write       the table in docs/importing.md, too
    python -m benchmarks.producers --folder /somewhere --keep        the small files of the tests, too

Each script has an environment of its own in the folder, without Pluriscope. Whatever is not as it should be is printed,
with the refusal; where that has lines that make another file, they are run and that file is read in its place.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from fastapi.testclient import TestClient

import pluriscope
from benchmarks.parity import ROOT, between_marks
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.app.cli import main as run_command
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings

DOCUMENT: Final = ROOT / "docs" / "importing.md"
FIXTURES: Final = ROOT / "tests" / "fixtures" / "producers"
TORCH: Final = "torch==2.13.0"
NEEDS: Final[Mapping[str, str]] = {
    "torch": f"{TORCH} numpy==2.4.6 safetensors==0.8.0 lightning==2.6.6 accelerate==1.15.0 pytorch-ignite==0.5.5 "
    "skorch==1.4.0 pyro-ppl==1.9.2 laplace-torch==0.3 nflows==0.14 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 "
    "onnxconverter-common==1.16.0",
    "jax": "jax==0.10.2 flax==0.12.8 dm-haiku==0.0.17 equinox==0.13.8 optax==0.2.8 orbax-checkpoint==0.12.8 "
    "flatbuffers safetensors==0.8.0",
    "keras": "keras==3.15.1 tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 safetensors==0.8.0",
    "sklearn": "scikit-learn==1.9.1 joblib==1.6.0 skops==0.16.0 skl2onnx==1.20.0",
    "paddle": "paddlepaddle==3.3.1 setuptools",
    "mlx": "mlx[cpu]==0.32.4 numpy",
    "tinygrad": "tinygrad==0.14.0 numpy",
    "rl": f"{TORCH} stable-baselines3==2.9.2 gymnasium==1.4.0",
    "quant": f"{TORCH} brevitas==0.13.4 torchao==0.18.0 optimum-quanto==0.2.7",
    "openvino": "openvino==2026.4.1",
    "coreml": f"{TORCH} coremltools==9.0",
    "fastai": f"{TORCH} fastai==2.8.12",
    "thinc": "thinc==9.1.1",
    "executorch": f"{TORCH} executorch==1.5.1",
    "plain": "numpy==2.4.6 gguf==0.19.0 scipy h5py==3.16.0",
    "node": "numpy==2.4.6",
}
"""Packages of the environments, each of which runs the script of its name or few_rows.py; tinygrad needs clang, too."""
NPM: Final = ("brain.js@1.6.1", "@tensorflow/tfjs@4.22.0")
NEAR: Final = 1e-5
_MOST_KEPT: Final = 20_000  # bytes
_CODE: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Read:
    """What a door made of a file: the network's digest and outputs ``[rows, outputs]``, or a refusal."""

    digest: str = ""
    outputs: Any = None
    refusal: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of a file; ``as_it_should`` is false where it should be something else."""

    told: Mapping[str, Any]
    words: str
    as_it_should: bool
    message: str = ""


def expected(told: Mapping[str, Any]) -> Any:
    """What the package answers, as Pluriscope says it: behind logits a sigmoid, of two classes the second's chance."""
    answers, output_is = np.array(told["answers"]), told["given"].get("output_is")
    if output_is == "classes":
        answers = np.diff(answers)
    return 1 / (1 + np.exp(-answers)) if output_is in ("logit", "classes") else answers


def by_library(path: Path, options: Mapping[str, str]) -> Read:
    """Read it as in a notebook."""
    declared: dict[str, Any] = dict(options)
    if slope := declared.pop("negative_slope", None):
        declared["negative_slope"] = float(slope)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = pluriscope.explain(path, seconds=0.1, **declared)
    except AnalysisError as problem:
        return Read(refusal=str(problem).replace(str(path), path.name))
    return Read(
        result.network_file.network.digest, forward(result.network_file.network, result.question.data.representatives)
    )


def by_command(path: Path, options: Mapping[str, str]) -> Read:
    """Read it by ``pluriscope analyse``."""
    given = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    output, said = path.parent.with_name("result.json"), io.StringIO()
    shutil.rmtree(output, ignore_errors=True)  # of a folder, which is taken for one of networks, it becomes another
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        run_command(["analyse", str(path), "--seconds", "0.1", "--output", str(output), *given])
    if output.is_file():
        digest = json.loads(output.read_text())["network"]
        output.unlink()
        return Read(digest)
    return Read(refusal=said.getvalue().replace(str(path), path.name))


def over_http(client: TestClient, path: Path, options: Mapping[str, str]) -> Read:
    """Read it by an upload."""
    answer = client.post("/api/v2/networks", content=path.read_bytes(), params=options).json()
    return Read(answer["digest"]) if "digest" in answer else Read(refusal=json.dumps(answer, ensure_ascii=False))


def at_every_door(client: TestClient, path: Path, options: Mapping[str, str]) -> Read:
    """What the library makes of a file; others that make something else of it are said to refuse."""
    read = by_library(path, options)
    others = {"command": by_command(path, options)}
    if path.is_file():
        others["HTTP"] = over_http(client, path, options)
    unlike = [f"{door}: {other}" for door, other in others.items() if other.digest != read.digest]
    return Read(read.digest, None, f"library: {read}; {'; '.join(unlike)}") if unlike else read


def equal(read: Read, told: Mapping[str, Any]) -> bool:
    """Whether outputs and decisions are the package's."""
    wanted = expected(told)
    if read.outputs is None or read.outputs.shape != wanted.shape:
        return False
    same = np.array_equal(read.outputs > 0.5, wanted > 0.5)
    return bool(same and np.allclose(read.outputs, wanted, atol=NEAR, rtol=0))


def judged(client: TestClient, told: Mapping[str, Any], folder: Path, script: str) -> Outcome:
    """What comes of a file, said as its user would."""
    path, given = Path(told["file"]), {"encoding": "0, 1"} | told["given"]
    read = at_every_door(client, path, given)
    if not read.refusal:
        fine = equal(read, told)
        seen = "" if fine else f"{read.outputs.round(4).tolist()}, not {expected(told).round(4).tolist()}"
        return Outcome(told, "read and equal" if fine else "read and different", fine, seen)
    asked = told["asked"]
    if asked and all(re.search(rf"\b{name}\b", read.refusal) for name in asked):
        again = at_every_door(client, path, given | asked)
        fine = equal(again, told)
        words = f"asked: {', '.join(f'`{name}`' for name in asked)}" if fine else "asked, and then not equal"
        return Outcome(told, words, fine, "" if fine else f"{read.refusal} … {again}")
    if not told["named"] or told["named"].lower() not in read.refusal.lower():
        return Outcome(told, "refused", as_it_should=False, message=read.refusal)
    words, fine, message = with_cure(client, told, read.refusal, folder, script)
    return Outcome(told, f"refused by name{words}", fine, message)


def with_cure(
    client: TestClient, told: Mapping[str, Any], refusal: str, folder: Path, script: str
) -> tuple[str, bool, str]:
    """What comes of the lines in a refusal, run where the file was made."""
    path = Path(told["file"])
    program = "\n".join(filter(_is_code, _CODE.findall(refusal)))
    if "FILE" not in program:
        return "", True, refusal
    before = set(path.parent.iterdir())
    python = sys.executable if "pluriscope" in program else environment(folder, script)
    call = [python, "-c", program.replace("FILE", path.name)]
    done = subprocess.run(call, cwd=path.parent, capture_output=True, text=True)
    made = sorted(set(path.parent.iterdir()) - before)
    if done.returncode or not made:
        return ", its cure fails", False, f"{refusal}\n{program}\n{done.stderr[-600:]}"
    again = at_every_door(client, made[0], {"encoding": "0, 1"} | told["given"] | told["asked"])
    fine = equal(again, told)
    made[0].unlink()
    return (", its cure read and equal" if fine else ", its cure not equal"), fine, f"{refusal}\n{again}"


def _is_code(text: str) -> bool:
    """Whether words of a refusal are a statement, and no name."""
    with contextlib.suppress(SyntaxError):
        compile(text, "refusal", "exec")
        return bool(set("= (") & set(text))
    return False


def environment(folder: Path, script: str) -> Path:
    """The Python of a script's own environment, made if it is not there."""
    python = folder / script / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / script], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *NEEDS[script].split()], check=True)
        if script == "torch":  # some ask for it, none of the rows needs it, and it fits one build of torch alone
            subprocess.run([python, "-m", "pip", "uninstall", "-qy", "torchvision"], check=True)
        if script == "node":
            subprocess.run(["npm", "install", "--prefix", folder / script, *NPM], check=True)
    return python


def files_of(folder: Path, script: str, keys: Sequence[str], *, again: bool) -> list[dict[str, Any]]:
    """What a script makes, or made before, with what is said beside it and what its package answers."""
    made = folder / "files" / script
    if again:
        return [one for one in json.loads((made / "rows.json").read_text()) if not keys or one["key"] in keys]
    for key in keys or ("",):
        shutil.rmtree(made / key, ignore_errors=True)
    made.mkdir(parents=True, exist_ok=True)
    inner = Path(__file__).with_name(f"{script}_rows.py")
    inner = inner if inner.exists() else inner.with_name("few_rows.py")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (made / "output.txt").open("w") as said:
        subprocess.run(
            [environment(folder, script), inner, made, *keys], env=clean, stdout=said, stderr=said, check=True
        )
    rows: list[dict[str, Any]] = json.loads((made / "rows.json").read_text())
    return rows


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each package: its ways to save by what comes of them, the worse of its networks."""
    kinds = ["read and equal", "asked", "refused by name", "not as it should be"]
    ways: dict[str, dict[str, tuple[str, str]]] = {}
    for one in outcomes:
        kind = next((kind for kind in kinds[:3] if one.as_it_should and one.words.startswith(kind)), kinds[3])
        how = one.told["how"] + (": " + ", ".join(f"`{name}`" for name in one.told["asked"])) * (kind == "asked")
        of = ways.setdefault(f"{one.told['package']} {one.told['version'].partition('+')[0]}", {})
        if kinds.index(kind) >= kinds.index(of.get(one.told["key"], (kinds[0], ""))[0]):
            of[one.told["key"]] = (kind, how)
    yield f"||{'|'.join(kinds)}|"
    yield f"|---|{'---|' * len(kinds)}"
    for package, of in ways.items():
        cells = (", ".join(how for found, how in of.values() if found == kind) for kind in kinds)
        yield f"|{package}|{'|'.join(cells)}|"


def keep(outcomes: Sequence[Outcome], names: Sequence[str]) -> None:
    """Write small files for the tests, of those named or there already, and what they are and the packages answer."""
    kept = {one["name"]: one for one in json.loads((FIXTURES / "rows.json").read_text())}
    for one in outcomes:
        path, name = Path(one.told["file"]), f"{one.told['key']}-{one.told['sizes']}"
        if name in (names or kept) and path.stat().st_size < _MOST_KEPT:
            shutil.copyfile(path, FIXTURES / f"{name}{path.suffix}")
            kept[name] = {"name": name, **one.told, "file": f"{name}{path.suffix}"}
    text = ",\n".join(json.dumps(one, ensure_ascii=False) for _, one in sorted(kept.items()))
    (FIXTURES / "rows.json").write_text(f"[{text}]\n")


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scripts", nargs="*", default=list(NEEDS), metavar="SCRIPT")
    parser.add_argument("--folder", type=Path, help="for environments and files; a temporary one")
    parser.add_argument("--again", action="store_true", help="read files that were made before once more")
    parser.add_argument("--rows", nargs="*", default=[], help="keys of rows; all of the scripts")
    parser.add_argument("--write", action="store_true", help="write the table in docs/importing.md")
    parser.add_argument("--keep", nargs="*", metavar="KEY-SIZES", help="write fixtures: these, or those there")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    folder = (options.folder or Path(tempfile.mkdtemp())).absolute()
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    with TestClient(
        create_app(Settings(data=data)), base_url="http://127.0.0.1", client=("127.0.0.1", 50_000)
    ) as client:
        for script in options.scripts:
            for told in files_of(folder, script, options.rows, again=options.again):
                if "failed" in told:
                    print(f"--- {told['key']} {told['sizes']}: not made: {told['failed'].splitlines()[-1][-300:]}")
                    continue
                one = judged(client, told, folder, script)
                print(f"{'   ' if one.as_it_should else '!! '}{told['key']} {told['sizes']}: {one.words}")
                if one.message and not (outcomes and outcomes[-1].message == one.message):
                    print("       ", one.message)
                outcomes.append(one)
    if options.keep is not None:
        keep(outcomes, options.keep)
    if options.write:
        lines = [f"Of {date.today():%-d %B %Y}.", "", *table(outcomes)]
        DOCUMENT.write_text(between_marks(DOCUMENT.read_text(), "producers", lines))


if __name__ == "__main__":
    main()
