"""What a message says, read from a call: text, captions, photos and documents, within Telegram's limits."""

from typing import Any

from tests.emulators.telegram.call import Call, Upload
from tests.emulators.telegram.entities import (
    CAPTION_CHARACTERS,
    TEXT_CHARACTERS,
    Formatted,
    format_text,
    format_with,
)
from tests.emulators.telegram.errors import bad_request
from tests.emulators.telegram.files import Files
from tests.emulators.telegram.json_types import Json


def text_content(call: Call, too_long: str) -> Json:
    """`text` and `entities` of a message. Errors: empty, too long, cannot be parsed."""
    formatted = _formatted(call, "text", "entities")
    if not formatted.text:
        raise bad_request("message text is empty")
    if len(formatted.text) > TEXT_CHARACTERS:
        raise bad_request(too_long)
    content: Json = {"text": formatted.text}
    if formatted.entities:
        content["entities"] = formatted.entities
    return content


def caption_content(call: Call) -> Json:
    """`caption` and `caption_entities`; empty when there is no caption."""
    formatted = _formatted(call, "caption", "caption_entities")
    if len(formatted.text) > CAPTION_CHARACTERS:
        raise bad_request("message caption is too long")
    content: Json = {"caption": formatted.text} if formatted.text else {}
    if formatted.entities:
        content["caption_entities"] = formatted.entities
    return content


def media_content(call: Call, files: Files, kind: str, name: str, value: Any) -> Json:
    """`{"photo": […]}` or `{"document": {…}}` from an upload, an attach:// reference or a file_id."""
    reference = str(value or "")
    upload = call.files.get(reference.removeprefix("attach://") if reference else name)
    if upload is not None:
        return {kind: _keep(files, kind, upload)}
    if reference.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content (this emulator never goes out)")
    if not reference:
        raise bad_request(f"there is no {kind} in the request")
    stored = files.find(reference)
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if stored.kind != kind:
        raise bad_request(f"can't use file of type {stored.kind.title()} as {kind.title()}")
    return {kind: stored.media}


def _formatted(call: Call, name: str, entities: str) -> Formatted:
    text = call.text(name)
    given = call.json(entities)
    return format_with(text, given) if given else format_text(text, call.text("parse_mode"))


def _keep(files: Files, kind: str, upload: Upload) -> Any:
    if not upload.data:
        raise bad_request("file must be non-empty")
    if kind == "photo":
        return files.add_photo(upload.data)
    extra = {"file_name": upload.name, "mime_type": upload.mime_type}
    extension = "." + upload.name.rpartition(".")[2] if "." in upload.name else ""
    return files.add("document", upload.data, extra, extension=extension)
