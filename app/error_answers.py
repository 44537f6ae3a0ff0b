"""Answers to errors: error → status and body, the same words in HTML and JSON.

The errors of pages (:mod:`pluriscope.app.errors`) know their status. The others are mapped by class: those that name an
explanation (mask, index, alignment, algorithm) are 404, since they can only come from an address; those about what
somebody sent (network, task, data, protocol, training, limits) are 422.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Match, compile_path

from pluriscope.addresses.address import Addresses, below_api
from pluriscope.analysis import errors as engine
from pluriscope.analysis.errors import ExplainedError
from pluriscope.app.db import errors as store
from pluriscope.app.db.plugin_tables import PluginRow, cure_of
from pluriscope.app.db.trouble import diagnosis, is_bad_value
from pluriscope.app.errors import Busy, Gone, Moved, PageError, Unopened
from pluriscope.errors import InvalidOption

log = logging.getLogger("pluriscope.web")

STATUS: Final[dict[type[ExplainedError], tuple[int, str]]] = {
    engine.InvalidMask: (404, "mask"),
    engine.InvalidIndex: (404, "index"),
    engine.InvalidPlacement: (404, "alignment"),
    engine.InvalidAlgorithm: (422, "algorithm"),
    engine.InvalidNetwork: (422, "network"),
    engine.InvalidTask: (422, "task"),
    engine.InvalidData: (422, "data"),
    engine.InvalidProtocol: (422, "protocol"),
    engine.InvalidTraining: (422, "training"),
    engine.InvalidCriterion: (422, "criterion"),
    engine.InvalidMethod: (422, "method"),
    engine.InvalidClaim: (422, "claim"),
    engine.InvalidPlanting: (422, "planted"),
    engine.InvalidEdit: (422, "rule"),
    engine.InvalidIntervention: (422, "now"),
    engine.InvalidStudy: (422, "design"),
    engine.InvalidProof: (422, "proof"),
    engine.NotOffered: (422, "network"),
    engine.BeyondLimits: (422, "network"),
    engine.Cancelled: (409, ""),
    engine.MissingLibrary: (501, ""),
    engine.NotInstalledYet: (503, ""),
    engine.AnalysisError: (422, ""),
    store.NotFound: (404, ""),
    store.Ambiguous: (404, ""),
    store.Deleted: (410, ""),
    store.Conflict: (409, ""),
    store.StoreFull: (507, ""),
    store.StoreUnavailable: (503, ""),
}
"""Of the engine's and the store's errors, with the field at fault; the first that fits counts, 500 if none does."""

STATUS_TITLES: Final[dict[int, str]] = {
    400: "Invalid request",
    403: "Not from here",
    404: "Page not found",
    405: "Not a way to use this address",
    409: "Not at the moment",
    410: "Deleted",
    413: "Too large",
    414: "Too long",
    422: "That cannot be read",
    431: "Too long",
    500: "Something broke on our side",
    501: "Not in that form",
    503: "Not ready",
    507: "No room left",
}


_PREDICATE: Final = re.compile(r"(are|begins|belongs|cannot|does|has|have|holds|is|names|needs|reads|says|takes|was)\b")
"""What a cause begins with that goes on from its item; any other is a clause of its own."""


class FieldError(BaseModel):
    """An error in one option, path part or field."""

    field: str = Field(description="Option, path part or body field at fault; empty if none is.")
    message: str


class ErrorBody(BaseModel):
    """The body of every error of the interface."""

    ok: bool = False
    error: str = Field(description="What is wrong: item, cause and cure.")
    errors: list[FieldError] = Field(description="Each thing that is wrong, by field.")
    status: int
    parent: str = Field("", description="Address of the nearest thing that exists, empty if there is none.")


MOST_ERRORS: Final = 60
"""Of one request, that are said: an address has room for thousands, and a page of them takes long to make."""


def api_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses=`` of a route, so that OpenAPI describes its errors."""
    return {status: {"model": ErrorBody, "description": STATUS_TITLES[status]} for status in statuses}


