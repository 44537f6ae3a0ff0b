"""The machine interface as a page, made from the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.options import Options, PageModel, ScopeOptions


class OptionDoc(PageModel):
    """An option, or a part of the path."""

    name: str
    where: str
    type: str
    required: bool
    default: str
    description: str


class OperationDoc(PageModel):
    """One method of one address; options without those of every page, where it takes them."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    options: list[OptionDoc]
    takes_page_options: bool
    takes_scope_options: bool
    returns: str
    statuses: list[tuple[str, str]]


class SchemaDoc(PageModel):
    """One type of answer."""

    name: str
    description: str
    fields: list[OptionDoc]


class InterfacePage(PageModel):
    """Every operation and every type."""

    title: str
    version: str
    description: str
    page_options: list[OptionDoc]
    scope_options: list[OptionDoc]
    operations: list[OperationDoc]
    schemas: list[SchemaDoc]


def build_interface(document: Mapping[str, Any]) -> InterfacePage:
    """The page of an OpenAPI document."""
    operations = [
        _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    parameters = [
        parameter
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
    ]
    schemas = document.get("components", {}).get("schemas", {})
    return InterfacePage(
        title=document["info"]["title"],
        version=document["info"]["version"],
        description=document["info"].get("description", ""),
        page_options=_once(filter(_is_of_every_page, parameters)),
        scope_options=_once(filter(_says_which_analysis, parameters)),
        operations=operations,
        schemas=[_schema(name, schema) for name, schema in sorted(schemas.items()) if "properties" in schema],
    )


def _once(parameters: Iterable[Mapping[str, Any]]) -> list[OptionDoc]:
    """Each of some parameters once."""
    return list({parameter["name"]: _option(parameter) for parameter in parameters}.values())


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> OperationDoc:
    answers = operation.get("responses", {})
    good: Mapping[str, Any] = next((answer for status, answer in answers.items() if status.startswith("2")), {})
    content: Mapping[str, Any] = next(iter(good.get("content", {}).values()), {})
    parameters = operation.get("parameters", [])
    shared = (_is_of_every_page, _says_which_analysis)
    own = [
        parameter
        for parameter in parameters
        if not any(is_shared(parameter) for is_shared in shared) and not _is_said_by_the_path(parameter)
    ]
    return OperationDoc(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        options=[_option(parameter) for parameter in own],
        takes_page_options=any(map(_is_of_every_page, parameters)),
        takes_scope_options=any(map(_says_which_analysis, parameters)),
        returns=_type(content.get("schema", {})),
        # errors that any operation may answer with are only referred to
        statuses=[(status, answer["description"]) for status, answer in answers.items() if "description" in answer],
    )


def _is_of_every_page(parameter: Mapping[str, Any]) -> bool:
    """Whether it is an option that all pages share; telling of those once spares the page a good part of its size."""
    shared = Options.model_fields.get(parameter["name"])
    return shared is not None and parameter["in"] == "query" and parameter.get("description") == shared.description


def _says_which_analysis(parameter: Mapping[str, Any]) -> bool:
    """Whether it is one of the options that say which analysis is meant, in the words that most operations share."""
    shared = ScopeOptions.model_fields.get(parameter["name"])
    is_own = parameter["name"] not in Options.model_fields and parameter["in"] == "query"
    return shared is not None and is_own and parameter.get("description") == shared.description


def _is_said_by_the_path(parameter: Mapping[str, Any]) -> bool:
    """Whether there is nothing to say of a part of the path but its name."""
    schema = parameter.get("schema", {})
    return parameter["in"] == "path" and not parameter.get("description") and set(schema) <= {"type", "title"}


def _option(parameter: Mapping[str, Any]) -> OptionDoc:
    schema = parameter.get("schema", {})
    return OptionDoc(
        name=parameter["name"],
        where=parameter["in"],
        type=_type(schema),
        required=parameter.get("required", False),
        default="" if schema.get("default") is None else str(schema["default"]),
        description=parameter.get("description", schema.get("description", "")),
    )


def _schema(name: str, schema: Mapping[str, Any]) -> SchemaDoc:
    required = schema.get("required", [])
    return SchemaDoc(
        name=name,
        description=schema.get("description", ""),
        fields=[
            OptionDoc(
                name=key,
                where="field",
                type=_type(value),
                required=key in required,
                default="" if value.get("default") is None else str(value["default"]),
                description=value.get("description", ""),
            )
            for key, value in schema["properties"].items()
        ],
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(_type(option) for option in schema[union]))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" {'' if low is None else low} … {'' if high is None else high}" if (low, high) != (None, None) else ""
    return kind + bounds
