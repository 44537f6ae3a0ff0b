"""``python -m benchmarks.capabilities``: what can be asked about networks of each graph by each grain, by asking it.

    python -m benchmarks.capabilities                   print the matrix, a line for each capability
    python -m benchmarks.capabilities --against FILE    print each cell of a matrix that said yes and says no now

A column is a network and a grain, what its circuits are made of. A cell is ``yes`` where the capability was run and
gave an answer, else why there is none. Networks are the files below, and the first bundled one of each further kind;
grains are those that the rules admit. Exit status with ``--against``: 1 if a cell said yes and says no now, else 0.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pluriscope
from benchmarks.own_server import ROOT
from pluriscope.addresses.address import Addresses
from pluriscope.analyses.registry import EVERY as ANALYSES
from pluriscope.analysis.criteria.registry import EVERY as CRITERIA
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.edits.edit import Named
from pluriscope.analysis.edits.registry import EDITS
from pluriscope.analysis.errors import ExplainedError
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS
from pluriscope.analysis.running.limits import DEFAULT_LIMITS
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS, read_subject
from pluriscope.app.bundled import bundled_models
from pluriscope.app.offline.kernel import answer, site_of
from pluriscope.app.pages.sharing.targets import read_target
from pluriscope.app.pages.sharing.verifying import verify
from pluriscope.library.circuits import ByVariables, Interpretation
from pluriscope_edits.making import edited
from pluriscope_methods.lenses.registry import LENSES

YES: Final = "yes"
BUNDLED: Final = ROOT / "app" / "bundled"
GOLDEN: Final = ROOT / "tests" / "golden"
FILES: Final = (
    BUNDLED / "xor-2-2-2.json",
    GOLDEN / "one-machine" / "twin-shifted-classifier.json",
    BUNDLED / "models" / "parity-3-elman.json",
    BUNDLED / "models" / "bars-4x4-conv.json",
    BUNDLED / "models" / "majority-5-attention.json",
    ROOT / "plugins" / "stories" / "pluriscope_stories" / "known" / "networks" / "repeat-2-gru.json",
)
EVERY_NTH: Final = {"majority-5-attention": 4}
"""Of the rows of its task, where placements on all of them take minutes."""
SEVERAL_OUTPUTS: Final = {"xor-2-2-2": BUNDLED / "xor-or-imp-3-3.json"}
"""Networks to ask for a second output, where the one that is asked all else has but one."""
ROWS: Final = BUNDLED / "xor-pretrained.data.json"
EDITED_WITH: Final[Mapping[str, Sequence[Mapping[str, str]]]] = {
    "manual": [{"file": "changes.json"}],
    "transplant": [{"source": "noisy"}],
    "trojan": [{"trigger": "A=1:1"}, {"trigger": "0=1:0"}],
    "unlearn": [{"steps": "3000"}],
    "zero": [{"where": "W1[0]"}, {"where": "0.0"}],
    "deceive": [{"neuron": "1.1", "moves": "0.5", "room": "0.49"}],
}
"""Settings of edits that have no usual value or change nothing under it: several where networks differ in names."""
ELSEWHERE: Final = {("bars-4x4-conv", "lenses: dictionaries"): "takes minutes: it is asked of smaller networks"}
"""Cells that are left out, with the reason."""
_SECONDS: Final = 30.0
_MATRIX: Final = "capability"


@dataclass(frozen=True)
class Asked:
    """A network that is asked by one grain.

    Args:
        path: of its file.
        rules: as :func:`pluriscope.explain` takes them.
        folder: for files.
    """

    path: Path
    rules: Any
    folder: Path

    @cached_property
    def result(self) -> Any:
        """Everything found; where there are sites, with the placements on them, so that they are searched once."""
        found = self.explained()
        if found.offers("sites"):
            self.analyses["algorithms"] = found.ask("algorithms")
            found.found["placements"] = self.analyses["algorithms"].model_dump(mode="json")
        return found

    def explained(self, **more: Any) -> Any:
        """The result under further arguments."""
        return pluriscope.explain(**{"model": self.path, "protocol": self.rules, "seconds": _SECONDS, **more})

    @cached_property
    def analyses(self) -> dict[str, Any]:
        """Reports so far, by key."""
        return {}

    def report(self, key: str) -> Any:
        """The report of an analysis, which is made once."""
        if key not in self.analyses:
            self.analyses[key] = self.result.ask(key)
        return self.analyses[key]

    def page(self, address: str) -> bool:
        """Whether a page is shown of this result, with what the store has of it.

        Raises:
            Refused: it is not, in its own words.
        """
        head, body = answer(site_of(self.result), address, {"accept": "application/json"})
        if head["status"] != 200:
            raise Refused(json.loads(body).get("error", body.decode()))
        return bool(body)


class Refused(Exception):
    """What is asked for is refused, in a sentence."""


Row = tuple[str, Callable[[Asked], Any]]
"""A capability, and how it is asked for: what it returns is true where there is an answer."""


def _some(asked: Asked, kind: str) -> list[Any]:
    """The first, the smallest and the last explanation of a kind."""
    found = getattr(asked.result, f"{kind}s")
    small = [*found.smallest[:1]] if kind == "circuit" else []
    return [*small, *found[:1], *(found[len(found) - 1 :])]


def _decided(asked: Asked, kind: str, key: str) -> bool:
    """Whether a criterion decides one of the explanations of a kind."""
    some = _some(asked, kind)
    if not some:
        raise Refused(f"there is no {kind} to judge")
    verdicts = [one.verdict(key) for one in some]
    if any(one.outcome in ("passed", "failed") for one in verdicts):
        return True
    raise Refused(f"{verdicts[0].outcome.replace('_', ' ')}: {verdicts[0].reason}")


def _with_method(asked: Asked, key: str) -> bool:
    """Whether a discovery method answers with a circuit."""
    (claim,) = asked.result.audit([key])["claims"]
    if claim.get("mask") or claim.get("raw_mask"):
        return True
    raise Refused(claim.get("note") or claim["outcome"])


def _looked(asked: Asked, key: str) -> bool:
    """Whether a lens shows something under its usual settings."""
    question = asked.result.question
    if key in (refusals := LENSES.refusals(question.kind)):
        raise Refused(refusals[key])
    lens = LENSES.of(question.kind)[key]
    found = lens.answer(question, lens.defaults)
    if found.view is not None:
        return True
    raise Refused(f"{found.outcome}: {' '.join(found.notes)}")


def _edited(asked: Asked, key: str) -> bool:
    """Whether an edit changes the network, under the first settings that it takes."""
    question = asked.result.question

    def noisy(_: str) -> Any:
        return edited("noise", question, {}).subject

    named = Named(noisy, lambda _: b'[{"layer": 1, "neuron": 0, "source": 1, "value": 0.5}]')
    *some, last = EDITED_WITH.get(key, [{}])
    for settings in some:
        with suppress(ExplainedError):
            return edited(key, question, settings, named).record.rule == key
    return edited(key, question, last, named).record.rule == key


def _written_again(asked: Asked) -> bool:
    """Whether the first algorithm is placed as a text that somebody wrote."""
    texts = [asked.result.algorithms[0].formula]
    return bool(asked.explained(algorithms=texts).algorithms)


def _verified(asked: Asked) -> bool:
    """Whether a circuit's address is computed anew and equals what is stored."""
    address = asked.result.circuits[0].address
    with site_of(asked.result).app.state.store.read() as session:
        found = verify(session, Addresses(), read_target(address, Addresses()))
    if found.verdict == "equal":
        return True
    raise Refused(found.found)


