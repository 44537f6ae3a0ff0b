"""Random networks of every admitted shape, each made from one seed, and the whole chain of work and pages on each.

A seed is a network with an output, and everything that the application does for it is done: the analysis, every
criterion, every class of directions in closed form, the common ground and, where it takes seconds, the ladder, each as
its job does it (load, compute, save); then every kind of page that can be reached from the network's own page by links,
with its JSON twin, is asked for. What must not happen is reported as faults, one line each: a job that ends by an
unforeseen error or is refused, and any answer of 400 and above, since every address was shown by a page as its link.

Cases share one application (:class:`WarmApplication`), which is started anew on an empty database for each: compiling
templates, building routes and migrating would otherwise take longer than most cases.

Limits, not clocks, keep a case small (:data:`SMALL`), with one exception: each criterion may take
``max_criterion_seconds`` for each kind of explanation, as everywhere in the application. What such limits hide, namely
criteria that come to their end on more than a few circuits, is seen by a case with more of both
(:data:`MANY_CIRCUITS`); of the seeds of a run every fourth is such a case (:func:`limits_of`).
"""

from __future__ import annotations

import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from fastapi.testclient import TestClient
from starlette.routing import Route

from pluriscope.analysis.criteria.steps import default_steps
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import Task, input_table, name_of
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.app.db.engine import Store
from pluriscope.app.db.errors import StoreError
from pluriscope.app.db.reads.analyses import analysis_by_key
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.definitions import DEFINITIONS, analyse_arguments, arguments_about
from pluriscope.app.jobs.handlers import handler_at
from pluriscope.app.main import ROUTERS, create_app, settle
from pluriscope.app.settings import Settings
from tests.factories import empty_database
from tests.of_plugins import joined

IN_CI: Final = (5, 652, 772, 967, 1104, 2515)
"""Seeds that are quick under small limits and together have every trait; the slow test runs them every time."""
SLUG: Final = "case"
_LINKS: Final = re.compile(r'(?:href|src|hx-get)="([^"]*)"')
_EVERY: Final = 4  # seeds to one with many circuits


@dataclass(frozen=True)
class CaseLimits:
    """Limits of a case.

    Args:
        settings: of the application, all within what an operator may choose.
        searches: what no setting limits: how much of long lists the jobs keep, and how much they carry while they count
            (:class:`pluriscope.analysis.running.limits.Limits`).
    """

    settings: Mapping[str, Any]
    searches: Mapping[str, int] = field(default_factory=dict)


_FEW_ALGORITHMS: Final = {
    "max_candidates": 200,
    "n_first": 40,
    "max_aligned": 100,
    "n_tried": 20_000,
    "max_states": 5_000_000,
}
SMALL: Final = CaseLimits(
    {
        "max_possible_circuits": 5_000,
        "max_listed_circuits": 200,
        "max_count_seconds": 0.2,
        "drawn_circuits": 10,
        "estimate_samples": 500,
        "max_criterion_seconds": 0.05,
    },
    {**_FEW_ALGORITHMS, "n_smallest": 20},
)
"""A case takes some seconds; of large networks hardly a circuit is found, and hardly a criterion ends."""
MANY_CIRCUITS: Final = CaseLimits(
    {
        **SMALL.settings,
        "max_listed_circuits": 2_000,
        "max_count_seconds": 10.0,
        "drawn_circuits": 200,
        "estimate_samples": 200_000,
        "max_criterion_seconds": 5.0,
    },
    _FEW_ALGORITHMS,
)
"""As many circuits of large networks as the application finds when nobody sets it, and time for each criterion."""


def limits_of(seed: int) -> CaseLimits:
    """The limits of a seed in a run over many."""
    return SMALL if seed % _EVERY else MANY_CIRCUITS


@dataclass(frozen=True)
class Case:
    """Case that one seed stands for.

    Args:
        seed: any integer from 0.
        file: the network with a task for each output.
        output: the one that is analysed.
        traits: what kind of a case it is, for choosing a few that differ and for reading a table of many.
    """

    seed: int
    file: NetworkFile
    output: int
    traits: Mapping[str, Any]


@dataclass
class Outcome:
    """Outcome of a case.

    Args:
        case: the case.
        seconds: of the processor, for each stage.
        faults: one line each; none is how it should be.
        found: some numbers of the analysis.
        pages: how many answers there were by status.
    """

    case: Case
    seconds: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    pages: Counter[int] = field(default_factory=Counter)