def wants_json(request: Request) -> bool:
    """Whether the answer goes to a program: an address under /api/, or an Accept header for JSON and not for HTML."""
    accept = request.headers.get("accept", "")
    return path_of(request).startswith("/api/v") or ("application/json" in accept and "text/html" not in accept)


def install(app: FastAPI) -> None:
    """Register every mapping on the application."""

    @app.exception_handler(ExplainedError)
    async def refused(request: Request, error: ExplainedError) -> Response:
        return answer_to(request, error)

    @app.exception_handler(DBAPIError)
    async def database_error(request: Request, error: DBAPIError) -> Response:
        found = diagnosis(error)
        if found is not None:
            log.error("request %s: %s %s", _request_id(request), found, error.orig)
            return answer_to(request, found)
        if is_bad_value(error):
            cause, cure = "is none that can be kept or looked for", "shorten it, and leave control characters out"
            return _answer(request, 422, ExplainedError("a value of this request", cause, cure))
        if not isinstance(error, OperationalError):
            return unforeseen(request, error)
        log.warning("request %s met a busy or absent database: %s", _request_id(request), error.orig)
        cure = "try again in a moment; nothing was changed"
        return answer_to(request, Busy("the database", "is busy or cannot be reached", cure))

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> Response:
        found = error.errors()
        status = max({"query": 400, "path": 404}.get(str(e["loc"][0]), 422) for e in found)
        wrong = {str(e["loc"][1]) for e in found if status == 400 and len(e["loc"]) > 1}
        return _answer(request, status, errors=[_problem(request, e) for e in found[:MOST_ERRORS]], wrong=wrong)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        headers, most = dict(error.headers or {}), request.app.state.settings.max_body_bytes
        if error.status_code == 400 and error.__cause__ is not None:  # FastAPI could not read the body: no UTF-8
            why = ExplainedError("request body", "is no text in UTF-8", "send one JSON object in UTF-8")
            return _answer(request, 422, why, "body")
        if error.status_code == 405:
            headers["Allow"] = ", ".join(allowed_methods(request)) or headers.get("Allow", "GET")
        words = {
            404: (f"address {path_of(request)[:200]!r}", "no page has this address", "search for what it showed"),
            405: (f"method {request.method}", "this address does not accept it", f"use {headers.get('Allow', 'GET')}"),
            413: ("request body", f"is larger than {most:,} bytes", "send a smaller file"),
        }.get(error.status_code, ("request", str(error.detail), "correct it and send it again"))
        missing = missing_plugin(request) if error.status_code == 404 else ""
        if missing:
            words = (words[0], f"needs {missing}, which is not in use here", cure_of(missing))
        response = _answer(request, error.status_code, ExplainedError(*words))
        response.headers.update(headers)
        return response


def missing_plugin(request: Request) -> str:
    """The plugin that once brought an address which has no page now; "" where none did."""
    absent: Sequence[PluginRow] = getattr(request.app.state, "absent", ())
    paths = {path: row.name for row in absent for path in row.paths}
    address = below_api(path_of(request))
    return next((name for path, name in paths.items() if compile_path(path)[0].match(address)), "")


def answer_to(request: Request, error: ExplainedError) -> Response:
    """Answer to an error of a page, the engine or the store: a page, a JSON body, or a redirection to where the thing
    moved.
    """
    if isinstance(error, Moved):  # what is sent along with a change must arrive there too
        return RedirectResponse(error.address(request), 301 if request.method == "GET" else 308)
    if isinstance(error, Unopened):
        links: Addresses = request.app.state.addresses
        there = links.twin(error.parent) if path_of(request).startswith("/api/") else error.parent
        return RedirectResponse(there, error.status if request.method == "GET" else 303)  # a change stores nothing else
    if isinstance(error, InvalidOption):
        every = [FieldError(field=one.field, message=str(one)) for one in (error, *error.others)]
        wrong = {one.field for one in every if one.field in request.query_params}
        return _answer(request, 400, None if error.others else error, errors=every, wrong=wrong)
    if not isinstance(error, PageError):
        status, field = next((v for kind, v in STATUS.items() if isinstance(error, kind)), (500, ""))
        return _answer(request, status, error, field)
    wrong = {error.field} & set(request.query_params) if error.status == 400 else set()
    response = _answer(request, error.status, error, error.field, wrong=wrong)
    if isinstance(error, Busy):
        response.headers["Retry-After"] = "5"
    return response


