"""Comparison of tests and results under the kernels that other processors would choose: verdicts must not differ.

NumPy, its OpenBLAS, torch with its MKL and oneDNN, and Numba choose their code by the processor at the start, and can
be set to choose what an older or other one would. Each variant below is one such choice, in processes of its own.
Under each the tests of the engine run, under four choices for all libraries at once the tests of everything, those that
train among them. Every result is written again: the golden networks under the protocol ``paper``, some of them under
``complete``, what counting without a list says of these, and what is asked of them: directions of every closed-form
class, and the criteria of the funnel; and of three networks of the small suite the truths, and what methods that do not
learn answer. All must be equal byte for byte, ids included.

    python -m benchmarks.kernels                          # all variants
    python -m benchmarks.kernels --only Haswell Prescott  # some; the first is what the others are held against
    python -m benchmarks.kernels results FOLDER           # the result files alone, under the environment as it is

Exit status: 0 if nothing differs and no test fails, else 1. A variant that this processor cannot run, or that did not
take effect, is named and left out.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import machine, machine_text

ROOT: Final = Path(__file__).resolve().parent.parent
FULL: Final = ("or_sigmoid_2-2", "xor_2-2-2", "xor_3", "xor_3-3_a")
"""Golden networks that are asked for criteria and directions; XORNet is added."""
DIRECTIONS: Final = ("xor_pretrained", "xor_relu_3-3", "xor_sigmoid_3-3", "xor_tanh_3-3")
"""Asked for directions: of each activation one in which oblique families have witnesses."""
SUITE: Final = ("disguised-compile-idle-split-0", "heads-sum-modulo-0", "xor-3-sigmoid-1")
"""Networks of the small suite of which truths and answers are made again."""
_MOVED: Final = ("kl", "seconds", "seconds_ratio")  # what a row of answers may say otherwise elsewhere
_OF_THE_RUN: Final = ("seconds", "began", "took", "created_at")  # fields of when it was made, and how long it took


@dataclass(frozen=True)
class Variant:
    """Choice of code by the libraries.

    Args:
        name: in the table.
        environment: variables that make the choice.
        needs: features of the processor, as Linux names them.
        expects: what the libraries must then say of themselves, by the keys of :func:`chosen`; one of several.
        whole: whether all tests of ``./run test`` but those with a browser run under it, not those of the engine alone.
    """

    name: str
    environment: Mapping[str, str]
    needs: frozenset[str] = frozenset()
    expects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    whole: bool = False


def variants() -> tuple[Variant, ...]:
    """Every variant, the plain one first."""
    avx2 = frozenset({"avx2", "fma"})
    # what each says of itself: builds without kernels for Zen take Haswell's, and Prescott's name is not kept
    blas: dict[str, tuple[frozenset[str], Sequence[str]]] = {
        "Haswell": (avx2, ["Haswell"]),
        "SkylakeX": (avx2 | {"avx512f", "avx512dq"}, ["SkylakeX"]),
        "Zen": (avx2, ["Zen", "Haswell"]),
        "Prescott": (frozenset(), ["Prescott", "Katmai"]),
    }
    n_cores = os.cpu_count() or 1
    return (
        Variant("as it is", {}),
        *(
            Variant(f"OpenBLAS {name}", {"OPENBLAS_CORETYPE": name}, frozenset(needs), {"openblas": says})
            for name, (needs, says) in blas.items()
        ),
        Variant("torch default", {"ATEN_CPU_CAPABILITY": "default"}, expects={"torch": ["DEFAULT"]}),
        Variant("torch avx2", {"ATEN_CPU_CAPABILITY": "avx2"}, avx2, {"torch": ["AVX2"]}),
        # what these then choose cannot be asked, only whether they are there
        Variant("MKL compatible", {"MKL_CBWR": "COMPATIBLE"}, expects={"mkl": ["True"]}),
        Variant("MKL avx2", {"MKL_CBWR": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}, avx2, {"mkl": ["True"]}),
        Variant("oneDNN sse", {"ONEDNN_MAX_CPU_ISA": "SSE41"}, expects={"onednn": ["True"]}),
        *(
            Variant(
                f"threads {n}",
                {"OMP_NUM_THREADS": str(n), "OPENBLAS_NUM_THREADS": str(n)},
                expects={"threads": [str(min(n, n_cores))]},
            )
            for n in (1, 2)
        ),
        Variant("NumPy baseline", {"NPY_DISABLE_CPU_FEATURES": chosen()["numpy"]}, expects={"numpy": [""]}),
        Variant(
            "Numba generic", {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}, expects={"numba": ["generic"]}
        ),
        *(Variant(f"hash seed {n}", {"PYTHONHASHSEED": str(n)}, expects={"hash": [_hash_under(n)]}) for n in (1, 2)),
        *(
            Variant(
                f"every library {torch}, threads {n}",
                {
                    "OPENBLAS_CORETYPE": core,
                    "ATEN_CPU_CAPABILITY": torch,
                    "MKL_CBWR": mkl,
                    "ONEDNN_MAX_CPU_ISA": onednn,
                    "OMP_NUM_THREADS": str(n),
                    "OPENBLAS_NUM_THREADS": str(n),
                },
                blas[core][0],
                {"openblas": blas[core][1], "torch": [torch], "threads": [str(min(n, n_cores))]},
                whole=True,
            )
            for core, torch, mkl, onednn, n in (
                ("Prescott", "default", "COMPATIBLE", "SSE41", 1),
                ("Haswell", "avx2", "AVX2", "AVX2", 1),
                ("Haswell", "avx2", "AVX2", "AVX2", 2),
                ("SkylakeX", "avx512", "AVX512", "AVX512_CORE", 2),
            )
        ),
    )


def chosen() -> dict[str, str]:
    """Code that the libraries of a process started now report to have chosen."""
    return _asked({})


def _asked(environment: Mapping[str, str]) -> dict[str, str]:
    done = _run(["-c", _PROBE], environment)
    if done.returncode:
        return {"fault": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}"}
    libraries: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return libraries


_PROBE: Final = """
import json, os, numpy, scipy.linalg, threadpoolctl, torch
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
pools = [pool for pool in threadpoolctl.threadpool_info() if pool["internal_api"] == "openblas"]
print(json.dumps({
    "openblas": ", ".join(sorted({pool["architecture"] for pool in pools})),
    "threads": ", ".join(sorted({str(pool["num_threads"]) for pool in pools})),
    "torch": torch.backends.cpu.get_cpu_capability(),
    "mkl": str(torch.backends.mkl.is_available()),
    "onednn": str(torch.backends.mkldnn.is_available()),
    "numpy": " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name]),
    "numba": os.environ.get("NUMBA_CPU_NAME", ""),
    "hash": str(hash("kernel")),
}))
"""


def _hash_under(seed: int) -> str:
    return _run(["-c", "print(hash('kernel'))"], {"PYTHONHASHSEED": str(seed)}).stdout.strip()


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A process of this interpreter and this tree; the variables of other variants are taken out."""
    chooses = (
        "OPENBLAS_CORETYPE",
        "ATEN_CPU_CAPABILITY",
        "MKL_CBWR",
        "MKL_ENABLE_INSTRUCTIONS",
        "ONEDNN_MAX_CPU_ISA",
        "NPY_DISABLE_CPU_FEATURES",
        "PYTHONHASHSEED",
        "NUMBA_CPU_NAME",
    )
    own = {key: value for key, value in os.environ.items() if key not in chooses}
    path = os.pathsep.join([str(ROOT), *([own["PYTHONPATH"]] if own.get("PYTHONPATH") else [])])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**own, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def taken(variant: Variant) -> tuple[bool, str]:
    """Whether a variant can be looked at here, and what was chosen under it or why it cannot."""
    missing = sorted(variant.needs - _features())
    if missing:
        return False, f"not on this processor: no {', '.join(missing)}"
    found = _asked(variant.environment)
    if "fault" in found:
        return False, f"not on this processor: {found['fault']}"
    for key, values in variant.expects.items():
        if found[key].casefold() not in [value.casefold() for value in values]:
            return (
                False,
                f"took no effect: {key} is {found[key] or 'nothing'}, not {' or '.join(values) or 'nothing'}",
            )
    level = found["numpy"].split()[-1] if found["numpy"] else "baseline"
    return True, f"{found['openblas']}/{found['threads']}, {found['torch']}, {level}"


