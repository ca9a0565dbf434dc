"""One call of the Bot API: its parameters and uploads, whichever of the four encodings carried them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, MultipartReader, StreamReader

from tests.emulators.telegram.errors import ApiError, bad_request
from tests.emulators.telegram.json_types import Json

UPLOAD_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a multipart call."""

    name: str
    mime_type: str
    data: bytes


@dataclass(slots=True)
class Call:
    """A method in lower case (names are case-insensitive) and what came with it."""

    method: str
    parameters: Json
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A string parameter; empty when missing."""
        value = self.parameters.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """An integer parameter; `default` when missing or not a number, as the real server does."""
        try:
            return int(self.parameters[name])
        except (KeyError, TypeError, ValueError):
            return default

    def number(self, name: str) -> float:
        try:
            return float(self.parameters[name])
        except (KeyError, TypeError, ValueError):
            return 0.0

    def flag(self, name: str) -> bool:
        return str(self.parameters.get(name, "")).lower() in {"true", "yes", "1"}

    def json(self, name: str) -> Any:
        """A JSON parameter: encoded as a string in forms, plain in JSON bodies; None when missing."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad_request(f"can't parse {name} JSON object") from None


async def read_call(method: str, query: Mapping[str, str], headers: Mapping[str, str], body: StreamReader) -> Call:
    """Read a call from a request, or from the answer to a webhook when `method` is empty."""
    parameters: Json = dict(query)
    files: dict[str, Upload] = {}
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        await _read_multipart(MultipartReader(headers, body), parameters, files)
    else:
        parameters.update(_decode(content_type, await body.read()))
    return Call((method or str(parameters.pop("method", ""))).lower(), parameters, files)


def _decode(content_type: str, raw: bytes) -> Json:
    if not raw:
        return {}
    if content_type == "application/json":
        try:
            decoded = json.loads(raw)
        except ValueError:
            decoded = None
        if not isinstance(decoded, dict):
            raise bad_request("can't parse request as JSON object: object expected")
        return decoded
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    return {}


async def _read_multipart(reader: MultipartReader, parameters: Json, files: dict[str, Upload]) -> None:
    size = 0
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise bad_request("can't parse multipart/form-data")
        data = bytes(await part.read(decode=True))
        size += len(data)
        if size > UPLOAD_BYTES:
            raise ApiError(413, "Request Entity Too Large")
        name = part.name or ""
        if part.filename is None:
            parameters[name] = data.decode("utf-8", "replace")
        else:
            mime_type = part.headers.get("Content-Type", "application/octet-stream")
            files[name] = Upload(part.filename, mime_type, data)