def unforeseen(request: Request, error: Exception) -> Response:
    """The answer to an error that nothing above foresaw: it goes to the log whole, and to the user as an id."""
    log.error("request %s failed: %s %s", _request_id(request), request.method, path_of(request)[:300], exc_info=error)
    cure = f"try again, or report request {_request_id(request)}, under which the log has the details"
    return _answer(request, 500, ExplainedError("this page", "failed with an error that was not foreseen", cure))


def _answer(
    request: Request,
    status: int,
    error: ExplainedError | None = None,
    field: str = "",
    *,
    errors: Sequence[FieldError] = (),
    wrong: Collection[str] = (),
) -> Response:
    """Page with an error, or a JSON body for programs."""
    answer = list(errors[:MOST_ERRORS]) or [FieldError(field=field, message=str(error))]
    parent, label = (error.parent, error.parent_label) if isinstance(error, PageError) else ("", "")
    if not parent:
        parent, label = without_options(request, wrong) or nearest_parent(request)
    if wants_json(request):
        summary = "; ".join(one.message for one in answer)
        body = ErrorBody(error=summary, errors=answer, status=status, parent=parent)
        return JSONResponse(body.model_dump(), status)
    from pluriscope.app.rendering import show  # here, so that the errors themselves can be imported from anywhere
    from pluriscope.page_kit.blocks import Action, Head, Notice, Prose

    title = STATUS_TITLES.get(status, "This did not work")
    actions = [Action(f"Go to {label}", parent, primary=True)] if parent else []
    if status == 404:
        words = " ".join(re.findall(r"\w+", path_of(request).rpartition("/")[2]))
        actions.append(
            Action(f"Search for “{words[:40]}”", Addresses(request.app.state.settings.prefix).search(q=words))
        )
    if isinstance(error, Gone) and error.restore_url:
        undo = Action("Undo deletion", error.restore_url, primary=True, changes=True)
        actions = [undo, Action(f"Go to {label}", parent)]
    problems = [(one.message, "") for one in answer]
    if error is not None:
        wrongly = f"{error.item}{'' if _PREDICATE.match(error.cause) else ':'} {error.cause}."
        problems = [(wrongly, f"{error.cure[:1].upper()}{error.cure[1:]}.")]
    notices = [
        Notice(what, "", helps, "refused", actions if n == len(problems) else ())
        for n, (what, helps) in enumerate(problems, 1)
    ]
    which = Prose(f"Status {status} · request `{_request_id(request)}`", glossary=False)
    return show(request, [Head(title), *notices, which], title, status_code=status)


def _problem(request: Request, error: dict[str, Any]) -> FieldError:
    """A failed check of FastAPI's, in words that name the option and what it accepts."""
    where, *rest = error["loc"]
    field = ".".join(map(str, rest)) or str(where)
    if where == "body" and (not rest or error["type"] == "json_invalid"):
        why = error.get("ctx", {}).get("error", "") if error["type"] == "json_invalid" else ""
        cause = f"is not JSON ({why})" if why else "is no JSON object"
        message = f"request body: {cause}. Send one JSON object, with content type application/json."
        return FieldError(field="body", message=message)
    if error["type"] == "extra_forbidden" and where in ("query", "body"):
        noun = "option" if where == "query" else "field"
        names = allowed_options(request) if where == "query" else allowed_fields(request, rest[:-1])
        allowed = f" Allowed {noun}s: {', '.join(names)}." if names else ""
        return FieldError(field=field, message=f"{noun} {field!r}: is unknown here.{allowed}")
    noun = {"query": "option", "path": "address part"}.get(str(where), "field")
    value = "" if isinstance(error.get("input"), dict) else f" {str(error.get('input'))[:60]!r}"
    return FieldError(field=field, message=f"{noun} {field!r}{value}: {error['msg'][:1].lower()}{error['msg'][1:]}.")


