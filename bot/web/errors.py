"""Errors of the staff API: one shape, sentences in the caller's language that say what to do next."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from bot.web.bodies import FindingOut
from handlers.outage_forms import Problem
from handlers.rules.planning import Finding

TEXTS = Path(__file__).parent / "staff_texts.toml"


class ApiError(Exception):
    """An answer other than the wished one. `fields` are (path, key, values); `more` stands beside `error`."""

    def __init__(
        self,
        status: int,
        key: str,
        values: Mapping[str, Any] | None = None,
        fields: Iterable[tuple[str, str, Mapping[str, Any]]] = (),
        headers: Mapping[str, str] | None = None,
        findings: Iterable[Finding] = (),
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.values = values or {}
        self.fields = tuple(fields)
        self.headers = headers or {}
        self.findings = tuple(findings)
        self.more = more or {}

    def response(self, language: str) -> web.Response:
        """`{"error": {"code", "message", "fields": [{"path", "message"}]}, "findings": […]}`, what there is."""
        error: dict[str, Any] = {"code": self.key, "message": say(self.key, language, self.values)}
        if self.fields:
            error["fields"] = [
                {"path": path, "message": say(key, language, values)} for path, key, values in self.fields
            ]
        answer: dict[str, Any] = {"error": error, **self.more}
        if self.findings:
            answer["findings"] = [one.model_dump(mode="json") for one in findings_out(self.findings, language)]
        return web.json_response(answer, status=self.status, headers=self.headers)


@cache
def texts() -> dict[str, dict[str, str]]:
    """The staff catalog: key → language → sentence."""
    return tomllib.loads(TEXTS.read_text("utf-8"))


def say(key: str, language: str, values: Mapping[str, Any]) -> str:
    """A sentence of the staff catalog."""
    return texts()[key][language].format_map(values)


def wanted(sentence: str) -> set[str]:
    """The names of the values that a sentence wants."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def language_of(request: web.BaseRequest) -> str:
    """The one that Accept-Language wants most (RFC 9110, 12.5.4); Vietnamese when it wants neither."""
    wishes = {"vi": 0.0, "en": 0.0}
    for wish in request.headers.get("Accept-Language", "").lower().split(","):
        tag, _, weight = wish.strip().partition(";q=")
        language = tag.strip().partition("-")[0]
        if language in wishes and re.fullmatch(r"[01](\.\d{0,3})?", weight or "1"):
            wishes[language] = max(wishes[language], float(weight or "1"))
    return max(wishes, key=lambda language: wishes[language])


def findings_out(findings: Iterable[Finding], language: str) -> list[FindingOut]:
    """What planning rules found, in words."""
    return [
        FindingOut(
            rule=one.rule,
            blocking=one.blocking,
            text=say(f"finding.{one.rule}", language, _in_words(one.values, language)),
            values=dict(one.values),
        )
        for one in findings
    ]


def sentences(kept: Iterable[Mapping[str, Any]], language: str) -> list[str]:
    """Texts of the catalog that were kept as {"key", "values"}."""
    return [say(one["key"], language, _in_words(one["values"], language)) for one in kept]


def _in_words(values: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """The same values, those that stand for a word by that word."""
    named = {name: say(f"{name}.{values[name]}", language, {}) for name in ("segment", "status") if name in values}
    return {**values, **named}


def broken(findings: Iterable[Finding]) -> ApiError:
    """A plan that breaks rules, as an answer."""
    return ApiError(409, "plan.broken", findings=findings)


def unprocessable(error: ValidationError) -> ApiError:
    """pydantic's findings as an answer: a path and a sentence for each."""
    return ApiError(422, "invalid", fields=[_field(dict(one)) for one in error.errors()])


def invalid(problems: Iterable[Problem]) -> ApiError:
    """What the use case found wrong, as an answer."""
    return ApiError(422, "invalid", fields=[(one.path, one.key, one.values) for one in problems])


def _field(one: dict[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    path = ".".join(str(part) for part in one["loc"])
    kind, context = str(one["type"]), one.get("ctx", {})
    key = f"field.{kind}"
    if key in texts() and wanted(texts()[key]["en"]) <= set(context):
        return path, key, context
    return path, "field.other", {"msg": one["msg"]}
