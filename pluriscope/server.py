"""A server as the library sees it: its networks, and their results as the same objects that a run here gives.

Only its JSON interface is used, by the standard library alone. What it refuses is raised in its own words.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, overload
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from markupsafe import Markup

from analysis import ENGINE_VERSION
from analysis.network_files.files import network_file_json
from app.addressing import API_PREFIX, API_V2
from app.figures.numbers import noun
from pluriscope.addresses import present
from pluriscope.algorithms import Algorithm, Algorithms, Alignment, Alignments
from pluriscope.circuits import Circuit, Circuits, Interpretation
from pluriscope.comparison import Comparison
from pluriscope.errors import OtherVersion, ServerError
from pluriscope.explanations import Explanation
from pluriscope.findings import Site
from pluriscope.models import Model, TaskLike, read_model
from pluriscope.naming import ExplanationRef, protocol_key, scope_from
from pluriscope.result import ProtocolLike, Result, read_protocol, read_result
from pluriscope.showing import ROWS_SHOWN, Row, frame, heading, link, table

_SECONDS: Final = 60.0  # for one answer
_AT_ONCE: Final = 200  # networks read in one request
_BETWEEN: Final = 0.5  # seconds between two looks at a job
_PLACE: Final = re.compile(r"/networks/([^/]+)(?:/explanations/([^/]+))?/?")
_COMPARED: Final = ("circuit", "interpretation", "algorithm", "alignment")
_REFUSAL: Final = re.compile(r"(.+?): (.+)\. (.+?)\.?", re.DOTALL)  # item, cause and cure in one text
_NO_SERVER: Final = "start one with the command pluriscope, or use pluriscope.explain(model), which needs none"


def connect(url: str, *, token: str = "", any_version: bool = False) -> Server:
    """A server of Pluriscope.

    Args:
        url: where it is, e.g. "http://127.0.0.1:8000"; with the path below which a proxy serves it, if there is one.
        token: for changes, where the server asks for one.
        any_version: go on although it is of another version than this library.

    Raises:
        ServerError: it cannot be reached, or it is another kind of server.
        OtherVersion: it is of another version.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ServerError(f"server {url!r}", "is no address of a server", 'give one such as "http://127.0.0.1:8000"')
    server = Server(url.rstrip("/"), token)
    if server.version.split(".")[:2] != ENGINE_VERSION.split(".")[:2] and not any_version:
        raise OtherVersion(
            f"server {server.url}",
            f"is version {server.version}, and this library is version {ENGINE_VERSION}",
            f"install the wheel of its version, pluriscope-{server.version}-py3-none-any.whl; or update the server; or "
            "go on with connect(url, any_version=True)",
        )
    return server