def _saved(asked: Asked) -> bool:
    path = asked.result.save(asked.folder / "result.json")
    return bool(pluriscope.load(path) == asked.result)


def _exported(asked: Asked) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = pluriscope.export(asked.path, asked.folder / "network.json")
    again = pluriscope.explain(path, protocol=asked.rules)
    return bool(again.question.digest == asked.result.question.digest)


def _tables(asked: Asked) -> bool:
    asked.result.save_tables(asked.folder / f"tables-{time.monotonic_ns()}")
    return True


def _plan(asked: Asked) -> bool:
    question = asked.result.question
    (plan,) = question.kind.explaining.plan([question], DEFAULT_LIMITS, time.perf_counter)
    return bool(plan.stages)


def _page_of(asked: Asked, name: str, *refs: int) -> bool:
    """Whether a page is shown: of the network, or of so many circuits."""
    one = asked.result
    given = ([circuit.ref for circuit in one.circuits[: refs[0]]],) if refs else ()
    return asked.page(getattr(one.addresses, name)(one.network_key, *given, scope=one.scope))


def _compared(asked: Asked, kind: str) -> bool:
    """Whether the first and the last of a kind are held against each other, be it without a difference."""
    found = getattr(asked.result, f"{kind}s")
    if len(found) < 2:
        raise Refused(f"there are no two {kind}s")
    return asked.result.compare(found[0], found[len(found) - 1]) is not None


def _readings(asked: Asked, of: type) -> bool:
    found = asked.result.interpretations[:1]
    if found and not isinstance(found[0], of):
        raise Refused("interpretations of this network are of another kind")
    return bool(found)


def _listed(asked: Asked, kind: str) -> bool:
    return len(getattr(asked.result, kind)) > 0


def _first(asked: Asked, kind: str, what: str, *given: Any) -> Any:
    """What the first explanation of a kind has under a name."""
    some = _some(asked, kind)
    if not some:
        raise Refused(f"there is no {kind}")
    found = getattr(some[0], what)
    return found(*given) if callable(found) else found is not None


