"""Every address in one place, and the way from a page to its twin, its table and back (spec §7).

Paths name things; the query holds the scope (output, protocol, data) where it differs from the default, then the view.
Addresses are made of content (slugs or digests, masks, hashes, indices), never of row numbers.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from pluriscope.addresses.naming import ExplanationRef, Scope

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
API_V2: Final = "/api/v2"
"""Before the path of a page in the address of its JSON."""
API_DOCS: Final = "/api/docs"
PREFIX: Final = ContextVar("PREFIX", default="")
""""" or the path under which a proxy serves the site, without a slash at the end."""
RESERVED_SLUGS: Final = frozenset({"new", "preview"})  # below /networks, or its twin, these are pages of their own


def below_api(path: str) -> str:
    """A path, without prefix, as that of a page: a twin's without the version of the interface."""
    return path.removeprefix(API_V2)


def _assigned(option: tuple[str, str]) -> str:
    key, value = option
    return f"{key}={value}" if _PLAIN.fullmatch(key) and _PLAIN.fullmatch(value) else urlencode([option])


@lru_cache(maxsize=256)
def _scope_assigned(scope: Scope) -> tuple[str, ...]:
    """The query that a scope adds: the same for all links of most pages."""
    return tuple(map(_assigned, scope.query().items()))


