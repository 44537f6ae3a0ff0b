"""Nothing public is lost: addresses, answers, result files, tables and commands are at least what was frozen.

``tests/frozen/README.md`` says what is frozen and keeps the reason for every change that was made on purpose.
"""

from __future__ import annotations

import copy

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.pages.verdicts import on_the_spot
from tests.factories import on_a_copy, stored_analysis
from tests.frozen import public
from tests.golden_files import NAMES


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    on_the_spot.SECONDS = 600.0  # a busy machine is no loss
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("frozen")))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        stored_analysis(app.state.store, real=True)
        yield client


def test_every_address_still_leads_somewhere():
    assert sorted(set(public.read("addresses")) - set(public.addresses())) == []


@pytest.mark.slow
def test_the_http_interface_only_grew():
    assert list(public.schema_losses(public.read("openapi"), public.committed_description())) == []


@pytest.mark.slow
def test_every_command_and_option_is_still_there():
    now = public.commands()
    for name, options in public.read("commands").items():
        assert set(options) <= set(now.get(name, ())), name


def test_the_library_still_has_every_member_with_every_parameter():
    now = public.library()
    for name, members in public.read("library").items():
        there = {member.partition("(")[0]: member for member in now.get(name, ())}
        for member in members:
            called, _, parameters = member.partition("(")
            assert called in there, f"{name}.{called}"
            kept = set(there[called].partition("(")[2].rstrip(")").split(", "))
            assert set(parameters.rstrip(")").split(", ")) <= kept, f"{name}.{member}"


def test_every_criterion_is_still_asked():
    assert sorted(set(public.read("criteria")) - set(public.criteria())) == []


@pytest.mark.slow
def test_twins_still_say_what_they_said(client):
    assert list(public.losses(public.read("twins"), public.twins(client))) == []


@pytest.mark.slow
def test_tables_are_the_same_to_the_byte(client):
    assert public.tables(client) == public.read("tables")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_result_files_are_the_same_to_the_byte(name):
    assert public.result_digests(name) == public.read("results")[name]


BEFORE = {"id": "a1", "n": 3, "note": "Some words.", "list": [{"valid": True}], "seconds": 1.5}


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"more": 1, "note": "Other words.", "seconds": 9.0}, []),
        ({"n": 4}, [".n: 3 became 4"]),
        ({"list": [{"valid": 1}]}, [".list[0].valid: True became 1"]),
        ({"list": []}, [".list: was a list of 1"]),
        ({"note": None}, [".note: was a text"]),
    ],
)
def test_a_loss_is_seen_and_an_addition_is_none(change, lost):
    assert list(public.losses(BEFORE, BEFORE | change)) == lost


def one_operation() -> dict:
    """A description with one operation that takes an option and a body and answers a recursive object."""
    node = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "next": {"anyOf": [{"$ref": "#/components/schemas/N"}, {"type": "null"}]},
        },
    }
    body = {"type": "object", "properties": {"a": {"type": "integer"}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/N"}}}
    operation = {
        "parameters": [{"in": "query", "name": "sort"}],
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"content": content}},
    }
    return {"paths": {"/x": {"post": operation}}, "components": {"schemas": {"N": node}}}


def _drop_field(after):
    del after["components"]["schemas"]["N"]["properties"]["id"]


def _other_type(after):
    after["components"]["schemas"]["N"]["properties"]["id"]["type"] = "integer"


def _drop_alternative(after):
    after["components"]["schemas"]["N"]["properties"]["next"]["anyOf"].pop(0)


def _drop_option(after):
    after["paths"]["/x"]["post"]["parameters"].clear()


def _require_option(after):
    after["paths"]["/x"]["post"]["parameters"].append({"in": "query", "name": "new", "required": True})


def _require_in_body(after):
    schema = after["paths"]["/x"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema["required"] = ["a"]


def _drop_status(after):
    after["paths"]["/x"]["post"]["responses"].clear()


def _drop_operation(after):
    after["paths"].clear()


@pytest.mark.parametrize(
    "change",
    [
        _drop_field,
        _other_type,
        _drop_alternative,
        _drop_option,
        _require_option,
        _require_in_body,
        _drop_status,
        _drop_operation,
    ],
)
def test_a_loss_in_the_description_is_seen(change):
    after = copy.deepcopy(one_operation())
    assert list(public.schema_losses(one_operation(), after)) == []
    change(after)
    assert len(list(public.schema_losses(one_operation(), after))) == 1


def test_a_renamed_class_and_a_new_field_are_no_loss():
    after = one_operation()
    after["components"]["schemas"]["Node"] = after["components"]["schemas"].pop("N")
    after["components"]["schemas"]["Node"]["properties"]["more"] = {"type": "number"}
    pointer = {"$ref": "#/components/schemas/Node"}
    after["components"]["schemas"]["Node"]["properties"]["next"]["anyOf"][0] = pointer
    after["paths"]["/x"]["post"]["responses"]["200"]["content"]["application/json"]["schema"] = pointer
    assert list(public.schema_losses(one_operation(), after)) == []
