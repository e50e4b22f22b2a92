"""The doors for other languages: JSON Schema, AsyncAPI, OpenAPI and TypeScript, written from the structs.

For people, the table of commands in docs/protocol.md is written as well.

The law: these files are derived and committed; a test holds them to the structs, so that the pages'
types, the published schema and the server cannot disagree. `python -m signaling.schema` writes them.
"""

from __future__ import annotations

import inspect
import json
import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal

import msgspec

from signaling import protocol
from signaling.app import openapi

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/protocol.md"

_BEGIN, _END = "<!-- begin: commands -->", "<!-- end: commands -->"
"""What the table of commands stands between."""

UNIONS = ("AnyCommand", "AnyClientMessage", "AnyEvent", "AnyServerMessage")
ALIASES = (
    "Role",
    "Place",
    "Channel",
    "Status",
    "QuestionState",
    "Moderation",
    "HandState",
    "WhyNext",
    "PollKind",
    "PollState",
    "Reaction",
    "Kind",
    "Visibility",
    "CueState",
    "ReturnCue",
    "ReturnFeed",
    "Grade",
)


def documents() -> dict[Path, str]:
    """Return each derived file's path and text."""
    return {
        ROOT / "docs/protocol.schema.json": _json(json_schema()),
        ROOT / "docs/asyncapi.json": _json(asyncapi()),
        ROOT / "docs/openapi.json": _json(openapi()),
        ROOT / "web/shared/protocol.d.ts": typescript(),
        PAGE: _page(PAGE.read_text()),
    }


def _page(text: str) -> str:
    """Return the page about the protocol with the table of commands written anew between its marks."""
    before, _, rest = text.partition(f"{_BEGIN}\n")
    _, _, after = rest.partition(_END)
    rows = "".join(
        f"| `{command.__struct_config__.tag}` | {' '.join((inspect.getdoc(command) or '').split())} |\n"
        for command in _members("AnyCommand")
    )
    return f"{before}{_BEGIN}\n| command | does |\n|---|---|\n{rows}{_END}{after}"


def json_schema() -> dict[str, Any]:
    """Describe every message as JSON Schema (draft 2020-12), one definition a struct."""
    definitions = _components("#/$defs/{name}")
    for name in UNIONS:
        definitions[name] = {
            "oneOf": [{"$ref": f"#/$defs/{m.__name__}"} for m in _members(name)],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rostrum WebSocket messages",
        "description": "From the client: AnyClientMessage. From the server: AnyServerMessage.",
        "oneOf": [{"$ref": "#/$defs/AnyClientMessage"}, {"$ref": "#/$defs/AnyServerMessage"}],
        "$defs": definitions,
    }


def asyncapi() -> dict[str, Any]:
    """Describe the WebSocket as an AsyncAPI 3.0 document; `receive` is what the server receives."""
    from_client = _messages("AnyClientMessage")
    from_server = _messages("AnyServerMessage")
    channel = "#/channels/session"
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rostrum",
            "version": str(protocol.PROTOCOL_VERSION),
            "description": "One live session over one WebSocket; protocol.md tells the rules in prose.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "session": {
                "address": "/ws",
                "title": "The connection of one participant",
                "description": "The first frame is `hello`; the first answer is `welcome` or `bye`.",
                "messages": {
                    message["name"]: {"$ref": f"#/components/messages/{message['name']}"}
                    for message in (*from_client, *from_server)
                },
            }
        },
        "operations": {
            action: {
                "action": action,
                "channel": {"$ref": channel},
                "messages": [{"$ref": f"{channel}/messages/{m['name']}"} for m in messages],
            }
            for action, messages in (("receive", from_client), ("send", from_server))
        },
        "components": {
            "messages": {message["name"]: message for message in (*from_client, *from_server)},
            "schemas": _components("#/components/schemas/{name}"),
        },
    }


