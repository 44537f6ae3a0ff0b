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

from pluriscope.analysis.circuit_sets.judged_masks import asked_of, roles_and_outcomes
from pluriscope.analysis.circuit_sets.masks import MasksFound, with_figures
from pluriscope.analysis.network_files.result_file import read_analyses
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.values.digest import canonical_json
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.prepared import PreparedAnalysis, prepare_analysis, prepare_circuits
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
    if question.kind.refuses("interpretations"):
        return [prepare_circuits(question, result.search and _judged(question, result.search))]
    questions = questions_of(result.given, [one["output"] for one in document["outputs"]], document["protocol"])
    seconds = [document["seconds"], *({} for _ in questions[1:])]
    analyses = read_analyses(document, questions, seconds)
    return [prepare_analysis(one, engine_version=document["engine"]) for one in analyses]


def _judged(question: GraphQuestion, found: MasksFound) -> MasksFound:
    """The listed circuits with what criteria say of them, which takes too long where not all circuits are known."""
    first = np.lexsort((found.masks, np.bitwise_count(found.masks)))[:_MOST_LISTED]
    listed = with_figures(question, replace(found, masks=np.sort(found.masks[first])))
    circuits = sorted(listed.circuits, key=lambda one: one.bits)
    if circuits:
        known = found.masks if found.complete else None
        criteria = asked_of(question.kind) if found.complete else ()
        fewest = min(found.by_bits) if found.sample is None else None
        outcomes = roles_and_outcomes(question, circuits, fewest, known, criteria)
        circuits = [replace(one, outcomes=own) for one, own in zip(circuits, outcomes, strict=True)]
    return replace(listed, circuits=tuple(sorted(circuits, key=lambda one: one.mask)))


def _saved(site: Site, result: Result, prepared: list[PreparedAnalysis]) -> Site:
    """Store a result under the name that its addresses have on every server."""
    kind, file = result.question.kind, result.network_file
    own = canonical_json(kind.write(file)) if kind.refuses("formats") else file
    with site.app.state.store.write() as session:
        save_network(session, own, slug=result.network_key)
        for one in prepared:
            save_prepared(session, one)
    return site
