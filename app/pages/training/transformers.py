"""Transformers trained here: the form, what it would do, and starting it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import Field, ValidationError
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from analysis.models.attention_spec import AttentionSpec, TransformerOptions, attention_spec
from analysis.models.attention_tasks import TASKS
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.figures.numbers import noun
from app.jobs import queue
from app.options import PageModel
from app.pages.training.form import own_network
from pluriscope.blocks import Block, Form, Head, Notice, Prose, Side, errors_of

_PLAN: Final = "plan"
FOLDED: Final = frozenset(("d_model", "d_head", "positions", "learning_rate", "weight_decay", "layer_norm", "context"))


class TransformerRequest(PageModel):
    """What starts the training of a transformer over HTTP."""

    name: str = Field("", max_length=200, description="Empty: made from task, sizes and seed.")
    spec: TransformerOptions = Field(default_factory=TransformerOptions, description="How to train.")


class TransformerFields(TransformerOptions):
    """The fields of the form: every option of training, and a name."""

    way: Literal["transformer"] = Field("transformer", json_schema_extra={"control": "hidden"})
    task: Literal[tuple(TASKS)] = Field("induction", description="All its rows are trained on.")  # type: ignore[valid-type]
    seed: int = Field(2502, description="The same options and seed give the same weights.")
    name: str = Field("", max_length=200, description="Empty: made from task, sizes and seed.")


def read_transformer(sent: Mapping[str, Sequence[str]]) -> tuple[TransformerRequest | None, dict[str, str]]:
    """The texts of the form as a request, None if they cannot be trained with; and what is wrong with each field."""
    given: dict[str, Any] = {"seed": TransformerFields.model_fields["seed"].default}
    given |= {name: texts[0].strip() for name, texts in sent.items() if name != "way" and texts[0].strip()}
    name = given.pop("name", "")
    try:
        request = TransformerRequest(name=name, spec=TransformerOptions.model_validate(given))
        spec_of(request)
    except ValidationError as error:
        return None, errors_of(error)
    except AnalysisError as error:
        field = error.item.replace("-", "_")
        return None, {field if field in TransformerFields.model_fields else "task": str(error)}
    return request, {}


def spec_of(request: TransformerRequest) -> AttentionSpec:
    """What a request trains; for its errors see :func:`analysis.models.attention_spec.attention_spec`."""
    return attention_spec(request.spec.model_dump())


def transformer_page(
    _: Session, links: Addresses, sent: Mapping[str, Sequence[str]], *, refused: bool = False
) -> Iterator[Block]:
    """The form, filled in, beside what it would do; see :func:`app.pages.training.form.training_page`."""
    request, errors = read_transformer(sent)
    yield Head(
        "Train a transformer",
        "Layers of attention heads on a task of which every row is known. You watch the loss fall. If it converges, it "
        "is stored and its circuits are searched.",
        actions=[own_network(links, "Train a transformer")],
    )
    if refused:
        yield Notice("Nothing was started", "", "Mend what is marked and start again.", "refused")
    values = {name: texts[0] for name, texts in sent.items() if name != "way"}
    form = Form(TransformerFields, links.train(), "Start training", values, errors, folded=FOLDED, told=_PLAN)
    yield Side([form, _told(request, errors)])


def _told(request: TransformerRequest | None, errors: Mapping[str, str]) -> Block:
    if request is None:
        return Notice("Nothing can be trained as it stands", " ".join(errors.values()), state="refused", id=_PLAN)
    task = (spec := spec_of(request)).task
    row = " ".join(task.outputs[token] for token in task.rows[0])
    told = f"{spec.label}: {noun(len(task.rows), 'row')} of {noun(len(task.rows[0]), 'token')} from a vocabulary of "
    told += f"{len(task.outputs)}, such as {row} → {task.outputs[task.answers[0]]}. It converges if its loss is below "
    return Prose(f"{told}{spec.loss_target:g} and it is right on more than 99% of them.", glossary=False, id=_PLAN)


def start_transformer(session: Session, request: TransformerRequest) -> JobRow:
    """Ask for the training; the same request again is the same job, tried again if it failed.

    Raises:
        InvalidTraining, InvalidTask: as the command line says of such options.
    """
    label = request.name or spec_of(request).label
    arguments = {"spec": request.spec.model_dump(), "name": request.name}
    return queue.enqueue(session, "train-model", arguments, f"Train {label}", asked=True, again=queue.ENDED_BADLY)