def _graph(asked: Asked, kind: str, key: str) -> Any:
    """The first explanation of a kind in a format of graphs."""
    return _first(asked, kind, "to_graph", key)


OF_CIRCUITS: Final[Sequence[Row]] = (
    ("circuits: list", partial(_listed, kind="circuits")),
    ("circuits: count exactly", lambda asked: asked.result.count("exact").circuits.how == "exact"),
    ("circuits: count with a guarantee", lambda asked: asked.result.count("guaranteed").circuits.how != "estimated"),
    ("circuits: count with at most 5 edges", lambda asked: asked.result.count(at_most_edges=5)),
    (
        "circuits: count those that keep a part",
        lambda asked: asked.result.count(keeps=[asked.result.circuits[0].edges[0]]),
    ),
    ("circuits: list some, drawn", lambda asked: len(asked.explained(max_listed=1).circuits)),
    ("circuits: plan", _plan),
    ("circuits: judge a mask", lambda asked: asked.result.question.judge(int(asked.result.circuits[0].mask, 16)).valid),
    ("circuits: outputs", partial(_first, kind="circuit", what="outputs")),
    ("circuits: predictions under interventions", partial(_first, kind="circuit", what="predictions")),
    ("circuits: draw", partial(_first, kind="circuit", what="draw")),
    ("circuits: all that pass a criterion", lambda asked: asked.result.circuits.passing("minimal-local")),
)
OF_THE_REST: Final[Sequence[Row]] = (
    ("interpretations: by gates", partial(_readings, of=Interpretation)),
    ("interpretations: by variables of the task", partial(_readings, of=ByVariables)),
    ("interpretations: draw", partial(_first, kind="interpretation", what="draw")),
    ("interpretations: predictions", partial(_first, kind="interpretation", what="predictions")),
    ("algorithms: list", partial(_listed, kind="algorithms")),
    ("algorithms: place one that somebody wrote", _written_again),
    ("placements: list", partial(_listed, kind="placements")),
    ("placements: judge", partial(_first, kind="placement", what="score")),
    ("placements: draw", partial(_first, kind="placement", what="draw")),
    ("compare: two circuits", partial(_compared, kind="circuit")),
    ("compare: two placements", partial(_compared, kind="placement")),
    ("steer", lambda asked: asked.result.steer()),
    ("own answer", lambda asked: asked.result.locate(asked.result.circuits[0])["sentence"]),
    ("verify an address", _verified),
    ("page: network", lambda asked: asked.page(asked.result.address)),
    ("page: explanations", partial(_page_of, name="explanations")),
    ("page: analyses", partial(_page_of, name="analyses")),
    ("page: own answer", partial(_page_of, name="claim")),
    ("page: plan", partial(_page_of, name="plan")),
    ("page: play", partial(_page_of, name="play")),
    ("page: circuit", lambda asked: asked.page(asked.result.circuits[0].address)),
    ("page: interpretation", lambda asked: asked.page(asked.result.interpretations[0].address)),
    ("page: algorithm", lambda asked: asked.page(asked.result.algorithms[0].address)),
    ("page: placement", lambda asked: asked.page(asked.result.placements[0].address)),
    ("page: compare", lambda asked: _page_of(asked, "compare", 2)),
    ("rules: a protocol of settings", lambda asked: asked.explained(protocol={"circuit_decision": "threshold"})),
    ("rules: mean ablation", lambda asked: asked.explained(protocol=_mean(asked))),
    ("rows: of one's own", lambda asked: asked.explained(data=ROWS)),
    ("rows: other numbers for 0 and 1", lambda asked: asked.explained(encoding=(-1, 1))),
    ("task: another", lambda asked: asked.explained(task="XNOR")),
    (
        "outputs: one of several",
        lambda asked: asked.explained(output=1, model=SEVERAL_OUTPUTS.get(asked.path.stem, asked.path)),
    ),
    ("files: save and load a result", _saved),
    ("files: write the network and read it", _exported),
    ("files: tables", _tables),
)


def _mean(asked: Asked) -> Any:
    """The rules with mean ablation."""
    if asked.result.offers("protocols"):
        return {"ablation": "mean"}
    return "-".join(filter(None, (str(asked.rules).replace("complete", ""), "mean")))


