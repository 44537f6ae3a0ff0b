"""The place that an address names: one output of one network under one protocol and data record, or one transformer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sqlalchemy.orm import Session

from analysis.circuits_file import task_digest
from analysis.errors import AnalysisError
from analysis.question import Question
from analysis.subjects.enumeration import read_mask, refuse_if_too_large
from analysis.subjects.perceptron.kind import PERCEPTRON
from analysis.subjects.registry import kind_called
from analysis.subjects.subject import Rules, Space, Subject, SubjectKind
from app.db.codecs import question_of
from app.db.errors import Ambiguous, Deleted, StoreError
from app.db.models import model_of, other_model
from app.db.reads import analyses
from app.db.reads.studies import study_network_at
from app.db.tables import AnalysisRow, ModelRow, NetworkRow
from app.errors import Gone, Moved, NotFound, Unopened
from pluriscope.address import Addresses
from pluriscope.naming import RulesScope, Scope, protocol_key


@dataclass(frozen=True)
class Place:
    """One output of one stored network under one protocol and data record: what most addresses are about.

    Args:
        row: the network's row.
        question: what is asked about it.
        scope: in canonical form: a built-in protocol by name, digests cut to 12 digits.
        analysis: the stored analysis, or None.
    """

    row: NetworkRow
    question: Question
    scope: Scope
    analysis: AnalysisRow | None
    part: ClassVar[str] = "edge"
    kind: ClassVar[SubjectKind] = PERCEPTRON

    @property
    def slug(self) -> str:
        """Of the network."""
        return self.row.slug

    @property
    def rules(self) -> str:
        """The name of the protocol."""
        return self.question.protocol.name

    @property
    def protocol_digest(self) -> str:
        return self.question.protocol.digest

    @property
    def data_digest(self) -> str:
        """SHA-256 of the rows."""
        return self.question.record.digest

    @property
    def cited(self) -> str:
        """The rules and rows, as citations name them."""
        data = "" if self.question.record.is_clean else f", data {self.data_digest[:12]}"
        return f"{self.rules} ({self.protocol_digest[:12]}){data}"

    @property
    def rows(self) -> str:
        """What the rows are, in words."""
        return self.question.data.description or "every Boolean input, once"

    @property
    def under(self) -> str:
        """The protocol and, where there are several, the output, in words."""
        task, name = self.question.task, self.question.protocol.name
        output = f", output {self.scope.output} ({task.name or ''.join(map(str, task.truth_table))})"
        return f"protocol {name}{output if len(self.row.tasks) > 1 else ''}"

    @property
    def played(self) -> bool:
        """Whether its pages of comparing and changing by hand are about such rows."""
        return self.question.data.boolean


@dataclass(frozen=True)
class ModelPlace:
    """One stored transformer with its task under one set of rules, which its protocol in addresses names.

    Args:
        model: itself.
        settings: the rules, setting by setting.
        space: its circuits under them.
    """

    row: ModelRow
    kind: SubjectKind
    model: Subject
    settings: Rules
    space: Space

    @property
    def slug(self) -> str:
        """Of the model."""
        return self.row.slug

    @property
    def text(self) -> str:
        """The rules as jobs and the store write them, "" for the usual ones."""
        return self.kind.write_rules(self.settings)

    @property
    def scope(self) -> RulesScope:
        """The same as addresses have them."""
        return RulesScope.of(self.text)

    @property
    def part(self) -> str:
        return self.space.graph.cut[:-1]

    @property
    def rules(self) -> str:
        """The value of every setting."""
        return ", ".join(self.settings.values())

    @property
    def protocol_digest(self) -> str:
        return self.kind.protocol(self.settings).digest

    @property
    def data_digest(self) -> str:
        """SHA-256 of the task."""
        return task_digest(self.model)

    @property
    def cited(self) -> str:
        """The rules, as citations name them."""
        return f"{self.rules} ({self.protocol_digest[:12]})"

    @property
    def rows(self) -> str:
        """What the rows are, in words."""
        return f"{len(self.model.rows):,} rows of {self.model.task or 'an unnamed task'}"

    @property
    def under(self) -> str:
        """The rules in words."""
        return f"the rules {self.rules}"

    @property
    def too_large(self) -> str:
        """Why its circuits are not searched, "" if they are."""
        try:
            refuse_if_too_large(self.model, self.space)
        except AnalysisError as error:
            return error.cause
        return ""

    def others(self, *, searched: bool = False) -> dict[str, RulesScope]:
        """Every set of rules that fits, by the same words; those under which circuits can be searched, if asked for."""
        every = self.kind.admitted_rules(self.model)
        places = (replace(self, settings=one, space=self.model.space(one)) for one in every)
        return {one.rules: one.scope for one in places if not (searched and one.too_large)}


AnyPlace = Place | ModelPlace


def mask_meant(place: ModelPlace, text: str, addresses: Addresses) -> str:
    """The circuit that a mask means, as it is written.

    Raises:
        NotFound: it is no mask, or nothing is left of it.
    """
    try:
        return read_mask(place.space, text)
    except AnalysisError as error:
        parent = addresses.circuits(place.slug, place.scope)
        raise NotFound(error.item, error.cause, error.cure, "mask", parent, "all valid circuits") from None


def find_any(session: Session, addresses: Addresses, network: str, *, deleted: bool = False) -> NetworkRow | ModelRow:
    """The network, or else the transformer, of that slug, or whose digest begins with those 6 or more digits.

    Args:
        addresses: for the nearest page that exists.
        network: slug or beginning of a digest.
        deleted: whether a deleted one is meant too.

    Raises:
        NotFound: none, or several.
        Gone: it was deleted, which can be undone.
        Moved: it once had that slug.
        Unopened: it is a network of a study, and not stored.
    """
    try:
        row = analyses.find_network(session, network, deleted=deleted)
    except Deleted as error:
        undo, page = addresses.restore(error.slug), addresses.gallery()
        raise Gone(error.item, error.cause, error.cure, "network", page, "all networks", undo) from None
    except StoreError as error:
        model = other_model(session, network)
        if model is not None:
            return model
        if of_study := study_network_at(session, network):
            study, digest = of_study
            cause, page = "is stored when its row of the study is opened", addresses.study_network(study.slug, digest)
            raise Unopened(f"network {network!r}", cause, "open it there", "network", page, "it") from None
        ambiguous = isinstance(error, Ambiguous)
        parent = addresses.gallery(q=network) if ambiguous else addresses.gallery()
        label = "networks that match" if ambiguous else "all networks"
        raise NotFound(error.item, error.cause, error.cure, "network", parent, label) from None
    if row.slug != network and not row.digest.startswith(network):
        raise Moved.to(network, row.slug, addresses.network(row.slug))
    return row


def find_network(session: Session, addresses: Addresses, network: str, *, deleted: bool = False) -> NetworkRow:
    """The same where only perceptrons have what is asked for.

    Raises:
        NotFound: as above, or it is a transformer.
        Gone: see above.
        Moved: see above.
    """
    row = find_any(session, addresses, network, deleted=deleted)
    if isinstance(row, NetworkRow):
        return row
    cause = f"is a {kind_called(row.kind).noun}, which has no such page"
    page, label = addresses.network(row.slug), f"network {row.slug}"
    raise NotFound(f"network {network!r}", cause, "look at its own page", "network", page, label)


def locate(session: Session, addresses: Addresses, network: str, scope: Scope) -> Place:
    """Everything that an address's scope names, read in at most four statements; five where no analysis is stored.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    return _place(session, addresses, find_network(session, addresses, network), scope)