def typescript() -> str:
    """Describe every message as TypeScript declarations, for `tsc --checkJs`."""
    parts = ["// Written by `python -m signaling.schema` from signaling/protocol/: change it there.\n"]
    parts += [f"export type {name} = {_ts(getattr(protocol, name), named=False)};\n" for name in ALIASES]
    written = {struct.__name__ for name in UNIONS for struct in _members(name)}
    values = [s for s in _structs() if s.__name__ not in written and not s.__subclasses__()]
    parts += [_interface(struct, optional_defaults=False) for struct in values]
    for union, from_client in (("AnyClientMessage", True), ("AnyEvent", False), ("AnyServerMessage", False)):
        parts += [_interface(struct, optional_defaults=from_client) for struct in _members(union)]
    parts += [f"export type {name} =\n{_alternatives(name)};\n" for name in UNIONS]
    return "\n".join(parts)


def _components(ref_template: str) -> dict[str, Any]:
    roots = [getattr(protocol, name) for name in ("AnyClientMessage", "AnyServerMessage")]
    _, components = msgspec.json.schema_components(roots, ref_template=ref_template)
    return {name: _without_discriminator(schema) for name, schema in components.items()}


def _without_discriminator(schema: Any) -> Any:
    """Drop OpenAPI's discriminator object, which AsyncAPI spells otherwise; `type` is an enum anyway."""
    if isinstance(schema, dict):
        return {key: _without_discriminator(value) for key, value in schema.items() if key != "discriminator"}
    if isinstance(schema, list):
        return [_without_discriminator(item) for item in schema]
    return schema


def _messages(union: str) -> list[dict[str, Any]]:
    return [
        {
            "name": _tag(struct),
            "summary": (struct.__doc__ or _tag(struct)).strip(),
            "payload": {"$ref": f"#/components/schemas/{struct.__name__}"},
        }
        for struct in _members(union)
    ]


def _members(union: str) -> tuple[type[msgspec.Struct], ...]:
    return typing.get_args(getattr(protocol, union))


def _structs() -> list[type[msgspec.Struct]]:
    return [
        value
        for value in vars(protocol).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    ]


def _tag(struct: type[msgspec.Struct]) -> str:
    return str(struct.__struct_config__.tag)


def _interface(struct: type[msgspec.Struct], *, optional_defaults: bool) -> str:
    """Write one interface. A client may leave out defaults; the server does where the struct says so."""
    hints = typing.get_type_hints(struct, include_extras=True)
    may_omit = optional_defaults or struct.__struct_config__.omit_defaults
    lines = []
    if struct.__struct_config__.tag is not None:
        lines.append(f'  type: "{_tag(struct)}";')
    for field in msgspec.structs.fields(struct):
        mark = "?" if may_omit and not field.required else ""
        lines.append(f"  {field.encode_name}{mark}: {_ts(hints[field.name])};")
    return f"{_comment(struct)}export interface {struct.__name__} {{\n" + "\n".join(lines) + "\n}\n"


def _comment(struct: type[msgspec.Struct]) -> str:
    text = (struct.__dict__.get("__doc__") or "").strip()
    if not text:
        return ""
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "/**\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def _alternatives(union: str) -> str:
    return "\n".join(f"  | {member.__name__}" for member in _members(union))


def _ts(hint: Any, *, named: bool = True) -> str:
    """Spell a type hint in TypeScript."""
    if named:
        for name in (*ALIASES, *UNIONS):
            if hint == getattr(protocol, name):
                return name
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _ts(arguments[0])
    if origin is Literal:
        return " | ".join(json.dumps(value) for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(_ts(argument) for argument in arguments)
    if origin is tuple:
        return f"ReadonlyArray<{_ts(arguments[0])}>"
    if origin is dict:
        return f"Readonly<Record<string, {_ts(arguments[1])}>>"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint.__name__
    return {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}[hint]


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the derived files; with `--check`, only say which are not current (exit status 1)."""
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not current: run python -m signaling.schema\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(documents()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
