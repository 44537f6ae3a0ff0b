"""`pluriscope audit`: what discovery methods answer about a network or model, located among all valid circuits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.reading import ModelAsked, NetworkAsked, read_asked, read_settings
from app.cli.signature import with_fields_of
from app.cli.terminal import Shown, check_output, progress_bar, written

if TYPE_CHECKING:
    from analysis.discovery.landscape import Landscape
    from analysis.work import Work


@with_fields_of("analysis.network_files.intake:Declaration")
def audit(
    file: str,
    *,
    output: str = "",
    methods: Sequence[str] = (),
    protocol: str = "complete",
    output_index: int = 0,
    data: str = "",
    quiet: bool = False,
    json: bool = False,
    **declared: Any,
) -> Shown:
    """Say of each method's circuit whether it is valid, and where it stands among all valid circuits.

    Example: pluriscope audit xor.json --methods acdc --methods "eap(threshold=.9)" --output audit.json

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit (the audit says what is missing).

    Args:
        file: Network or model file, or - for standard input.
        methods: Method, as key or key(name=value,name=value); may be repeated; default for one of each with default
            settings. Without it: default.
    """
    from analysis.discovery.audit import audit as run_audit
    from analysis.discovery.audit import audit_json
    from analysis.discovery.registry import read_methods
    from analysis.network_files.intake import Declaration
    from analysis.subjects.perceptron.kind import PERCEPTRON
    from analysis.work import Work
    from app.limits import in_memory, limits_of

    check_output(output, json, file, data or file)
    asked = read_asked(file, protocol, data, [output_index], Declaration(**declared), quiet=quiet)
    planted: Any
    if isinstance(asked, ModelAsked):
        kind, planted = asked.kind, asked.model.planted and asked.model.planted.under(asked.space.graph)
    else:
        kind, planted = PERCEPTRON, asked.file.planted
    chosen = read_methods(methods or ["default"], kind)
    seconds: dict[str, float] = {}
    with progress_bar(quiet) as report:
        work = Work(report, clock=time.perf_counter, limits=in_memory(limits_of(read_settings())))
        begun = time.perf_counter()
        landscape, missing = _landscape(asked, work)
        seconds["circuits"] = time.perf_counter() - begun
        begun = time.perf_counter()
        found = run_audit(landscape, chosen, work=work)
        seconds["methods"] = time.perf_counter() - begun
    return written(output, audit_json(landscape, found, seconds, missing, planted))


def _landscape(asked: NetworkAsked | ModelAsked, work: Work) -> tuple[Landscape, Sequence[str]]:
    """The valid circuits, and what stopped at a limit."""
    from analysis.discovery.audit import what_is_missing
    from analysis.discovery.landscapes import landscape_of
    from analysis.pipeline import search_for_circuits
    from analysis.subjects.question import GraphQuestion

    if isinstance(asked, ModelAsked):
        circuits, of_graph = asked.search(work), GraphQuestion(asked.kind, asked.model, asked.rules)
        return landscape_of(of_graph, circuits, work=work), asked.missing(circuits)
    (question,) = asked.questions
    landscape = landscape_of(question, search_for_circuits(question, work), work=work)
    return landscape, what_is_missing(landscape)
