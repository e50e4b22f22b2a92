"""The HTTP doors described for other languages: an OpenAPI 3.1 document.

The law: routes and document are made from the same operations, so that neither has what the other
lacks; the schemas are the structs themselves. Nothing here is called while serving but to give it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec

from stream.plan import Problem

Body = type[msgspec.Struct] | str | tuple[str, ...]
"""A JSON struct, or the media types of a body that is none."""

API_VERSION: Final = "1"

_REF: Final = "#/components/schemas/{name}"


@dataclass(frozen=True)
class Operation:
    """One method of one path: what it takes and gives, and with which statuses it refuses."""

    method: str
    path: str
    name: str
    summary: str
    status: int = 200
    takes: Body | None = None
    gives: Body | None = None
    refuses: tuple[int, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Response headers, with what they say."""
    query: Mapping[str, str] = field(default_factory=dict)
    secured: bool | Literal["optional"] = True
    """`optional`: a token shows more, and none is needed."""
    tag: str = "sessions"


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the OpenAPI document of these operations."""
    listed = list(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    structs = {body for op in listed for body in (op.takes, op.gives) if isinstance(body, type)}
    ordered = sorted(structs | {Problem}, key=lambda struct: struct.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rostrum",
            "version": API_VERSION,
            "summary": "Sessions, tokens and media of a hybrid live event.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of `POST /api/tokens` or of `rostrum token`.",
                }
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": _SECURITY[operation.secured],
        "responses": {str(operation.status): _response(operation)}
        | {str(status): _refusal(status) for status in operation.refuses},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ] + [
        {"name": name, "in": "query", "description": said, "schema": {"type": "string"}}
        for name, said in operation.query.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.takes is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.takes)}
    return described


_SECURITY: Final[Mapping[bool | str, list[dict[str, list[str]]]]] = {
    True: [{"bearer": []}],
    "optional": [{}, {"bearer": []}],
    False: [],
}


def _response(operation: Operation) -> dict[str, Any]:
    response: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.gives is not None:
        response["content"] = _content(operation.gives)
    if operation.headers:
        response["headers"] = {
            name: {"description": said, "schema": {"type": "string"}}
            for name, said in operation.headers.items()
        }
    return response


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name="Problem")}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": schema}},
    }


def _content(body: Body) -> dict[str, Any]:
    if isinstance(body, str | tuple):
        types = (body,) if isinstance(body, str) else body
        return {media_type: {"schema": {"type": "string"}} for media_type in types}
    return {"application/json": {"schema": {"$ref": _REF.format(name=body.__name__)}}}