@cache
def case_of(seed: int) -> Case:
    """The case of a seed: 2–6 inputs, 1–4 hidden layers of 1–8 neurons, 1–3 outputs, any pair of activations.

    Weights are normal, scaled by a factor from 0.3 to 20; in half of the cases some of them are exactly 0, in some
    neurons are copies of each other. Tasks are what the outputs decide. So that rounding decides too, most last layers
    are fitted: moved and scaled until every output lies within the edges of the decision; one output in six is brought
    to one side of the edge, and computes a constant.
    """
    random = np.random.default_rng(seed)
    sizes = (
        int(random.integers(2, 7)),
        *random.integers(1, 9, size=random.integers(1, 5)).tolist(),
        int(random.integers(1, 4)),
    )
    activation, output_activation = (str(one) for one in random.choice(tuple(FAMILIES), size=2))
    scale = float(np.exp(random.uniform(np.log(0.3), np.log(20.0))))
    zeros = float(random.choice([0.0, 0.0, 0.2, 0.6]))
    twins, fitted = bool(random.random() < 0.1), bool(random.random() < 0.8)
    constant = [bool(one) for one in random.random(sizes[-1]) < 1 / 6]
    weights, biases = [], []
    for n_in, n_out in pairwise(sizes):
        weights.append(random.normal(size=(n_out, n_in)) * scale * (random.random((n_out, n_in)) >= zeros))
        biases.append(random.normal(size=n_out) * scale * (random.random(n_out) >= zeros))
    if twins and sizes[1] > 1:
        weights[0][1], biases[0][1] = weights[0][0], biases[0][0]
        weights[1][:, 1] = weights[1][:, 0]
    if fitted:
        _fit(weights, biases, activation, output_activation, constant)
    network = Network.from_arrays(weights, biases, activation=activation, output_activation=output_activation)
    decided = (forward(network, input_table(sizes[0])) > 0.5).astype(int).T.tolist()
    tasks = tuple(Task(tuple(column), name_of(tuple(column))) for column in decided)
    output = int(random.integers(sizes[-1]))
    traits = {
        "sizes": "-".join(map(str, sizes)),
        "activation": activation,
        "output_activation": output_activation,
        "scale": round(scale, 3),
        "zeros": zeros,
        "twins": twins,
        "fitted": fitted,
        "constant": len(set(decided[output])) == 1,
        "edges": sum(a * b for a, b in pairwise((*sizes[:-1], 1))),
    }
    return Case(seed, NetworkFile(f"Case {seed}", network, tasks), output, traits)


def _fit(
    weights: list[np.ndarray], biases: list[np.ndarray], activation: str, output_activation: str, constant: list[bool]
) -> None:
    """Move and scale the last layer so that its sums reach from about 0 to about 1 on the inputs, on either side of
    the edge of the decision, or stay on one side of it.
    """
    before = Network.from_arrays(weights, biases, activation=activation, output_activation="linear")
    sums = forward(before, input_table(before.n_inputs))
    low, high = sums.min(axis=0), sums.max(axis=0)
    wanted_low, wanted_high = {"sigmoid": (-3.0, 3.0), "tanh": (-0.4, 2.0)}.get(output_activation, (-0.4, 1.4))
    for output, always in enumerate(constant):
        top = wanted_low + 0.3 * (wanted_high - wanted_low) if always else wanted_high
        factor = (top - wanted_low) / (high[output] - low[output]) if high[output] > low[output] else 1.0
        weights[-1][output] *= factor
        biases[-1][output] = (biases[-1][output] - low[output]) * factor + wanted_low


class WarmApplication:
    """Application for many cases, each of which begins with an empty database.

    What is made once for all of them is the application itself: its routes, compiled templates and the schema of the
    database. Two cases must not run on it at the same time.

    Args:
        folder: of its own, for the database.
        limits: how far each case goes.
    """

    def __init__(self, folder: Path, limits: CaseLimits = SMALL) -> None:
        self._folder = folder
        self._searches = limits.searches
        self._settings = Settings(data=folder, **limits.settings)
        self._app = create_app(self._settings)
        settle(self._app)

    @contextmanager
    def started(self) -> Iterator[tuple[Store, TestClient]]:
        """The application started on an empty database, as its store and a client; stopped at the end."""
        for file in self._folder.glob("pluriscope.sqlite*"):
            file.unlink()
        (self._folder / "pluriscope.sqlite").write_bytes(empty_database())
        client = TestClient(
            self._app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False
        )
        with client:
            store = self._app.state.store
            small = {
                key: replace(one, **self._searches) if isinstance(one, Limits) else one
                for key, one in store.carried.items()
            }
            self._app.state.store = replace(store, carried=small)  # pages that compute anew go as far as jobs
            yield self._app.state.store, client