def _request_id(request: Request) -> str:
    return str(request.scope.get("pluriscope.request_id", "unknown"))


# --- what a request that cannot be answered could have asked: its options, fields and methods, and the nearest page


MAX_KEPT_OPTIONS: Final = 60
"""Options of a wrong address that a link to the page keeps."""


def allowed_options(request: Request) -> tuple[str, ...]:
    """Names of the query options that the route of a request accepts."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    names: list[str] = []
    for parameter in getattr(dependant, "query_params", ()):
        model = parameter.field_info.annotation
        fields = getattr(model, "model_fields", None)
        names += [parameter.alias] if fields is None else [f.alias or name for name, f in fields.items()]
    return tuple(names)


def allowed_fields(request: Request, within: Sequence[str]) -> tuple[str, ...]:
    """Fields of the body that a route accepts, or of the object inside it that the path leads to."""
    parameters: Sequence[Any] = getattr(getattr(request.scope.get("route"), "dependant", None), "body_params", ())
    model: Any = parameters[0].field_info.annotation if len(parameters) == 1 else None
    for step in within:
        inner = getattr(model, "model_fields", {}).get(step)
        model = inner.annotation if inner is not None else None
    return tuple(getattr(model, "model_fields", ()))


def allowed_methods(request: Request, path: str = "") -> tuple[str, ...]:
    """Methods of an address, which several routes may share; Starlette reports those of the first alone.

    Args:
        request: whose address is asked about.
        path: another path to ask about, with the prefix; "" for the request's own.
    """
    known = ("GET", "POST", "PUT", "PATCH", "DELETE")
    path = path or request.scope["path"]
    matches = ((method, {**request.scope, "method": method, "path": path}) for method in known)
    return tuple(
        method
        for method, scope in matches
        if any(route.matches(scope)[0] == Match.FULL for route in request.app.router.routes)
    )


def without_options(request: Request, wrong: Collection[str]) -> tuple[str, str] | None:
    """The page of the address without the options that are wrong; None where it cannot be opened as a page.

    A twin leads to its page, so that programs and people get the same address.
    """
    prefix = request.app.state.settings.prefix
    page = Addresses(prefix).page_of(f"{prefix}{path_of(request)}")
    if request.method != "GET" or not wrong or "GET" not in allowed_methods(request, page):
        return None
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in wrong]
    query = f"?{urlencode(kept)}" if kept and len(kept) <= MAX_KEPT_OPTIONS else ""
    label = f"this page without {', '.join(sorted(wrong))[:80]}" if query or not kept else "this page without options"
    return f"{quote(page)}{query}", label


def nearest_parent(request: Request) -> tuple[str, str]:
    """The page above the address, by its shape."""
    addresses = Addresses(request.app.state.settings.prefix)
    parts = [part for part in below_api(path_of(request)).split("/") if part]
    if len(parts) >= 2 and parts[0] == "networks":
        network, rest = parts[1], parts[2:]
        if rest:
            return addresses.network(network), f"network {network}"
    if len(parts) == 2 and parts[0] == "jobs":
        return addresses.jobs(), "jobs"
    return addresses.gallery(), "all networks"


def path_of(request: Request) -> str:
    """The path of a request without the prefix under which a proxy serves."""
    return str(request.scope["path"]).removeprefix(request.app.state.settings.prefix)