def _features() -> frozenset[str]:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    return frozenset(next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), []))


# ---------------------------------------------------------------- results


def write_results(folder: Path, *, few: bool = False) -> None:
    """Every result file into a folder, without what says how long it took.

    Args:
        folder: made if it is missing.
        few: only XORNet's analysis, one network's directions and map, and the suite's, for a test.
    """
    from pluriscope.analysis.circuits.counting import count_circuits
    from pluriscope.analysis.network_files.files import network_file_json
    from pluriscope.analysis.running.work import DEFAULT_WORK
    from pluriscope.analysis.subjects.perceptron.question import ask
    from pluriscope.app.bundled import bundled_networks
    from pluriscope_bench.suite_files import read_suite
    from pluriscope_bench.suite_making import known
    from pluriscope_studies.analysis.sources import CONVERGED
    from tests.golden_files import NAMES, golden_network

    folder.mkdir(parents=True, exist_ok=True)
    files = {name: golden_network(name) for name in NAMES}
    files["alice-and-bob"] = next(one for one in bundled_networks() if one.slug == "alice-and-bob").file
    full = [*FULL, "alice-and-bob"]
    commands = {
        "complete": (("analyse", "{file}", "--output", "-"), full),
        "paper": (("analyse", "{file}", "--output", "-", "--protocol", "paper"), list(NAMES)),
        "directions": (("ask", "directions", "{file}", "--json"), [*full, *DIRECTIONS]),
        "funnel": (("ask", "funnel", "{file}", "--json"), full),
    }
    if few:
        commands = {
            "complete": (commands["complete"][0], full[-1:]),
            "directions": (commands["directions"][0], FULL[2:3]),
        }
    for name in full[-1:] if few else full:
        found = count_circuits(ask(files[name].network, task=files[name].tasks[0]), n_draws=100)
        counted = [asdict(found.distribution), found.masks.tolist()]
        (folder / f"counted {name}.json").write_text(json.dumps(counted, indent=1))
    for network in (read_suite().by_name[name] for name in SUITE):
        made = known(0, network.seed, CONVERGED, network, DEFAULT_WORK)
        answers = [row for row in made["answers"] if row["method"] != "edge-pruning"]  # which learns, with torch
        content = [made["truth_digest"], made["truths"], [{**row, **dict.fromkeys(_MOVED)} for row in answers]]
        (folder / f"suite {network.name}.json").write_text(json.dumps(content, indent=1))
    for title, (arguments, names) in commands.items():
        for name in names:
            source = folder / f"{title} {name}.network"
            source.write_text(json.dumps(network_file_json(files[name])))
            said = _printed([one.format(file=source) for one in arguments])
            source.with_suffix(".json").write_text(json.dumps(_timeless(json.loads(said)), indent=1))
            source.unlink()