@dataclass(frozen=True)
class Server:
    """A server.

    Args:
        url: without a slash at the end.
        token: for changes; "" for none.
    """

    url: str
    token: str = ""

    @property
    def version(self) -> str:
        """Of the program that it runs.

        Raises:
            ServerError: it cannot be reached, or says none.
        """
        told = self.ask("/health", accept=(200, 503))
        if not isinstance(told, dict) or not isinstance(told.get("version"), str):
            raise _no_server(self.url)
        return str(told["version"])

    def networks(self, search: str = "") -> Networks:
        """Its networks.

        Args:
            search: part of a name, or the beginning of a digest.
        """
        return Networks(tuple(self._listed(search)), search)

    def network(self, name: str) -> StoredNetwork:
        """One of them, by its name in addresses or the first digits of its digest.

        Raises:
            ServerError: there is none.
        """
        return StoredNetwork(self, self.ask(f"{API_V2}/networks/{quote(name, safe='')}")["network"])

    def open(self, address: str) -> Result | Explanation | Comparison:
        """What a page is about: a network's result, a circuit, interpretation, algorithm or alignment, or a comparison.

        Args:
            address: of the page, as copied from a browser: whole or without scheme and host.

        Raises:
            ServerError: the address is of another server or of another kind of page, or nothing is stored there.
            AnalysisError: it names an explanation that does not exist.
        """
        parts = urlsplit(address.removeprefix(self.url))
        if parts.netloc:
            cause = f"is of another server than {self.url}"
            raise ServerError(f"address {address!r}", cause, f"connect to {parts.scheme}://{parts.netloc} first")
        query = parse_qs(parts.query)
        first = {key: values[0] for key, values in query.items()}
        if parts.path == "/compare" and "network" in first:
            return self._compared(first, query.get("e", []))
        place = _PLACE.fullmatch(present(parts.path.rstrip("/")))
        if place is None:
            cure = "open that of a network, circuit, interpretation, algorithm, alignment or comparison"
            raise ServerError(f"address {address!r}", "is of no page that there is a value for", cure)
        result = self._result(unquote(place[1]), first)
        return result if place[2] is None else _referred(result, _reference(unquote(place[2])))

    def _result(self, network: str, query: Mapping[str, str], protocol: str = "") -> Result:
        """The result that an address's scope names."""
        try:
            scope = scope_from(query)
        except ValueError:
            raise ServerError(f"output {query['output']!r}", "is no number", "copy the address anew") from None
        return self.network(network).result(protocol or scope.protocol, output=scope.output, data=scope.data)

    def _compared(self, query: Mapping[str, str], texts: Sequence[str]) -> Comparison:
        """The comparison that an address names."""
        results: dict[str, Result] = {}
        found: list[Explanation] = []
        for text in texts:
            ref = _reference(text)
            if ref.protocol not in results:
                results[ref.protocol] = self._result(query["network"], query, ref.protocol)
            found.append(_referred(results[ref.protocol], ref))
        if not found:
            raise ServerError("comparison", "names no explanation", "copy the address of one with two to six")
        return Comparison.of(found[0].result, found)

    def import_model(
        self, model: Model, task: TaskLike = None, *, name: str = "", protocols: Sequence[str] = ("complete",)
    ) -> StoredNetwork:
        """Store a network there, and have it analysed.

        Args:
            model: as :func:`pluriscope.explain` takes it.
            task: likewise.
            name: what to call it.
            protocols: names of the rules under which it is analysed; none for no analysis yet.

        Raises:
            AnalysisError: the model cannot be read.
            ServerError: the server does not take it, for instance since it needs a token.
        """
        document = network_file_json(read_model(model, task, name=name).file)
        query = urlencode([("protocols", one) for one in protocols])
        stored = self.ask(f"{API_PREFIX}/networks?{query}", document, accept=(200, 201))
        return self.network(stored["slug"])

    def _listed(self, search: str) -> Iterator[StoredNetwork]:
        asked = {"kind": "perceptron", "limit": _AT_ONCE, **({"q": search} if search else {})}
        path, found = f"{API_V2}/networks?{urlencode(asked)}", dict[str, dict[str, Any]]()
        while path:
            page = self.ask(path)
            for item in page["items"]:  # one for each output
                told = found.setdefault(item["slug"], {**item, "sizes": item["shape"].split("–"), "tasks": []})
                told["tasks"].append({"name": item["task"]})
            path = f"{API_V2}/networks?{urlsplit(page['next']).query}" if page["next"] else ""
        yield from (StoredNetwork(self, told) for told in found.values())

    def ask(self, path: str, body: Mapping[str, Any] | None = None, *, accept: Sequence[int] = (200, 202)) -> Any:
        """What it answers, as JSON values.

        Args:
            path: from the server's root, with its query.
            body: what is sent with POST; None for GET.
            accept: statuses that are no refusal.

        Raises:
            ServerError: it cannot be reached, answers no JSON, or refuses.
        """
        headers = {"accept": "application/json", "user-agent": f"pluriscope/{ENGINE_VERSION}"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        if data is not None:
            headers["content-type"] = "application/json"
        request = Request(self.url + path, data, headers)  # noqa: S310  connect() lets only http and https in
        try:
            with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                return _read(self.url, answer.status, answer.read(), accept)
        except HTTPError as refusal:
            with refusal:
                return _read(self.url, refusal.code, refusal.read(), accept)
        except (URLError, HTTPException, OSError) as problem:
            reason = str(getattr(problem, "reason", "") or problem or type(problem).__name__)
            raise ServerError(f"server {self.url}", f"does not answer: {reason}", _NO_SERVER) from None

    def _repr_html_(self) -> str:
        return heading(link(self.url, self.url), after=f"version {self.version}") + self.networks()._repr_html_()

    def __repr__(self) -> str:
        return f"<Server: {self.url}>"


def _read(url: str, status: int, raw: bytes, accept: Sequence[int]) -> Any:
    """An answer's JSON value.

    Raises:
        ServerError: it is none, or it is a refusal.
    """
    try:
        told = json.loads(raw)
    except ValueError:
        raise _no_server(url, status) from None
    if status in accept:
        return told
    errors = told.get("errors") if isinstance(told, dict) else None
    if not errors:
        raise _no_server(url, status)
    said = _REFUSAL.fullmatch(str(told["error"]))
    item, cause, cure = said.groups() if said else (f"server {url}", str(told["error"]), "change what it names")
    raise ServerError.answered(status, item, cause, cure)


def _no_server(url: str, status: int = 0) -> ServerError:
    said = f"answers with status {status}, but " if status else ""
    cause = f"{said}not as Pluriscope does"
    return ServerError.answered(status, f"server {url}", cause, f"check the address and its port; {_NO_SERVER}")


@dataclass(frozen=True)
class StoredNetwork:
    """A network of a server.

    Args:
        server: where it is.
        told: what the server says of it.
    """

    server: Server
    told: Mapping[str, Any]

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return str(self.told["slug"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.told["name"])

    @property
    def digest(self) -> str:
        """Its identity: the hash of its weights and settings."""
        return str(self.told["digest"])

    @property
    def shape(self) -> str:
        """Layer sizes: 2-3-3-1."""
        return "-".join(map(str, self.told["sizes"]))

    @property
    def tasks(self) -> tuple[str, ...]:
        """What each output should compute: a name, or the truth table where it has none."""
        return tuple(task["name"] or "".join(map(str, task["truth_table"])) for task in self.told["tasks"])

    @property
    def _inputs(self) -> str:
        """Digest of the rows that it was imported with; "" for every Boolean input once."""
        return str(self.told.get("input_data", ""))

    @property
    def address(self) -> str:
        """Its page."""
        return f"{self.server.url}/networks/{quote(self.slug)}"

    def result(self, protocol: ProtocolLike = "complete", *, output: int = 0, data: str | None = None) -> Result:
        """What is stored of one output under some rules.

        Args:
            protocol: "complete", "paper", or rules of your own that the server knows.
            output: which output, from 0.
            data: digits of a data record's digest, "" for every Boolean input once; if None the inputs that the network
                was imported with.

        Raises:
            ServerError: nothing is stored yet; :meth:`explain` has it found.
        """
        query = {"protocol": _key(protocol), "output": output, "whole": "true"}
        record = self._inputs if data is None else data
        path = f"{API_PREFIX}/networks/{quote(self.slug)}/result?{urlencode({**query, 'data': record})}"
        return read_result(self.server.ask(path), output=output, site=Site(self.server.url, self.slug))

    def explain(self, protocol: ProtocolLike = "complete", *, output: int = 0, seconds: float = 600.0) -> Result:
        """The same; if it is not stored yet, the server is asked to find it, and waited for.

        Args:
            protocol: see :meth:`result`.
            output: likewise.
            seconds: how long to wait.

        Raises:
            ServerError: the server does not take the job, the job fails, or it takes longer.
        """
        try:
            return self.result(protocol, output=output)
        except ServerError as refusal:
            if refusal.status != 404:
                raise
        asked = {"protocol": _rules(protocol), "output": output, "data": self._inputs}
        job = self.server.ask(f"{API_PREFIX}/networks/{quote(self.slug)}/analyses", asked)
        self._wait(job["id"], seconds)
        return self.result(protocol, output=output)

    def circuits(self, protocol: ProtocolLike = "complete", *, output: int = 0) -> Circuits:
        """The valid circuits of :meth:`result`."""
        return self.result(protocol, output=output).circuits

    def algorithms(self, protocol: ProtocolLike = "complete", *, output: int = 0) -> Algorithms:
        """The candidate algorithms of :meth:`result`."""
        return self.result(protocol, output=output).algorithms

    def alignments(self, protocol: ProtocolLike = "complete", *, output: int = 0) -> Alignments:
        """The valid alignments of :meth:`result`."""
        return self.result(protocol, output=output).alignments

    def row(self) -> Row:
        """Its figures, as tables have them."""
        return {
            "name": self.name,
            "slug": self.slug,
            "shape": self.shape,
            "tasks": ", ".join(self.tasks),
            "digest": self.digest[:12],
            "address": self.address,
        }

    def _repr_html_(self) -> str:
        return heading(link(self.address, self.name)) + table([self.row()])

    def __repr__(self) -> str:
        return f"<StoredNetwork: {self.name} ({self.shape}, {', '.join(self.tasks)}) at {self.address}>"

    def _wait(self, job: str, seconds: float) -> None:
        """Look at a job until it has ended.

        Raises:
            ServerError: it failed or was cancelled, or has not ended in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            told = self.server.ask(f"{API_PREFIX}/jobs/{quote(job)}")
            address = f"{self.server.url}/jobs/{job}"
            if told["state"] in ("done", "truncated"):
                return
            if told["state"] in ("failed", "cancelled"):
                cause = f"{told['state']}: {told['error']}" if told["error"] else str(told["state"])
                raise ServerError(f"job {address}", cause.rstrip("."), "look at its page, where it can be tried again")
            if time.monotonic() > deadline:
                cure = "call explain(…) again to go on waiting; a server without workers needs pluriscope work"
                raise ServerError(f"job {address}", f"is {told['state']} after {seconds:g} seconds", cure)
            time.sleep(_BETWEEN)


@dataclass(frozen=True, repr=False)
class Networks(Sequence[StoredNetwork]):
    """Networks of a server.

    Args:
        items: in the server's order.
        search: what was searched for; "" for all.
    """

    items: tuple[StoredNetwork, ...]
    search: str = ""

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, at: int | str) -> StoredNetwork: ...
    @overload
    def __getitem__(self, at: slice) -> Networks: ...
    def __getitem__(self, at: int | str | slice) -> StoredNetwork | Networks:
        """By place, or by name in addresses."""
        if isinstance(at, slice):
            return Networks(self.items[at], self.search)
        if isinstance(at, str):
            for one in self.items:
                if at in (one.slug, one.name):
                    return one
            raise KeyError(at)
        return self.items[at]

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each."""
        return frame(one.row() for one in self)

    def _repr_html_(self) -> str:
        more = f"and {len(self) - ROWS_SHOWN:,} more" if len(self) > ROWS_SHOWN else ""
        rows = [{**one.row(), "address": link(one.address, "open")} for one in self[:ROWS_SHOWN]]
        return heading(repr(self)[1:-1]) + table(rows) + Markup("<p>{}</p>").format(more)

    def __repr__(self) -> str:
        found = f" that match {self.search!r}" if self.search else ""
        return f"<{noun(len(self), 'network')}{found}>"


def _reference(text: str) -> ExplanationRef:
    """A reference to an explanation of which there are values.

    Raises:
        ServerError: it is none.
    """
    try:
        ref = ExplanationRef.parse(text)
    except ValueError:
        raise ServerError(f"explanation {text!r}", "cannot be read", "copy the address anew") from None
    if ref.kind not in _COMPARED:
        cause = f"is {ref.kind}, of which the library has no values"
        raise ServerError(f"explanation {text!r}", cause, "leave it out, or look at the page")
    return ref


def _referred(result: Result, ref: ExplanationRef) -> Explanation:
    """What of a result the reference of a comparison names."""
    read = _circuit if ref.kind in ("circuit", "interpretation") else _algorithm
    return read(result, ref.first, ref.second)


def _circuit(result: Result, mask: str, index: str) -> Circuit | Interpretation:
    circuit = result.circuit(mask)
    return circuit.interpretation(int(index)) if index else circuit


def _algorithm(result: Result, name: str, alignment: str) -> Algorithm | Alignment:
    try:
        algorithm = result.algorithms.named(name)
        return algorithm.alignments.named(alignment) if alignment else algorithm
    except KeyError as unknown:
        cause = "is not among those that are listed"
        raise ServerError(f"explanation {unknown.args[0]!r}", cause, "look at its page, which computes it") from None


def _key(protocol: ProtocolLike) -> str:
    """How an address names rules; a name that is not known here is left to the server."""
    if isinstance(protocol, str) and not Path(protocol).suffix:
        return protocol
    return protocol_key(read_protocol(protocol))


def _rules(protocol: ProtocolLike) -> str | dict[str, Any]:
    """Rules as an analysis is asked for with them."""
    if isinstance(protocol, str) and not Path(protocol).suffix:
        return protocol
    return read_protocol(protocol).model_dump(mode="json")
