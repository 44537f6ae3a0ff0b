"""A server as the library sees it: its networks, and their results as the same objects that a run here gives.

Only its JSON interface is used, by the standard library alone. What it refuses is raised in its own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from analysis import ENGINE_VERSION
from app.addressing import API_PREFIX, API_V2
from pluriscope.addresses import present
from pluriscope.algorithms import Algorithm, Alignment
from pluriscope.circuits import Circuit, Interpretation
from pluriscope.comparison import Comparison
from pluriscope.errors import OtherVersion, ServerError
from pluriscope.explanations import Explanation
from pluriscope.findings import Site
from pluriscope.naming import ExplanationRef, protocol_key, scope_from
from pluriscope.result import ProtocolLike, Result, read_protocol, read_result
from pluriscope.showing import Row, heading, link, table

_SECONDS: Final = 60.0  # for one answer
_AT_ONCE: Final = 200  # networks read in one request
_PLACE: Final = re.compile(r"/networks/([^/]+)(?:/explanations/([^/]+))?/?")
_COMPARED: Final = ("circuit", "interpretation", "algorithm", "alignment")
_REFUSAL: Final = re.compile(r"(.+?): (.+)\. (.+?)\.?", re.DOTALL)  # item, cause and cure in one text
_NO_SERVER: Final = "start one with the command pluriscope, or use pluriscope.explain(model), which needs none"


def connect(url: str, *, any_version: bool = False) -> Server:
    """A server of Pluriscope.

    Args:
        url: where it is, e.g. "http://127.0.0.1:8000"; with the path below which a proxy serves it, if there is one.
        any_version: go on although it is of another version than this library.

    Raises:
        ServerError: it cannot be reached, or it is another kind of server.
        OtherVersion: it is of another version.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ServerError(f"server {url!r}", "is no address of a server", 'give one such as "http://127.0.0.1:8000"')
    server = Server(url.rstrip("/"))
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
    """

    url: str

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

    def networks(self, search: str = "") -> tuple[StoredNetwork, ...]:
        """Its networks.

        Args:
            search: part of a name, or the beginning of a digest.
        """
        asked = {"kind": "perceptron", "limit": _AT_ONCE, **({"q": search} if search else {})}
        path, found = f"{API_V2}/networks?{urlencode(asked)}", dict[str, dict[str, Any]]()
        while path:
            page = self.ask(path)
            for item in page["items"]:  # one for each output
                told = found.setdefault(item["slug"], {**item, "sizes": item["shape"].split("–"), "tasks": []})
                told["tasks"].append({"name": item["task"]})
            path = f"{API_V2}/networks?{urlsplit(page['next']).query}" if page["next"] else ""
        return tuple(StoredNetwork(self, told) for told in found.values())

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

    def ask(self, path: str, *, accept: Sequence[int] = (200,)) -> Any:
        """What it answers, as JSON values.

        Args:
            path: from the server's root, with its query.
            accept: statuses that are no refusal.

        Raises:
            ServerError: it cannot be reached, answers no JSON, or refuses.
        """
        headers = {"accept": "application/json", "user-agent": f"pluriscope/{ENGINE_VERSION}"}
        request = Request(self.url + path, headers=headers)  # noqa: S310  connect() lets only http and https in
        try:
            with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                return _read(self.url, answer.status, answer.read(), accept)
        except HTTPError as refusal:
            with refusal:
                return _read(self.url, refusal.code, refusal.read(), accept)
        except (URLError, HTTPException, OSError) as problem:
            reason = str(getattr(problem, "reason", "") or problem or type(problem).__name__)
            raise ServerError(f"server {self.url}", f"does not answer: {reason}", _NO_SERVER) from None

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
            ServerError: nothing is stored yet.
        """
        query = {"protocol": _key(protocol), "output": output, "whole": "true"}
        record = self._inputs if data is None else data
        path = f"{API_PREFIX}/networks/{quote(self.slug)}/result?{urlencode({**query, 'data': record})}"
        return read_result(self.server.ask(path), output=output, site=Site(self.server.url, self.slug))

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