def _printed(arguments: Sequence[str]) -> str:
    """Output of ``pluriscope`` in this process: starting one for each network would take longer than they do."""
    from pluriscope.app.cli.commands import run

    printed = io.TextIOWrapper(io.BytesIO(), write_through=True)  # as a stream of a process, with its buffer
    with contextlib.redirect_stdout(printed):
        ended = run([*arguments, "--quiet"])
    if ended not in (0, 3):  # 3: it stopped at a limit, and the result says so
        raise RuntimeError(f"{' '.join(arguments)} ended with {ended}")
    return printed.buffer.getvalue().decode()


def _timeless(value: Any) -> Any:
    """A document without its timings."""
    if isinstance(value, dict):
        return {key: _timeless(inner) for key, inner in value.items() if key not in _OF_THE_RUN}
    return [_timeless(inner) for inner in value] if isinstance(value, list) else value


def differences(one: Path, other: Path) -> list[str]:
    """Names of the files that differ between two folders of results, or are only in one."""
    files = [{path.name: path.read_bytes() for path in folder.glob("*.json")} for folder in (one, other)]
    return [name for name in sorted({*files[0], *files[1]}) if files[0].get(name) != files[1].get(name)]


# ---------------------------------------------------------------- every variant


def compare(chosen_variants: Sequence[Variant], *, few: bool = False) -> int:
    """Run every variant and say what came of it; 1 if anything differs or fails, else 0.

    Args:
        chosen_variants: the first is what the others are held against.
        few: seven small result files and no tests of the engine.
    """
    print(machine_text(machine()), flush=True)
    first, fine = None, True
    with tempfile.TemporaryDirectory(prefix="kernels-") as scratch:
        for number, variant in enumerate(chosen_variants):
            can, says = taken(variant)
            print(f"{variant.name}: {says}", flush=True)
            if not can:
                continue
            folder = Path(scratch) / str(number)
            steps = [["-m", "benchmarks.kernels", "results", str(folder), *(["--few"] if few else [])]]
            if not few:
                those, where = ("release", ["tests", "plugins"]) if variant.whole else ("slow", ["tests/analysis"])
                steps.append(["-m", "pytest", "--tb=short", "-m", f"not {those} and not browser", *where])
            for step in steps:
                done = _run(step, variant.environment)
                if done.returncode:
                    print(f"FAILED: {' '.join(step)}\n{done.stdout[-4_000:]}{done.stderr[-4_000:]}", flush=True)
                    fine = False
            first = first or folder
            unlike = differences(first, folder)
            fine = fine and not unlike
            print(f"  {len(list(folder.glob('*.json')))} files", *(f"  DIFFERS: {name}" for name in unlike), sep="\n")
    print("nothing differs" if fine else "SOMETHING DIFFERS OR FAILS")
    return 0 if fine else 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("action", nargs="?", choices=("compare", "results"), default="compare")
    parser.add_argument("folder", nargs="?", type=Path, help="of results: where the result files go")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="variants whose name contains one of these"
    )
    parser.add_argument("--few", action="store_true", help="seven small result files and no tests, for a test")
    given = parser.parse_args(arguments)
    if given.action == "results":
        if given.folder is None:
            parser.error("results needs a folder")
        write_results(given.folder, few=given.few)
        return 0
    known = variants()
    wanted = [v for v in known if not given.only or any(part in v.name for part in given.only)]
    if not wanted:
        parser.error(f"no such variant; there are {', '.join(v.name for v in known)}")
    return compare(wanted, few=given.few)


if __name__ == "__main__":
    sys.exit(main())
