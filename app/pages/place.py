"""Question that an address names: one output of one network of any kind, under its rules and on its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Generic, cast

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope, protocol_key
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.plugins import brought, guarded
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import Q_co, SubjectQuestion, part, rules_of
from pluriscope.app.db.errors import Ambiguous, Deleted, StoreError
from pluriscope.app.db.reads import analyses
from pluriscope.app.db.remote import remote_kinds
from pluriscope.app.db.tables import AnalysisRow, NetworkRow
from pluriscope.app.errors import Gone, Moved, NotFound, Unopened

FORMULAS: Final = "formulas"
"""The trait of networks of which there is more than circuits, on Boolean inputs."""


@dataclass(frozen=True)
class StoredQuestion(Generic[Q_co]):
    """Question about one output of a stored network under its rules and on its rows: most addresses name one.

    Args:
        row: the network's row.
        question: what is asked about it.
        scope: in canonical form: a built-in protocol by name, digests cut to 12 digits.
        analysis: the stored analysis, or None.
    """

    row: NetworkRow
    question: Q_co
    scope: Scope
    analysis: AnalysisRow | None

    @property
    def slug(self) -> str:
        """Slug of the network."""
        return self.row.slug

    @property
    def part(self) -> str:
        """Noun for what a circuit keeps or cuts."""
        return part(self.question)

    @property
    def rules(self) -> str:
        """The rules in words: the value of every setting, or the name of the protocol."""
        return rules_of(self.question)

    @property
    def protocol_digest(self) -> str:
        return self.question.protocol.digest

    @property
    def data_digest(self) -> str:
        """SHA-256 of the rows."""
        return str(self.question.data_document["digest"])

    @property
    def record(self) -> dict[str, Any]:
        """Fields of every record about it: which network, what is asked of it, and the engine that answers."""
        return {"network": self.row.digest, "scope": dict(self.scope.fields), "engine_version": ENGINE_VERSION}

    @property
    def boolean(self) -> bool:
        """Whether its rows stand for Boolean inputs, which everything but circuits is about."""
        return not self.question.refuses(FORMULAS)

    @property
    def cited(self) -> str:
        """The rules and rows, as citations name them."""
        data = "" if self.question.data_document["clean"] else f", data {self.data_digest[:12]}"
        return f"{self.rules} ({self.protocol_digest[:12]}){data}"

    @property
    def rows(self) -> str:
        """Words for what the rows are."""
        return self.question.rows_in_words

    @property
    def under(self) -> str:
        """The rules and, where there are several, the output, in words."""
        return self.question.under


AnyPlace = StoredQuestion[Any]
Place = StoredQuestion[Question]
"""Of a perceptron."""


def find_network(session: Session, addresses: Addresses, network: str, *, deleted: bool = False) -> NetworkRow:
    """The network of that slug, or whose digest begins with those 6 or more digits.

    Args:
        addresses: for the nearest page that exists.
        network: slug or beginning of a digest.
        deleted: whether a deleted one is meant too.

    Raises:
        NotFound: none, or several.
        Gone: it was deleted, which can be undone.
        Moved: it once had that slug.
        Unopened: it is not stored, and can be opened elsewhere.
    """
    try:
        row = analyses.find_network(session, network, deleted=deleted)
    except Deleted as error:
        undo, page = addresses.restore(error.slug), addresses.gallery()
        raise Gone(error.item, error.cause, error.cure, "network", page, "all networks", undo) from None
    except StoreError as error:
        for collection in brought("collections").values():
            find = partial(collection.where, session, addresses, network)
            if page := guarded("collections", collection, find, lambda _: ""):
                cause = "is not stored, and can be opened"
                raise Unopened(f"network {network!r}", cause, "open it there", "network", page, "it") from None
        ambiguous = isinstance(error, Ambiguous)
        parent = addresses.gallery(q=network) if ambiguous else addresses.gallery()
        label = "networks that match" if ambiguous else "all networks"
        raise NotFound(error.item, error.cause, error.cure, "network", parent, label) from None
    if row.slug != network and not row.digest.startswith(network):
        raise Moved.to(network, row.slug, addresses.network(row.slug))
    return row


def locate(session: Session, addresses: Addresses, network: str, scope: Scope) -> AnyPlace:
    """Read all that an address's scope names, in at most four statements; five where no analysis is stored.

    Raises:
        NotFound: no such network, output, protocol or data record, or they do not fit it.
    """
    row = find_network(session, addresses, network)
    try:
        question: SubjectQuestion = analyses.find_question(session, row, scope)
    except (AnalysisError, StoreError) as error:
        field = error.item.split(" ", 1)[0]
        field = field if field in ("output", "data") else "protocol"
        parent, label = addresses.network(row.slug), f"network {row.slug}"
        raise NotFound(error.item, error.cause, error.cure, field, parent, label) from None
    return place_of(session, row, question)


def page_elsewhere(session: Session, addresses: Addresses, network: str) -> str:
    """The page of a network whose weights are elsewhere; "" of every other.

    Raises:
        NotFound: no network has that name, or several have.
    """
    row = find_network(session, addresses, network)
    return remote_kinds()[row.kind].page(addresses, row.slug) if row.kind in remote_kinds() else ""


def key_of(question: SubjectQuestion) -> str:
    """The rules as addresses name them; of a network that is read with its classes, by their name."""
    protocol = question.protocol
    with_classes = isinstance(question, Question) and question.classes is not None
    return protocol_key(protocol) if isinstance(protocol, Protocol) and not with_classes else protocol.name


def place_of(session: Session, row: NetworkRow, question: SubjectQuestion) -> AnyPlace:
    """The place of a question about a stored network."""
    document = question.data_document
    data = "" if not row.sizes else analyses.clean_key(row) if document["clean"] else str(document["digest"])[:12]
    scope = Scope(question.output, key_of(question), data)
    return StoredQuestion(row, question, scope, analyses.analysis_of(session, row, question))


def others(place: AnyPlace) -> dict[str, AnyPlace]:
    """The question under each named set of rules that fits, by name, the usual ones first; analyses are not read."""
    scopes = ((one, replace(place.scope, protocol=key_of(one))) for one in place.question.admitted())
    return {rules_of(one): replace(place, question=one, scope=scope, analysis=None) for one, scope in scopes}


def require(place: AnyPlace, addresses: Addresses, trait: str, item: str) -> None:
    """Refuse what needs something that networks of this kind do not offer.

    Args:
        trait: key of :data:`pluriscope.analysis.subjects.traits.TRAITS`.
        item: what was asked for.

    Raises:
        NotFound: they do not; it leads to the network's own page.
    """
    if reason := place.question.kind.refuses(trait):
        page, label = addresses.network(place.slug, place.scope), f"network {place.slug}"
        raise NotFound(item, f"is not offered: {reason}", "look at its own page", "network", page, label)


def locate_perceptron(session: Session, addresses: Addresses, network: str, scope: Scope) -> Place:
    """Locate the question of an address that only perceptrons can have.

    Raises:
        NotFound: as above, or it is a network of another kind.
    """
    place = locate(session, addresses, network, scope)
    require(place, addresses, FORMULAS, f"network {network!r}")
    return cast(Place, place)


def locate_boolean(session: Session, addresses: Addresses, network: str, scope: Scope) -> Place:
    """Locate the question of an address that needs rows for the Boolean inputs, as all but circuits do.

    Raises:
        NotFound: no such network, output, protocol or data record, or the rows are others (tokens, or activations of
            images, say).
    """
    place = locate(session, addresses, network, scope)
    check_boolean(place, addresses)
    return cast(Place, place)


def check_boolean(place: AnyPlace, addresses: Addresses) -> None:
    """Refuse rows that stand for no Boolean inputs.

    Raises:
        NotFound: they do not.
    """
    require(place, addresses, FORMULAS, "this page")
    if not place.boolean:
        raise NotFound(
            f"data {place.scope.data}",
            "has rows that stand for no Boolean inputs, so there are circuits on it and nothing else",
            "leave data out to see this page on the clean inputs",
            "data",
            addresses.explanations(place.slug, place.scope),
            "the circuits on these rows",
        )
