"""`pluriscope audit`: what discovery methods answer about a network or model, located among all valid circuits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pluriscope.app.cli.reading import read_asked, read_settings
from pluriscope.app.cli.signature import with_fields_of
from pluriscope.app.cli.terminal import STANDARD, Shown, check_output, progress_bar, written


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
def audit(
    file: str,
    *,
    output: str = "",
    methods: Sequence[str] = (),
    claim: Sequence[str] = (),
    protocol: str = "complete",
    output_index: int = 0,
    data: str = "",
    null: bool = False,
    quiet: bool = False,
    json: bool = False,
    **declared: Any,
) -> Shown:
    """Say of each method's circuit whether it is valid, and where it stands among all valid circuits.

    Example: pluriscope audit xor.json --methods weights --methods "exact-edge(threshold=.9)" --output audit.json

    Example: pluriscope audit model.json --protocol heads-zero --claim scores.json --output audit.json

    Exit codes: 0 done, 2 bad input, 3 stopped at a limit (the audit says what is missing).

    Args:
        file: Network or model file, or - for standard input.
        methods: Method, as key or key(name=value,name=value); may be repeated; default for one of each with default
            settings. Without it, and without claims: default.
        claim: File of a circuit or scores that somebody found, in any form that the page of claims reads, or saved by
            torch; or a folder of these, such as a submission to MIB. May be repeated.
        null: Say of each valid circuit how many networks that have learned nothing have one as small.
    """
    from pluriscope.analysis.discovery.audit import audit as run_audit
    from pluriscope.analysis.discovery.audit import audit_json
    from pluriscope.analysis.discovery.claims import read_claim, vocabulary_of
    from pluriscope.analysis.discovery.landscapes import landscape_of
    from pluriscope.analysis.discovery.registry import read_methods
    from pluriscope.analysis.methods.report import Analysed, Settings
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.running.work import Work
    from pluriscope.app.limits import in_memory, limits_of
    from pluriscope.library.audits import baseline_of
    from pluriscope.library.claim_files import claim_texts

    check_output(output, json, file, data or file, *claim)
    network = read_asked(file, protocol, data, [output_index], Declaration(**declared), quiet=quiet)
    (question,) = network.questions
    baseline = baseline_of(question) if null else None
    chosen = read_methods(methods or ([] if claim else ["default"]), question.kind)
    texts = {name: text for one in claim for name, text in claim_texts(Path(one), one).items()}
    claims = {name: read_claim(text.encode(), vocabulary_of(question)) for name, text in texts.items()}
    seconds: dict[str, float] = {}
    with progress_bar(quiet) as report:
        work = Work(report, clock=time.perf_counter, limits=in_memory(limits_of(read_settings())))
        begun = time.perf_counter()
        circuits = network.explaining.search(question, work)
        landscape = landscape_of(question, circuits, work=work)
        seconds["circuits"] = time.perf_counter() - begun
        begun = time.perf_counter()
        found = run_audit(landscape, chosen, claims, work)
        seconds["methods"] = time.perf_counter() - begun
        baseline_report: Any = (
            baseline.finds(Analysed(question, circuits), Settings(), work) if baseline is not None else None
        )
    planted = network.explaining.planted(network.given.file, question)
    missing = network.explaining.missing(landscape)
    document = audit_json(landscape, found, seconds, missing, planted, baseline_report)
    return replace(written(output, document), lines=() if output == STANDARD else [*_lines(document["claims"])])


def _lines(claims: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Lines for each claim: whether its circuit is valid, then the outcome of each criterion of Mechanistic
    Validity.
    """
    for one in claims:
        valid = ("valid" if one["valid"] else "not valid") if "valid" in one else one["outcome"]
        more = f", {one['edges']} edges" if "edges" in one else f", {one['note']}" if one.get("note") else ""
        yield f"{one.get('name', one['method'])}: {valid}{more}"
        yield from (
            f"  {term['criterion']}: {term['outcome']}, {term['why']}" for term in one.get("mechanistic_validity", ())
        )
