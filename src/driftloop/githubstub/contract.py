"""GitHub's own description of its REST API, as the judge of what is asked and of what is answered."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource, Specification

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DESCRIPTION = Path(__file__).with_name("openapi.json")
ROOT = "urn:github:rest"
# These may hold slashes; PyGithub and GitHub itself leave them unescaped.
GREEDY = {"ref", "path", "branch", "basehead", "tag", "name"}
# GitHub answers these everywhere, and describes them here and there.
ANYWHERE = {401, 403, 404, 410, 422, 429}


class Contract:
    """The description, ready to be asked.

    Attributes
    ----------
    home
        URL of the server, for links that nobody follows.
    """

    def __init__(self) -> None:
        self.home = "http://localhost"
        self.document: dict[str, Any] = _mended(json.loads(DESCRIPTION.read_text(encoding="utf-8")))
        resource: Resource[Any] = Specification.OPAQUE.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(ROOT, resource)
        self._validators: dict[str, OAS30Validator] = {}

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        def literal(template: str) -> int:
            return len(re.sub(r"\{.*?\}", "", template))

        return [(_pattern(path), path) for path in sorted(self.document["paths"], key=literal, reverse=True)]

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Find the operation of a request, as `GET /repos/{owner}/{repo}`, and its path parameters."""
        for pattern, template in self._templates:
            match = pattern.fullmatch(path)
            if match and method.lower() in self.document["paths"][template]:
                return f"{method} {template}", {name: unquote(text) for name, text in match.groupdict().items()}
        return None

    def operation(self, key: str) -> dict[str, Any]:
        """Return the description of an operation that `find` found."""
        method, _, template = key.partition(" ")
        found: dict[str, Any] = self.document["paths"][template][method.lower()]
        return found

    def request_problems(self, key: str, query: Mapping[str, str], body: Any) -> Iterator[str]:
        """Describe what is wrong with a request, unknown names included."""
        parameters = {each["name"]: each for each in map(self._resolved, self.operation(key).get("parameters", []))}
        for name, text in query.items():
            if parameters.get(name, {}).get("in") != "query":
                yield f"{key}: unknown query parameter {name}"
            else:
                value = int(text) if text.isdecimal() and parameters[name]["schema"].get("type") == "integer" else text
                yield from self._problems(f"{key} ?{name}", parameters[name]["schema"], value)
        described = self.operation(key).get("requestBody", {})
        content, body = described.get("content", {}), {} if body is None and described.get("required") else body
        schema = content.get("application/json", {}).get("schema")
        if key.endswith("/{issue_number}/labels") and isinstance(body, list):
            # GitHub takes a bare array of names, empty too, which PyGithub sends and the description leaves out.
            body = {"labels": body} if body else None
        if schema is None:
            if body:
                yield f"{key}: a body where none is described"
        elif body is not None:
            yield from self._problems(f"{key} body", schema, body)
            known = self._properties(schema)
            yield from (f"{key}: unknown key {name}" for name in body if isinstance(body, dict) and name not in known)

    def response_problems(self, key: str, status: int, payload: Any) -> Iterator[str]:
        """Describe what is wrong with an answer."""
        described = self.operation(key)["responses"].get(str(status))
        if described is None and status not in ANYWHERE:
            yield f"{key}: status {status} is not described"
            return
        content = self._resolved(described or {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if described is None:
            schema = {"$ref": "#/components/schemas/" + ("validation-error" if status == 422 else "basic-error")}  # noqa: PLR2004
        if status >= 400 and schema and "oneOf" in schema:  # noqa: PLR2004
            # The kinds of error that are to choose from require nothing, so that each answer fits all of them.
            schema = {"anyOf": schema["oneOf"]}
        if schema is not None:
            yield from self._problems(f"{key} → {status}", schema, payload)
        elif payload is not None and status < 400:  # noqa: PLR2004
            yield f"{key}: status {status} comes without a body"

    def fill(self, schema: Mapping[str, Any], value: Any) -> Any:
        """Drop what a schema does not know, and add what it requires: null or the dullest value that fits.

        What the loop reads is always given; the rest (avatars, plans, links to followers) is filled in here.
        """
        schema = self._resolved(schema)
        options = [option for option in schema.get("oneOf", ()) if self._properties(option)]
        if isinstance(value, dict) and options:
            return self.fill(options[0], value)
        if isinstance(value, list):
            return [self.fill(schema.get("items", {}), each) for each in value]
        if not isinstance(value, dict):
            return value
        known = self._properties(schema)
        if not known:
            return value
        filled = {name: self.fill(known[name], each) for name, each in value.items() if name in known}
        required = schema.get("required", [])
        return filled | {name: self._dull(known.get(name, {})) for name in required if name not in filled}

    def _dull(self, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        if schema.get("nullable"):
            return None
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("format") == "date-time":
            return "2008-01-01T00:00:00Z"
        if schema.get("type") == "string":
            return f"{self.home}/unused" if schema.get("format") == "uri" else ""
        plain = {"integer": 0, "number": 0, "boolean": False, "array": []}
        return plain.get(schema.get("type", "object"), self.fill(schema, {}))

    def _properties(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        schema = self._resolved(schema)
        known = dict(schema.get("properties", {}))
        for part in (*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
            known = self._properties(part) | known
        return known

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for name in schema["$ref"].partition("#/")[2].split("/"):
                found = found[name]
            schema = found
        return schema

    def _problems(self, where: str, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            absolute = json.loads(key.replace('"#/components', f'"{ROOT}#/components'))
            self._validators[key] = OAS30Validator(
                absolute, registry=self._registry, format_checker=oas30_format_checker
            )
        for error in self._validators[key].iter_errors(value):
            yield f"{where}: {error.json_path}: {error.message[:300]}"


def _pattern(template: str) -> re.Pattern[str]:
    def group(match: re.Match[str]) -> str:
        name = match[1]
        return f"(?P<{name}>{'.*' if name == 'path' else '.+' if name in GREEDY else '[^/]+'})"

    return re.compile(re.sub(r"\{(\w+)\}", group, template))


def _mended(schema: Any) -> Any:
    """Take the known noise out of a schema.

    OpenAPI 3.0 forgets `nullable` beside `enum` and `oneOf`, as in `state_reason: null`. The `discriminator` of a file's
    contents is its type, which a folder's contents, a list, cannot have.
    """
    if isinstance(schema, list):
        return [_mended(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    mended = {name: _mended(each) for name, each in schema.items() if name != "discriminator"}
    if mended.get("nullable") is True:
        if "enum" in mended and None not in mended["enum"]:
            mended["enum"] = [*mended["enum"], None]
        if "oneOf" in mended and "type" not in mended:
            mended["oneOf"] = [*mended["oneOf"], {"nullable": True, "enum": [None]}]
    return mended