def anchor_of(title: str) -> str:
    """A title in lower case with dashes: the end of an address."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


@dataclass(frozen=True)
class Addresses:
    """Builds every URL, aware of the path prefix under which a proxy may serve the application.

    Args:
        prefix: "" or a path such as "/pluriscope", without a slash at the end.
    """

    prefix: str = ""

    def url(self, *segments: str, scope: Scope | None = None, **view: Any) -> str:
        """The address of a path with a query; options that are None or "" are left out."""
        # most segments need no quoting, and pages with thousands of links should not wait for it
        quoted = (one if _PLAIN.fullmatch(one) else quote(one, safe="") for one in segments)
        path = f"{self.prefix}/{'/'.join(quoted)}"
        query = [*_scope_assigned(scope)] if scope else []
        for key, value in view.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            query += [_assigned((key, str(v))) for v in values if v is not None and v != ""]
        return f"{path}?{'&'.join(query)}" if query else path

    def front(self) -> str:
        """The front page."""
        return self.url("")

    def story(self, screen: int, figure: str = "", **view: Any) -> str:
        """A screen of the opening story, the first of which is the front page; or a figure of it without its form."""
        if figure:
            return self.url("story", str(screen), figure)
        return self.front() if screen == 1 else self.url("story", str(screen), **view)

    def gallery(self, **view: Any) -> str:
        """All networks; with POST where one is stored."""
        return self.url("networks", **view)

    def search(self, **view: Any) -> str:
        """Search for a text."""
        return self.url("search", **view)

    def network(self, network: str, scope: Scope | None = None, **view: Any) -> str:
        return self.url("networks", network, scope=scope, **view)

    def settings(self, network: str) -> str:
        """Page to change a network's slug, or to delete it."""
        return self.url("networks", network, "settings")

    def plan(self, network: str, scope: Scope | None = None) -> str:
        """Predicted cost of an analysis of a network, over HTTP."""
        return self.url("api", "v2", "networks", network, "plan", scope=scope)

    def rename(self, network: str) -> str:
        """Form's target that changes the slug, with POST."""
        return self.url("networks", network, "rename")

    def bring_in(self, **view: Any) -> str:
        """The form for a network of one's own; with POST its preview."""
        return self.url("networks", "new", **view)

    def store_network(self) -> str:
        """Form's target that stores a previewed network, with POST."""
        return self.url("networks")

    def delete(self, network: str) -> str:
        """Form's target that deletes a network, with POST."""
        return self.url("networks", network, "delete")

    def restore(self, network: str) -> str:
        """Form's target that undoes a deletion, with POST."""
        return self.url("networks", network, "restore")

    def analyses(self, network: str, scope: Scope | None = None) -> str:
        """Index of a network's analyses; with POST the target that queues its main analysis."""
        return self.url("networks", network, "analyses", scope=scope)

    def analysis(self, network: str, what: str, scope: Scope | None = None, item: str = "", **view: Any) -> str:
        """Result of an analysis, or a part of it; with POST the target that queues it.

        Args:
            network: slug or digest.
            what: key of the analysis.
            scope: of the network.
            item: what of it, as one method with its settings; "" for all.
            view: further options.
        """
        return self.url("networks", network, "analyses", what, *([item] if item else []), scope=scope, **view)

    def play(self, network: str, refs: Any = (), scope: Scope | None = None, **view: Any) -> str:
        """Interventions by hand, and what some explanations say of them."""
        return self.url("networks", network, "play", scope=scope, e=[str(ref) for ref in refs], **view)

    def circuit(self, network: str, mask: str, scope: Scope | None = None, **view: Any) -> str:
        return self.explanation(network, f"c-{mask}", scope, **view)

    def interpretation(self, network: str, mask: str, index: int, scope: Scope | None = None, **view: Any) -> str:
        return self.explanation(network, f"i-{mask}.{index}", scope, **view)

    def algorithms(self, network: str, scope: Scope | None = None, **view: Any) -> str:
        """Every candidate algorithm, aligned or not, in the list of explanations."""
        return self.explanations(network, scope, kind="algorithm", valid="any", **view)

    def algorithm(self, network: str, algorithm: str, scope: Scope | None = None, **view: Any) -> str:
        return self.explanation(network, f"g-{algorithm}", scope, **view)

    def alignment(self, network: str, algorithm: str, alignment: str, scope: Scope | None = None) -> str:
        return self.explanation(network, f"a-{algorithm}.{alignment}", scope)

    def directions(self, network: str, scope: Scope | None = None, **view: Any) -> str:
        """The alignments on linear directions in the list of a network's explanations."""
        return self.explanations(network, scope, kind="direction", **view)

    def interpretations(self, network: str, mask: str, scope: Scope | None = None, **view: Any) -> str:
        """The interpretations of one circuit: a part of its page, files, and JSON."""
        return self.url("networks", network, "explanations", f"c-{mask}", "interpretations", scope=scope, **view)

    def explanations(self, network: str, scope: Scope | None = None, form: str = "", **view: Any) -> str:
        """All explanations of an analysis together, filtered; as a file if it has a form, such as ``csv``."""
        return self.url("networks", network, f"explanations.{form}" if form else "explanations", scope=scope, **view)

    def explanation(self, network: str, ref: Any, scope: Scope | None = None, **view: Any) -> str:
        """An explanation by its reference."""
        return self.url("networks", network, "explanations", str(ref), scope=scope, **view)

    def compare(self, network: str = "", refs: Any = (), scope: Scope | None = None, **view: Any) -> str:
        """A comparison of two to six references: ``/compare?network=…&e=…&e=…``."""
        query: dict[str, Any] = {"network": network, "e": [str(ref) for ref in refs], **view}
        return self.url("compare", scope=scope, **query)

    def claim(self, network: str, scope: Scope | None = None, **view: Any) -> str:
        """A reader's own circuit, by ``c=MASK`` or ``text=…``; without either the whole network."""
        return self.url("networks", network, "own", scope=scope, **view)

    def jobs(self, **view: Any) -> str:
        return self.url("jobs", **view)

    def job(self, job: str, **view: Any) -> str:
        return self.url("jobs", job, **view)

    def job_action(self, job: str, action: str) -> str:
        """Target that cancels a job or tries it again, with POST; "cancel" or "retry"."""
        return self.url("jobs", job, action)

    def train(self, **view: Any) -> str:
        """The form by which networks are trained; with POST where that is started."""
        return self.bring_in(way="train", **view)

    def glossary(self, term: str = "") -> str:
        return self.url("glossary") + (f"#{quote(term)}" if term else "")

    def scope(self, anchor: str = "") -> str:
        """Scope and limitations."""
        return self.url("scope") + (f"#{quote(anchor)}" if anchor else "")

    def criteria(self, *key: str) -> str:
        """Every criterion, or one by its key."""
        return self.url("criteria", *key)

    def document(self, *name: str, chapter: str = "") -> str:
        """The site of the documents, or one of them."""
        return self.url("docs", *name, "") + (f"#{quote(chapter)}" if chapter else "")

    def api(self) -> str:
        """Every address and its options."""
        return self.prefix + API_DOCS

    def login(self, **view: Any) -> str:
        """Form for a token, and with POST the target that begins a session; ``next=`` is the page to come back to."""
        return self.url("login", **view)

    def logout(self) -> str:
        """Form's target that ends a session, with POST."""
        return self.url("logout")

    def admin(self) -> str:
        """State of the installation."""
        return self.url("admin")

    def static(self, name: str, version: str = "") -> str:
        path = self.prefix + "/static/" + quote(name)
        return path + (f"?v={version}" if version else "")

    def made_of(self, page: str, name: str) -> str:
        """File made of a page (card.png, drawing.svg, drawing.pdf): the same options, one more segment."""
        path, question, query = page.partition("?")
        return f"{path}/{name}{question}{query}"

    def verified(self, page: str) -> str:
        """Verification of a page: its content computed anew from the weights, compared with what is stored."""
        return self.url("verified", url=page)

    def embedded(self, page: str) -> str:
        """A page of :mod:`pluriscope.app.pages.sharing` without the site around it, for a frame on another site."""
        return f"{self.prefix}/embed{page.removeprefix(self.prefix)}"

    def network_file(self, network: str) -> str:
        """Network file of a network, over HTTP."""
        return self.url("api", "v2", "networks", network, "file")

    def result(self, network: str, scope: Scope | None = None) -> str:
        """The result file of an analysis over HTTP."""
        return self.url("api", "v2", "networks", network, "result", scope=scope)

    def twin(self, page: str) -> str:
        """The JSON twin of a page's address."""
        bare = page.removeprefix(self.prefix)
        if bare.startswith("/compare?"):
            options = parse_qsl(bare.partition("?")[2])
            network = next((quote(value, safe="") for key, value in options if key == "network"), "")
            rest = urlencode([pair for pair in options if pair[0] != "network"])
            bare = f"/networks/{network}/compare{'?' if rest else ''}{rest}"
        return self.prefix + API_V2 + bare

    def page_of(self, twin: str) -> str:
        """The address a JSON twin's page has, or would have if there is none; a page's address is returned as it is."""
        bare = twin.removeprefix(self.prefix)
        return self.prefix + below_api(bare) if bare.startswith(f"{API_V2}/") else twin


@dataclass(frozen=True)
class ResultRef:
    """Reference to the result of an analysis.

    Args:
        network: slug, or beginning of a digest.
        scope: which analysis of the network.
    """

    network: str
    scope: Scope

    def url(self, ref: ExplanationRef) -> str:
        """The address of one of its explanations."""
        return Addresses(PREFIX.get()).explanation(self.network, ref, self.scope)