def rows() -> Iterator[Row]:
    """Every capability, in the order of the matrix."""
    yield from OF_CIRCUITS
    for kind in ("circuit", "interpretation", "algorithm", "placement"):
        yield from ((f"criteria of {kind}s: {key}", partial(_decided, kind=kind, key=key)) for key in CRITERIA)
    yield from OF_THE_REST
    yield from ((f"analyses: {one.key}", partial(Asked.report, key=one.key)) for one in ANALYSES if one.find)
    yield from ((f"lenses: {key}", partial(_looked, key=key)) for key in LENSES.by_key)
    yield from ((f"methods: {key}", partial(_with_method, key=key)) for key in METHODS.by_key)
    yield from ((f"edits: {one.key}", partial(_edited, key=one.key)) for one in EDITS)
    for kind in ("circuit", "interpretation", "placement"):
        yield from ((f"graphs of {kind}s: {key}", partial(_graph, kind=kind, key=key)) for key in GRAPH_FORMATS)


def cell(ask: Callable[[Asked], Any], asked: Asked) -> str:
    """``yes`` where something is answered, else why not, in a line."""
    try:
        return YES if _answered(ask(asked)) else "nothing is found"
    except ExplainedError as refusal:
        said = f"{refusal.item} {refusal.cause}"
    except Refused as refusal:
        said = str(refusal)
    except Exception as failure:
        said = f"fails: {type(failure).__name__} {failure}"
    return " ".join(said.replace("|", "/").split()) or "no reason is given"


def _answered(found: Any) -> bool:
    return len(found) > 0 if hasattr(found, "__len__") else bool(found)


def networks(folder: Path) -> Iterator[Path]:
    """The files that are asked, one at least of each kind that something is bundled of."""
    for path in FILES:
        document = json.loads(path.read_bytes())
        if nth := EVERY_NTH.get(path.stem):
            task = document["tasks"][0]
            document["tasks"] = [
                {key: given[::nth] if isinstance(given, list) else given for key, given in task.items()}
            ]
        (folder / path.name).write_text(json.dumps(document))
        yield folder / path.name
    known = {read_subject(path.read_bytes())[0].key for path in FILES[1:]}
    for slug, content in bundled_models().items():
        kind = read_subject(content)[0].key
        if kind not in known:
            known.add(kind)
            (folder / f"{slug}.json").write_bytes(content)
            yield folder / f"{slug}.json"
    missing = {kind.key for kind in SUBJECT_KINDS if kind.refuses("formats")} - known
    if missing:
        raise SystemExit(f"no network is bundled of the kinds {', '.join(sorted(missing))}: name a file of each")


def grains(path: Path) -> dict[str, Any]:
    """The rules of each grain that a network has, the usual one first."""
    found: dict[str, Any] = {}
    for question in pluriscope.explain(path, seconds=_SECONDS).question.admitted():
        document = question.protocol.document
        grain = document.get("grain") or document.get("granularity") or question.graph.cut
        found.setdefault(str(grain), question.protocol.name)
    return found


def matrix(progress: Callable[[str], None] = lambda _: None) -> list[dict[str, str]]:
    """A record for each capability: its name, and a cell for each network and grain."""
    found: list[dict[str, str]] = [{_MATRIX: name} for name, _ in rows()]
    with TemporaryDirectory() as folder:
        for path in networks(Path(folder)):
            for grain, rules in grains(path).items():
                column, asked, began = f"{path.stem} by {grain}", Asked(path, rules, Path(folder)), time.monotonic()
                for record, (name, ask) in zip(found, rows(), strict=True):
                    begun = time.monotonic()
                    record[column] = ELSEWHERE.get((path.stem, name)) or cell(ask, asked)
                    if time.monotonic() - begun > 2:
                        progress(f"  {time.monotonic() - begun:.1f} s: {record[_MATRIX]}")
                progress(f"{column}: {time.monotonic() - began:.0f} s")
    return found


def lost(before: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]) -> list[str]:
    """A line for each cell that said yes and says something else now, or is gone."""
    cells = {record[_MATRIX]: record for record in now}
    lines = []
    for record in before:
        for column, said in record.items():
            answered = cells.get(record[_MATRIX], {}).get(column, "no such cell")
            if said == YES != answered:
                lines.append(f"{record[_MATRIX]}, {column}: {answered}")
    return lines


def read(path: Path) -> list[dict[str, str]]:
    """The matrix in a file."""
    return [*csv.DictReader(path.read_text().splitlines(), delimiter="|")]


def main() -> int:
    """Print the matrix, or what was lost since one that is kept."""
    parser = argparse.ArgumentParser(prog="benchmarks.capabilities")
    parser.add_argument("--against", type=Path, help="a matrix that was printed before")
    given = parser.parse_args()
    now = matrix(lambda line: print(line, file=sys.stderr, flush=True))
    if given.against:
        lines = lost(read(given.against), now)
        print(*lines, f"{len(lines)} cells said yes and say no now", sep="\n")
        return int(bool(lines))
    writer = csv.DictWriter(sys.stdout, now[0].keys(), delimiter="|", lineterminator="\n", quoting=csv.QUOTE_NONE,
                            quotechar=None)  # fmt: skip
    writer.writeheader()
    writer.writerows(now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
