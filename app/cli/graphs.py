"""Graphs for `pluriscope export --as`: of an explanation at an address, or in a file, or of what a method answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pluriscope.addresses.naming import ExplanationRef, Scope, scope_from
from pluriscope.app.cli.store import opened_store
from pluriscope.app.cli.terminal import STANDARD, Refusal, Shown, check_writable, write_text
from pluriscope.app.cli.verify import read_address


def export_graph(
    thing: str, key: str, output: str, explanation: str, method: str, scope: Scope, *, shown: bool
) -> Shown:
    """Write a graph.

    Args:
        thing: address, file, or stored network.
        key: of the format.
        output: file, or folder where the format has several files; "" for standard output.
        explanation: reference of one; "" where the address or a method says it.
        method: with its settings; "" for none.
        scope: protocol and data of a file or stored network; an address has its own.
        shown: whether it is shown anyway, so that it is not written to standard output.

    Raises:
        AnalysisError: there is no such format, or it does not take this.
        Refusal: the thing cannot be read, or names nothing of which there is a graph.
    """
    from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, file_text

    if explanation and method:
        raise Refusal("--explanation, --method: are two things. Give one of them.")
    files = GRAPH_FORMATS[key].files if key in GRAPH_FORMATS else None
    if files is None or output in ("", STANDARD) or Path(output).suffix:
        check_writable(output)
        text = file_text(_graph(thing, key, explanation, method, scope)[0])
        if output or not shown:
            write_text(output or STANDARD, text)
        return Shown(json.loads(text) if text.startswith("{") else text)
    value, *names = _graph(thing, key, explanation, method, scope)
    folder = Path(output) / "_".join(re.sub(r"[^a-z0-9.]+", "-", one.lower()).strip("-") for one in names)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files(value).items():
        write_text(str(folder / name), file_text(content))
    return Shown({"folder": str(folder), "files": list(files(value))}, [str(folder)])


def _graph(thing: str, key: str, explanation: str, method: str, scope: Scope) -> tuple[Any, str, str]:
    """Value that the format writes, with the names of the task and the network."""
    from pluriscope.addresses.address import Addresses
    from pluriscope.app.db.reads.analyses import find_network, find_question
    from pluriscope.app.pages.kinds import find_document
    from pluriscope.objects.graphs import explanation_graph

    if Path(thing).is_file() or thing == STANDARD:
        question, name = _of_file(thing, scope)
    else:
        slug, address = thing, ""  # which a path without its site is none of
        if "/" in thing:
            target = read_address(thing)
            if target.kind not in ("network", "explanation"):
                raise Refusal(f"{thing[:200]!r}: is no page of a network or explanation. Give the address of one.")
            slug, scope, *_ = target.parts[0], scope_from(dict(target.query))
            if target.kind == "explanation" and not method:
                explanation, address = target.parts[1], thing if "://" in thing else ""
        with opened_store() as store, store.read() as session:
            if explanation:
                one = find_document(session, Addresses(), slug, explanation, [*scope.query().items()]).one
                name, question = one.place.row.name, one.place.question
                value = explanation_graph(key, question, one.ref, one.item, name=name, address=address)
                return value, question.task_document["name"], name
            row = find_network(session, slug)
            name, question = row.name, find_question(session, row, scope)
    return _of_question(question, name, key, explanation, method), question.task_document["name"], name


def _of_file(file: str, scope: Scope) -> tuple[Any, str]:
    """Question and name of the network in a result file or a network file."""
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.network_files.result_file import RESULT_FORMAT
    from pluriscope.app.cli.reading import read_asked
    from pluriscope.library.result import load

    if file != STANDARD and f'"{RESULT_FORMAT}"'.encode() in Path(file).read_bytes()[:1_000]:
        found = load(file)
        return found.question, found.name
    network = read_asked(file, scope.protocol, scope.data, [0], Declaration(), quiet=True)
    return network.questions[0], network.given.file.name


def _of_question(question: Any, name: str, key: str, explanation: str, method: str) -> Any:
    """The graph of an explanation, which is looked up in no list, or of a method's answer."""
    from pluriscope.analysis.discovery.landscapes import masked_under
    from pluriscope.analysis.discovery.registry import read_methods
    from pluriscope.analysis.interpretations.indexing import InterpretationSpace
    from pluriscope.analysis.subjects.perceptron.circuit import Circuit
    from pluriscope.objects.graphs import answer_graph, explanation_graph

    if not explanation and not method:
        raise Refusal("export --as: needs an explanation or a method. Give an address, --explanation or --method.")
    if method:
        ((chosen, settings),) = read_methods([method], question.kind)
        answer = chosen.answer(masked_under(question, settings.get("ablation", "")), settings)
        return answer_graph(key, question, answer.raw_mask, answer.scores, name=name, method=method)
    try:
        ref = ExplanationRef.parse(explanation)
        index = int(ref.second or 0)
    except ValueError:
        raise Refusal(f"--explanation {explanation[:200]!r}: is no reference. Write one such as c-3b2cf.") from None
    if ref.kind not in ("circuit", "interpretation"):
        raise Refusal(f"--explanation {explanation[:200]!r}: is looked up in a store. Give its address, or a circuit.")
    mask, value = question.read_mask(ref.first), None
    if ref.kind == "interpretation":
        question.kind.require("formulas", f"interpretations of circuit {ref.first}")
        value = InterpretationSpace(question, Circuit(question.layout, mask)).at(index)
    return explanation_graph(key, question, ref, value, name=name)
