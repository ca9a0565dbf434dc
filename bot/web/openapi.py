"""The description of the staff API (OpenAPI 3.1), made from the table of routes and the bodies they take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.web.once import LONGEST_KEY
from bot.web.outages_api import Route

# A part of a path and the pattern that it must match, which may have braces of its own.
_ID = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}")
_REFERENCE = "#/components/schemas/{model}"
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "fields": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
                    },
                },
            },
            "required": ["code", "message"],
        },
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Of a request that cannot be moved so: the states that it can be moved to.",
        },
    },
}


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document."""
    models: list[type[BaseModel]] = list(
        dict.fromkeys(model for route in routes for model in (route.body, route.result) if model)
    )
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(_ID.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sáng Đèn staff API", "version": "1"},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas.get("$defs", {}), "Error": _ERROR},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    answer = _content(route.result.__name__) if route.result else {media: {} for media in route.media}
    done = {"description": "Done", "content": answer}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "responses": {
            str(route.status): done,
            "default": {"description": "Not done", "content": _content("Error")},
        },
    }
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": kind}}
        for name, kind in _path_parameters(route.path)
    ]
    if route.query:
        fields = route.query.model_json_schema(ref_template=_REFERENCE)["properties"]
        wanted = {name for name, field in route.query.model_fields.items() if field.is_required()}
        parameters += [
            {"name": name, "in": "query", "schema": field} | ({"required": True} if name in wanted else {})
            for name, field in fields.items()
        ]
    if route.method == "POST":
        parameters.append(
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": LONGEST_KEY}}
        )
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        operation["requestBody"] = {"content": _content(route.body.__name__)}
    return operation


def _path_parameters(path: str) -> list[tuple[str, str]]:
    """The names in a path and whether each is a number or a text."""
    return [(found[1], "integer" if r":\d" in found[0] else "string") for found in _ID.finditer(path)]


def _content(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model)}}}