def locate_any(session: Session, addresses: Addresses, network: str, scope: Scope) -> AnyPlace:
    """The same of perceptrons and transformers.

    Raises:
        NotFound: see above.
    """
    row = find_any(session, addresses, network)
    if isinstance(row, NetworkRow):
        return _place(session, addresses, row, scope)
    return place_of_model(addresses, row, scope)


def place_of_model(addresses: Addresses, row: ModelRow, scope: Scope) -> ModelPlace:
    """A transformer under the rules that a protocol names.

    Raises:
        NotFound: it has no such output, rules or rows, or they do not fit it.
    """
    parent, label = addresses.network(row.slug), f"network {row.slug}"
    for name, value in (("output", scope.output), ("data", scope.data)):
        if value:
            cause, cure = f"is not there: a {kind_called(row.kind).noun} has one", f"leave {name} out"
            raise NotFound(f"{name} {str(value)[:40]}", cause, cure, name, parent, label)
    try:
        kind, model = model_of(row)
        settings = kind.rules(RulesScope.of(scope.protocol).rules)
        return ModelPlace(row, kind, model, settings, model.space(settings))
    except (AnalysisError, StoreError) as error:
        raise NotFound(error.item, error.cause, error.cure, "protocol", parent, label) from None


def _place(session: Session, addresses: Addresses, row: NetworkRow, scope: Scope) -> Place:
    try:
        analyses.check_output(row, scope.output)
        protocol = analyses.find_protocol(session, scope.protocol)
        data = analyses.find_data(session, scope.data, row.sizes[0])
    except StoreError as error:
        field = error.item.split(" ", 1)[0]
        parent, label = addresses.network(row.slug), f"network {row.slug}"
        raise NotFound(error.item, error.cause, error.cure, field, parent, label) from None
    key = (row.id, scope.output, protocol.digest, data.digest)
    return Place(
        row,
        question_of(row, scope.output, protocol, data),
        Scope(scope.output, protocol_key(protocol), "" if data.is_clean else data.digest[:12]),
        analyses.analysis_by_key(session, *key),
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
