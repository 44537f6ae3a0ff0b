"""`pluriscope audit` for files of models of other kinds than the networks."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.cli.terminal import DONE, STOPPED, remark, write_text

if TYPE_CHECKING:
    from analysis.discovery.model_registry import AskedOfModel
    from analysis.work import Work


def audit_model_file(
    raw: bytes, protocol: str | Mapping[str, Any], methods: list[str], output: str, work: Work, *, quiet: bool
) -> int:
    """Ask methods about a model, locate their answers among its valid circuits, and write the audit file.

    Args:
        raw: the model's file.
        protocol: a name, or the settings in a protocol file.
        methods: as they were given, "default" for one of each; none for that too.
        output: file to write, or "-".
        work: with limits.
        quiet: no progress.

    Raises:
        AnalysisError: the file, the protocol or a method cannot be used.
    """
    from analysis.discovery.model_location import ModelLandscape, audit_model, model_audit_json
    from analysis.discovery.model_method import RULES
    from analysis.discovery.model_registry import MODEL_METHOD_BY_KEY, default_model_methods
    from analysis.discovery.registry import read_called
    from analysis.errors import BeyondLimits
    from analysis.models.circuits import find_masks, refuse_if_too_large
    from analysis.models.protocol import model_protocol, named_model_protocol
    from analysis.models.registry import read_model
    from analysis.models.result_json import missing_of_model
    from app.cli.chain_bar import ChainBar

    given = [text if text == "default" else read_called(text, MODEL_METHOD_BY_KEY) for text in methods or ["default"]]
    kind, model = read_model(raw)
    rules = named_model_protocol(kind, protocol) if isinstance(protocol, str) else model_protocol(kind, protocol)
    space = model.space(rules.rules)
    found, refusal, seconds = None, "", {}
    with ChainBar(("circuits", "methods"), {}, quiet).shown() as bar:
        own = replace(work, report=bar.report(""))
        begun = time.perf_counter()
        try:
            refuse_if_too_large(model, space)
            limit = work.limits.most_listed(0)
            found = find_masks(model, rules.rules, own, accuracy_threshold=rules.accuracy_threshold, limit=limit)
        except BeyondLimits as error:
            refusal = error.cause
        seconds["circuits"] = time.perf_counter() - begun
        begun = time.perf_counter()
        landscape = ModelLandscape(kind, model, rules, found, work=own)
        asked: list[AskedOfModel] = []
        for one in given:
            asked += default_model_methods(landscape.cuts[RULES]) if isinstance(one, str) else [one]
        answers = audit_model(landscape, asked, own)
        seconds["methods"] = time.perf_counter() - begun
    missing = missing_of_model(space, found, refusal)
    document = model_audit_json(landscape, answers, seconds, missing)
    write_text(output, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    for sentence in missing:
        remark(f"stopped at a limit: {sentence}")
    return STOPPED if missing else DONE
