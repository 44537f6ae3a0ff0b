"""The application within a notebook's kernel: it answers from a passing store that holds the results shown there."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any, Final
from urllib.parse import urljoin

from analysis.circuit_sets.judged_masks import judged_circuits
from analysis.digest import canonical_json
from analysis.result_file import read_analyses
from app.db.errors import Conflict
from app.db.prepared import PreparedAnalysis, prepare_analysis, prepare_circuits
from app.db.writes import save_network, save_prepared
from app.main import create_app
from app.offline.site import Site, answering
from app.settings import Settings
from pluriscope.models import questions_of
from pluriscope.result import Result

_OWN: Final[dict[str, Any]] = dict.fromkeys(
    ("database_url", "prefix", "public_url", "trusted_hosts", "trusted_proxies", "token"), ""
)
_MOST_BYTES: Final = 32 << 20  # of an answer, which goes through the kernel's messages
_lock: Final = RLock()
_life: Final = ExitStack()
_sites: Final[list[Site]] = []
atexit.register(_life.close)


def site_of(result: Result) -> Site:
    """The application whose store has a result; another one where the weights are stored for other tasks."""
    with _lock:
        prepared = _prepared(result)
        for site in _sites:
            try:
                _save(site, result, prepared)
            except Conflict:
                continue
            return site
        folder = Path(tempfile.mkdtemp(prefix="pluriscope-"))
        _life.callback(shutil.rmtree, folder, ignore_errors=True)
        settings = Settings(data=folder, read_only=True, **_OWN)
        _sites.append(replace(_life.enter_context(answering(create_app(settings))), most=_MOST_BYTES))
        _save(_sites[-1], result, prepared)
        return _sites[-1]


def answer(site: Site, asked: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """What an address answers, or the one that it leads on to, and the content.

    Args:
        asked: a request's method, url (a path) and headers.
    """
    url = str(asked["url"])
    found = site.ask(url, asked["method"], asked["headers"], body)
    while (to := urljoin(url, found.location)) != url and found.location:
        url, found = to, site.ask(to)
    return {"status": found.status, "url": url, "headers": found.headers}, bytes(found.body)


def _prepared(result: Result) -> list[PreparedAnalysis]:
    document, question = result.document, result.question
    if question.kind.refuses("interpretations"):
        found = result.search and judged_circuits(question, result.search)
        return [prepare_circuits(question, found)]
    questions = questions_of(result.given, [one["output"] for one in document["outputs"]], document["protocol"])
    seconds = [document["seconds"], *({} for _ in questions[1:])]
    analyses = read_analyses(document, questions, seconds)
    return [prepare_analysis(one, engine_version=document["engine"]) for one in analyses]


def _save(site: Site, result: Result, prepared: list[PreparedAnalysis]) -> None:
    """Store a result under the name that its addresses have on every server."""
    kind, file = result.question.kind, result.network_file
    with site.app.state.store.write() as session:
        save_network(
            session, canonical_json(kind.write(file)) if kind.refuses("formats") else file, slug=result.network_key
        )
        for one in prepared:
            save_prepared(session, one)
