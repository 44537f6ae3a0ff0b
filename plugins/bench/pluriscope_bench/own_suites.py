"""Networks that somebody brings for a suite: the files of a folder, with what is known of each beside it.

FOLDER/NAME.…        a network in any format that is imported, in the arm "own"
FOLDER/ARM/NAME.…    the same in an arm of its own
NAME.truth.json      beside it: what an import may give beside a file, the ``rules`` of a transformer, and in ``mask``
the edges of a circuit that is known, by their names
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ConfigDict

from pluriscope.analysis.errors import AnalysisError, InvalidData, InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES, network_file_json, slug_of
from pluriscope.analysis.network_files.formats.registry import FORMATS
from pluriscope.analysis.network_files.intake import take_in
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.analysis.values.strict_json import read_object, validated
from pluriscope.app.cli.reading import declared
from pluriscope.library.models import beside, read_bytes, read_content, whole_subject
from pluriscope_bench.key.asking import mask_of
from pluriscope_bench.key.suite import InvalidSuite, question_of
from pluriscope_bench.suite_design import NO_CIRCUIT, OWN, UNKNOWN, WRONG, Arm, SuiteDesign, seed_of
from pluriscope_bench.suite_files import SuiteFolder

TRUTH: Final = ".truth.json"
_SUFFIXES: Final = {suffix for one in FORMATS for suffix in one.suffixes}


class _Truth(Declaration):
    """The file beside a network."""

    model_config = ConfigDict(extra="forbid")
    rules: str = ""
    mask: tuple[str, ...] | None = None


def read_folder(folder: Path) -> tuple[SuiteDesign, dict[int, bytes], list[str]]:
    """The design of a folder's suite, the content of each network by its seed, and what keeps files out of it.

    Raises:
        InvalidSuite: the folder cannot be read, or has no file of a network in it.
    """
    item, files, problems = f"folder {str(folder)!r}", dict[tuple[str, str], list[Path]](), list[str]()
    try:
        paths = sorted(filter(Path.is_file, [*folder.iterdir(), *folder.glob("*/*")]))
    except OSError as error:
        raise InvalidSuite(item, f"cannot be read ({error.strerror})", "give a folder of networks") from None
    for path in paths:
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in _SUFFIXES and not hidden and not path.name.endswith(TRUTH):
            arm = OWN if path.parent == folder else slug_of(path.parent.name)
            files.setdefault((arm, slug_of(path.stem)), []).append(path)
    if not files:
        cure = f"put files of networks into it ({', '.join(sorted(_SUFFIXES))})"
        raise InvalidSuite(item, "has no file of a network in it", cure)
    arms, contents = dict[str, dict[str, str]](), dict[int, bytes]()
    for (arm, key), some in files.items():
        names = [str(path.relative_to(folder)) for path in some]
        if len(some) > 1:
            problems.append(f"{' and '.join(names)}: have the same name in a suite, {key!r}. Rename all but one.")
            continue
        try:
            content = json.dumps({"arm": arm, "key": key, **_network(some[0])}).encode()
        except AnalysisError as problem:
            where = f"in {some[0].stem}{TRUTH}"
            problems.append(f"{names[0]}: {re.sub(r'[(]--[a-z-]+[)]', where, str(problem))}")
            continue
        arms.setdefault(arm, {})[key] = digest = sha256_hex(content)
        contents[seed_of(digest)] = content
    if not contents:
        raise InvalidSuite(item, f"has no network that a suite can hold. {' '.join(problems)}", "correct these")
    made = tuple(Arm(key=key, label=key, files=some, count=1, small=()) for key, some in sorted(arms.items()))
    name = folder.resolve().name
    return SuiteDesign(name=name, version="1", licence="", secret_sha256="", arms=made), contents, problems


def _network(path: Path) -> dict[str, Any]:
    """A network of a file: its own file, rules, and the mask of the circuit that is known.

    Raises:
        AnalysisError: it cannot be read, or no suite can hold it.
    """
    truth, beside_it, planted = _Truth(), path.with_name(path.stem + TRUTH), None
    if beside_it.exists():
        item, cure = f"file {beside_it.name!r}", "give fields such as tasks, activation, rules and mask"
        raw = read_bytes(beside_it, "truth", InvalidNetwork, MAX_NETWORK_BYTES)
        fields = read_object(raw, item, InvalidNetwork, MAX_NETWORK_BYTES, cure)
        truth = validated(_Truth, fields, item, InvalidNetwork, cure)
    raw = read_bytes(path, "network file", InvalidNetwork, MAX_NETWORK_BYTES)
    if whole := whole_subject(raw):
        given = declared(whole, truth)
        if given.kind is not TRANSFORMER:
            cause = f"is of {given.kind.plural}, and suites have perceptrons and transformers"
            raise InvalidNetwork("network file", cause, "leave it out")
        document, known = given.kind.write(given.file), given.file.planted
    else:
        intake = take_in(read_content(raw, beside(path), truth), truth, fallback_name=path.stem)
        file = intake.file()
        if file.network.n_outputs > 1:
            cause = f"has {file.network.n_outputs} outputs, and a suite asks about one"
            raise InvalidNetwork("network", cause, "give each output as a network of its own")
        if not intake.data.is_clean:
            raise InvalidData("encoding", "is not 0 and 1, as suites have inputs", "train it on these, or leave it out")
        if truth.rules:
            raise InvalidNetwork("rules", "are of transformers alone", "leave them out")
        document, known = network_file_json(file), None
        planted = None if file.planted is None else file.planted.circuit.mask
    text = json.dumps(document, ensure_ascii=False)
    graph = question_of(text.encode(), truth.rules).graph
    planted = known.mask(graph) if known else planted
    planted = planted if truth.mask is None else mask_of(graph, truth.mask)
    return {"file": text, "rules": truth.rules, "planted": None if planted is None else f"{planted:x}"}


def left_out(folder: SuiteFolder) -> Iterator[str]:
    """Say why networks that were read are not in their suite, a sentence each."""
    for one in folder.made():
        if not one["network"]:
            yield f"{folder.design.cells[one['cell']].name}: {_CAUSES[one['state']]}"


_CAUSES: Final = {
    NO_CIRCUIT: "has no valid circuit, and is wrong itself on rows of its task. Correct its task or train it.",
    WRONG: "is wrong itself on a row of its task, where parts of it are right. Correct its task or train it.",
    UNKNOWN: "has more circuits than can be searched or counted. Give a smaller network.",
}
