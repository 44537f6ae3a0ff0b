"""The place that an address names: one output of one network under one protocol and data record."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from analysis.models.registry import kind_called
from analysis.question import Question
from app.addressing import Addresses
from app.db.codecs import question_of
from app.db.errors import Ambiguous, Deleted, StoreError
from app.db.models import other_model
from app.db.reads import analyses
from app.db.tables import AnalysisRow, NetworkRow
from app.errors import Gone, Moved, NotFound
from pluriscope.naming import Scope, protocol_key


@dataclass(frozen=True)
class Place:
    """One output of one stored network under one protocol and data record: what most addresses are about.

    Args:
        row: the network's row.
        question: what is asked about it.
        scope: in canonical form: a built-in protocol by name, digests cut to 12 digits.
        analysis: the stored analysis, or None.
        partial: what the job on its way to it has found so far, or None; None too where the analysis is stored.
    """

    row: NetworkRow
    question: Question
    scope: Scope
    analysis: AnalysisRow | None
    partial: AnalysisRow | None = None

    @property
    def slug(self) -> str:
        """Of the network."""
        return self.row.slug

    @property
    def shown(self) -> AnalysisRow | None:
        """What lists show: the stored analysis; else what is certain so far, with "still computing" beside it."""
        return self.analysis or self.partial


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
    """
    try:
        row = analyses.find_network(session, network, deleted=deleted)
    except Deleted as error:
        page, undo = addresses.delete(error.slug), addresses.restore(error.slug)
        raise Gone(error.item, error.cause, error.cure, "network", page, "its deletion", undo) from None
    except StoreError as error:
        model = other_model(session, network)
        if model is not None:
            noun, page = kind_called(model.kind).noun, addresses.model(model.slug)
            raise NotFound(
                f"network {network!r}",
                f"is a model of another kind ({noun}), which has no such page",
                "look at its own page",
                "network",
                page,
                f"model {model.slug}",
            ) from None
        ambiguous = isinstance(error, Ambiguous)
        parent = addresses.gallery(q=network) if ambiguous else addresses.gallery()
        label = "networks that match" if ambiguous else "all networks"
        raise NotFound(error.item, error.cause, error.cure, "network", parent, label) from None
    if row.slug != network and not row.digest.startswith(network):
        raise Moved.to(network, row.slug, addresses.network(row.slug))
    return row


def locate(session: Session, addresses: Addresses, network: str, scope: Scope) -> Place:
    """Everything that an address's scope names, read in at most four statements; five where no analysis is stored.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    row = find_network(session, addresses, network)
    try:
        analyses.check_output(row, scope.output)
        protocol = analyses.find_protocol(session, scope.protocol)
        data = analyses.find_data(session, scope.data, row.sizes[0])
    except StoreError as error:
        field = error.item.split(" ", 1)[0]
        parent, label = addresses.network(row.slug), f"network {row.slug}"
        raise NotFound(error.item, error.cause, error.cure, field, parent, label) from None
    key = (row.id, scope.output, protocol.digest, data.digest)
    analysis = analyses.analysis_by_key(session, *key)
    return Place(
        row,
        question_of(row, scope.output, protocol, data),
        Scope(scope.output, protocol_key(protocol), "" if data.is_clean else data.digest[:12]),
        analysis,
        analyses.partial_by_key(session, *key) if analysis is None else None,
    )


def locate_boolean(session: Session, addresses: Addresses, network: str, scope: Scope) -> Place:
    """The same where the data record's rows stand for the Boolean inputs, which everything but circuits is about.

    Raises:
        NotFound: no such network, output, protocol or data record, or the rows are others (activations of images, say).
    """
    place = locate(session, addresses, network, scope)
    check_boolean(place, addresses)
    return place


def check_boolean(place: Place, addresses: Addresses) -> None:
    """Refuse rows that stand for no Boolean inputs.

    Raises:
        NotFound: they do not.
    """
    if not place.question.data.boolean:
        raise NotFound(
            f"data {place.scope.data}",
            "has rows that stand for no Boolean inputs, so there are circuits on it and nothing else",
            "leave data out to see this page on the clean inputs",
            "data",
            addresses.explanations(place.row.slug, place.scope),
            "the circuits on these rows",
        )
