"""The application within a notebook's kernel: it answers from a passing store that holds the results shown there."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from typing import Any, Final
from urllib.parse import urljoin

import numpy as np

from pluriscope.analysis.circuit_sets.judged_masks import judged_circuits
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.network_files.result_file import read_analyses
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import kind_of
from pluriscope.analysis.values.digest import canonical_json
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.prepared import PreparedAnalysis, prepare_analysis, prepare_circuits
from pluriscope.app.db.reports import save_report
from pluriscope.app.db.writes import save_network, save_prepared
from pluriscope.app.main import create_app
from pluriscope.app.offline.site import Site, answering
from pluriscope.app.settings import Settings
from pluriscope.library.models import questions_of
from pluriscope.library.result import Result

_OWN: Final[dict[str, Any]] = dict.fromkeys(
    ("database_url", "prefix", "public_url", "trusted_hosts", "trusted_proxies", "token"), ""
)
_MOST_BYTES: Final = 32 << 20  # of an answer, which goes through the kernel's messages
_MOST_LISTED: Final = 1_024  # circuits of a model, those with the fewest bits, so that a view opens in a few seconds
_lock: Final = RLock()
_life: Final = ExitStack()
_sites: Final[list[Site]] = []
atexit.register(_life.close)


def site_of(result: Result) -> Site:
    """The application whose store has a result; another one where the weights are stored for other tasks."""
    with _lock:
        prepared = _prepared(result)
        for site in _sites:
            with suppress(Conflict):
                return _saved(site, result, prepared)
        folder = _life.enter_context(TemporaryDirectory(prefix="pluriscope-", ignore_cleanup_errors=True))
        settings = Settings(data=Path(folder), read_only=True, **_OWN)
        _sites.append(replace(_life.enter_context(answering(create_app(settings))), most=_MOST_BYTES))
        return _saved(_sites[-1], result, prepared)


def answer(site: Site, url: str, headers: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
    """Fetch an address, following redirections. Returns the head of the answer as JSON values, and the content.

    Args:
        headers: of which the form of the answer depends; others are left out.
    """
    taken = {name: value for name, value in headers.items() if name == "accept" or name.startswith("hx-")}
    found = site.ask(url, headers=taken)
    while (to := urljoin(url, found.location)) != url and found.location:
        url, found = to, site.ask(to)
    return {"status": found.status, "url": url, "headers": found.headers}, bytes(found.body)


def _prepared(result: Result) -> list[PreparedAnalysis]:
    document, question = result.document, result.question
    if question.kind.refuses("formulas"):
        return [_of_circuits(question, result.search)]
    questions = questions_of(result.given, [one["output"] for one in document["outputs"]], document["protocol"])
    seconds = [document["seconds"], *({} for _ in questions[1:])]
    analyses = read_analyses(document, questions, seconds)
    return [prepare_analysis(one, engine_version=document["engine"]) for one in analyses]


def _of_circuits(question: GraphQuestion, found: CircuitSearch | None) -> PreparedAnalysis:
    """The listed circuits with what criteria say of them, which takes too long where not all circuits are known."""
    if found is None:
        return prepare_circuits(question, None, {})
    masks = np.sort(found.masks[np.lexsort((found.masks, np.bitwise_count(found.masks)))[:_MOST_LISTED]])
    judged = judged_circuits(question, found, None if found.complete else (), masks=masks)
    if len(masks) < found.n_listed:
        how = "counted" if found.counted else found.method
        found = replace(found, masks=masks, truncated_at=len(masks), method=how)
    return prepare_circuits(question, found, *judged)


def _saved(site: Site, result: Result, prepared: list[PreparedAnalysis]) -> Site:
    """Store a result under the name that its addresses have on every server."""
    file, kind = result.network_file, kind_of(result.network_file)  # of the file, whatever its circuits are made of
    own = canonical_json(kind.write(file)) if kind.refuses("formats") else file
    with site.app.state.store.write() as session:
        save_network(session, own, slug=result.network_key)
        for one in prepared:
            row = save_prepared(session, one)
            if (placed := result.document["outputs"][0].get("placements")) is not None:
                report = PlacementsReport.model_validate(placed)
                brief = report.findings(result.question)
                save_report(session, row, kind="algorithms", report=report, thorough=True, seconds=0, brief=brief)
    return site
