"""Results and explanations from a server, by the address of their page, as the objects that a run here gives.

Only the server's JSON interface is used, by the standard library alone. Its errors are raised in its own words.
"""

from __future__ import annotations

import json
import re
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from pluriscope.addresses.address import API_V2
from pluriscope.addresses.naming import IN_LIBRARY, ExplanationRef, scope_from
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.arguments import checked
from pluriscope.errors import ServerError
from pluriscope.library.result import Result, read_result
from pluriscope.objects.explanations import Explanation
from pluriscope.objects.findings import Site

_SECONDS: Final = 60.0  # for one answer
_PLACE: Final = re.compile(r"/networks/([^/]+)(?:/explanations/([^/]+))?")
_NO_SERVER: Final = "start one with the command pluriscope, or use pluriscope.explain(model), which needs none"


@checked
def fetch(address: str) -> Result | Explanation:
    """Fetch the content of a server's page: a network's result, or one of its explanations.

    Args:
        address: of the page of a network, circuit, interpretation, algorithm or placement, as copied from a browser,
            such as "http://127.0.0.1:8000/networks/xor-pretrained".

    Raises:
        ServerError: the address is of no such page, the server cannot be reached, or nothing is stored there.
        AnalysisError: it names an explanation that does not exist.
    """
    parts = urlsplit(address)
    prefix, networks, path = parts.path.partition("/networks/")
    named = _PLACE.fullmatch(networks + path.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.netloc or named is None:
        cure = (
            "give that of a network's page such as http://127.0.0.1:8000/networks/NAME, or of one of its explanations"
        )
        raise ServerError(f"address {address!r}", "is of no page that there is a value for", cure)
    ref = None if named[2] is None else _reference(unquote(named[2]))
    try:
        scope = scope_from(dict(parse_qsl(parts.query)))
    except ValueError as number:
        raise ServerError(f"output {str(number)!r}", "is no number", "copy the address anew") from None
    site, slug = f"{parts.scheme}://{parts.netloc}{prefix}", unquote(named[1])
    options = {"protocol": scope.protocol, "output": scope.output, "data": scope.data, "whole": "true"}
    document = _asked(site, f"{API_V2}/networks/{quote(slug, safe='')}/result?{urlencode(options)}")
    result = read_result(document, output=scope.output, site=Site(site, slug))
    return result if ref is None else _referred(result, ref)


def _asked(site: str, path: str) -> Any:
    """Answer of a server, as JSON values."""
    headers = {"accept": "application/json", "user-agent": f"pluriscope/{ENGINE_VERSION}"}
    request = Request(site + path, headers=headers)  # noqa: S310  only http and https come here
    status = 200
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            raw = answer.read()
    except HTTPError as refusal:
        with refusal:
            status, raw = refusal.code, refusal.read()
    except (URLError, HTTPException, OSError) as problem:
        reason = str(getattr(problem, "reason", "") or problem or type(problem).__name__)
        raise ServerError(f"server {site}", f"does not answer: {reason}", _NO_SERVER) from None
    try:
        reply = json.loads(raw)
    except ValueError:
        reply = None
    if status == 200 and isinstance(reply, dict):
        return reply
    if not isinstance(reply, dict) or not reply.get("errors"):
        cause = f"answers with status {status}, but not as Pluriscope does"
        raise ServerError.answered(status, f"server {site}", cause, f"check the address and its port; {_NO_SERVER}")
    item, _, words = str(reply["error"]).partition(": ")
    cause, _, cure = words.rpartition(". ")
    if not (item and cause and cure):
        item, cause, cure = f"server {site}", str(reply["error"]), "change what it names"
    raise ServerError.answered(status, item, cause, cure.removesuffix("."))


def _reference(text: str) -> ExplanationRef:
    """A reference to an explanation of which there are values."""
    try:
        ref = ExplanationRef.parse(text)
    except ValueError:
        raise ServerError(f"explanation {text!r}", "cannot be read", "copy the address anew") from None
    if ref.kind not in IN_LIBRARY:
        cause = f"is {ref.kind}, of which the library has no values"
        raise ServerError(f"explanation {text!r}", cause, "look at the page")
    return ref


def _referred(result: Result, ref: ExplanationRef) -> Explanation:
    """The explanation of a result that a reference names."""
    if ref.kind in ("circuit", "interpretation"):
        circuit = result.circuit(ref.first)
        return circuit.interpretation(int(ref.second)) if ref.second else circuit
    try:
        algorithm = result.algorithms.named(ref.first)
        return algorithm.alignments.named(ref.second) if ref.second else algorithm
    except KeyError as unknown:
        cause = "is not among those that are listed"
        raise ServerError(f"explanation {unknown.args[0]!r}", cause, "look at its page, which computes it") from None
