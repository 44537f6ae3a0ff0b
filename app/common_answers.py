"""Answers that any operation may give, put into the description of the interface: what no route declares by itself.

They are made before a route is reached, or by errors that every route shares (:mod:`app.gate`,
:mod:`app.error_answers`). Outside ``/api/v1`` an error is a page, unless the request asks for JSON alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.addressing import API_PREFIX
from app.error_answers import STATUS_TITLES

_BODY: Final = {"schema": {"$ref": "#/components/schemas/ErrorBody"}}
_RETRY: Final = {"Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer"}}}
_LOCATION: Final = {"Location": {"description": "Where it is.", "required": True, "schema": {"type": "string"}}}

EVERYWHERE: Final = {
    "400": ("BadQuestion", "An option, or the host that the request names, is none of this site."),
    "414": ("AddressTooLong", STATUS_TITLES[414]),
    "429": ("TooManyRequests", STATUS_TITLES[429]),
    "431": ("HeadersTooLong", STATUS_TITLES[431]),
    "503": ("NotReady", STATUS_TITLES[503]),
}
OF_CHANGES: Final = {
    "403": ("Refused", STATUS_TITLES[403]),
    "413": ("BodyTooLarge", STATUS_TITLES[413]),
    "422": ("Unreadable", STATUS_TITLES[422]),
    "507": ("NoRoomLeft", STATUS_TITLES[507]),
}
OF_NETWORKS: Final = {"404": ("NothingThere", STATUS_TITLES[404]), "410": ("Deleted", STATUS_TITLES[410])}
MOVED: Final = "That network has another name now."
SLASH: Final = "The address ends with a slash that is none of it."


def add_common_answers(document: dict[str, Any]) -> None:
    """Complete the answers of every operation of an OpenAPI document; what a route declares itself stays."""
    named: dict[str, Any] = document["components"].setdefault("responses", {})
    for path, methods in document["paths"].items():
        twin = path.startswith(API_PREFIX)
        for method, operation in methods.items():
            answers = operation["responses"]
            for status, (name, words) in _possible(method, operation).items():
                key = name if twin else f"{name}OnAPage"
                named.setdefault(key, _error(status, words, twin=twin))
                answers.setdefault(status, {"$ref": f"#/components/responses/{key}"})
            for status, words in _elsewhere(path, method).items():
                named.setdefault(f"Moved{status}", {"description": words, "headers": _LOCATION})
                answers.setdefault(status, {"$ref": f"#/components/responses/Moved{status}"})
            if not twin:
                for status, answer in answers.items():
                    if status >= "400" and "application/json" in answer.get("content", {}):
                        answer["content"].setdefault("text/html", {})
            operation["responses"] = dict(sorted(answers.items()))


def _possible(method: str, operation: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    found = dict(EVERYWHERE)
    if method != "get":
        found |= OF_CHANGES
    options = {parameter["name"] for parameter in operation.get("parameters", [])}
    if options & {"network", "e"}:
        found |= OF_NETWORKS
    return found


def _elsewhere(path: str, method: str) -> dict[str, str]:
    found = {"301" if method == "get" else "308": MOVED} if "{network}" in path else {}
    return found | ({"307": SLASH} if path.endswith("}") else {})


def _error(status: str, words: str, *, twin: bool) -> dict[str, Any]:
    content = {"application/json": _BODY} | ({} if twin else {"text/html": {}})
    return {"description": words, "content": content} | ({"headers": _RETRY} if status in ("429", "503") else {})