def run_case(seed: int, application: WarmApplication, *, each: int = 1, to_be_forked: bool = False) -> Outcome:
    """Do everything with the case of a seed.

    Args:
        seed: of the case.
        application: which does it.
        each: how many pages of each kind are asked for, at most.
        to_be_forked: leave PDFs out: the threads that make them would be missing in a forked process, which would wait
            for them without an end.
    """
    outcome = Outcome(case_of(seed))
    with application.started() as (store, client):
        _work(store, outcome)
        began = time.process_time()
        for address, status in _walk(client, outcome.case, each, to_be_forked):
            outcome.pages[status] += 1
            if status >= 400:
                outcome.faults.append(f"pages: {status} {address}")
        outcome.seconds["pages"] = round(time.process_time() - began, 2)
    return outcome


def _work(store: Store, outcome: Outcome) -> None:
    """Every job that there is for one output, in the order in which a worker takes them up."""
    case = outcome.case
    with store.write() as session:
        row = save_network(session, case.file, slug=SLUG)
        digest = row.digest
        arguments = analyse_arguments(digest, case.output, COMPLETE)
    if not _done(store, outcome, "analyse", arguments):
        return
    with store.read() as session:
        row = session.merge(row, load=True)
        analysis = analysis_by_key(session, row.id, case.output, COMPLETE.digest, row.analyses[0].data_digest)
        assert isinstance(analysis, AnalysisRow)
        named = digest, case.output, analysis.protocol_digest, analysis.data_digest, analysis.result_digest
        outcome.found = {
            "method": analysis.circuits_method,
            "valid": analysis.circuits_valid,
            "candidates": analysis.algorithms_candidates,
            "alignments": analysis.alignments_valid,
        }
    _done(store, outcome, "criteria", arguments_about(*named, criteria=[str(step) for step in default_steps()]))
    _done(store, outcome, "common-ground", arguments_about(*named, thorough=False))
    _done(store, outcome, "rivals", arguments_about(*named))
    _done(store, outcome, "methods", arguments_about(*named, thorough=False))
    cut = case.file.network.for_output(case.output)
    for kind, (further, is_quick) in joined("BACKGROUND").items():
        if is_quick(cut):
            _done(store, outcome, kind, arguments_about(*named, **further))


def _done(store: Store, outcome: Outcome, kind: str, arguments: Mapping[str, Any]) -> bool:
    """Load, compute and save as the job of this kind does, and whether it came to its end."""
    handler, began = handler_at(DEFINITIONS[kind].handler), time.process_time()
    try:
        with store.read() as session:
            compute = handler.load(session, arguments)
        result = compute(Work(clock=time.perf_counter))
        with store.write() as session:
            handler.save(session, arguments, result)
    except (AnalysisError, StoreError) as refusal:
        outcome.faults.append(f"{kind}: refused: {refusal}")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno} {where.name}"
        outcome.faults.append(f"{kind}: {type(error).__name__}: {error} ({place})\n{traceback.format_exc()}")
    else:
        return True
    finally:
        outcome.seconds[kind] = round(time.process_time() - began, 2)
    return False


def _walk(client: TestClient, case: Case, each: int, to_be_forked: bool) -> Iterator[tuple[str, int]]:
    """Ask for pages of every kind, reached from the network's own by links alone; addresses with their status.

    A kind is a route. Links to other networks, to what no network has, and to what changes something are left alone.
    """
    first = f"/networks/{SLUG}" + (f"?output={case.output}" if case.output else "")
    waiting, seen, n_of = [first], {first}, Counter[str]()
    while waiting:
        address = waiting.pop(0)
        kind = _kind(address.partition("?")[0])
        if kind is None or n_of[kind] >= each or (to_be_forked and "pdf" in address):
            continue
        n_of[kind] += 1
        answer = client.get(address)
        yield address, answer.status_code
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for found in _LINKS.findall(answer.text):
            link = unescape(found).removeprefix("http://127.0.0.1").partition("#")[0]
            if link.startswith("/") and link not in seen and (f"/{SLUG}" in link or link.startswith("/compare")):
                seen.add(link)
                waiting.append(link)


def _kind(path: str) -> str | None:
    """The template of the route that answers an address, None for no route."""
    return next((route.path for route in _routes() if route.path_regex.match(path)), None)


@cache
def _routes() -> tuple[Route, ...]:
    """Every route that answers GET, in the order in which the application tries them."""
    routes = (route for router in ROUTERS for route in router.routes)
    return tuple(route for route in routes if isinstance(route, Route) and "GET" in (route.methods or ()))
