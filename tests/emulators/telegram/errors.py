"""Refusals of the Bot API, worded as the real server words them: clients decide by these texts."""

from tests.emulators.telegram.json_types import Json


class ApiError(Exception):
    """A call that is answered with `ok: false`; `status` is both the HTTP status and `error_code`."""

    def __init__(
        self,
        status: int,
        description: str,
        *,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after
        self.migrate_to_chat_id = migrate_to_chat_id

    def answer(self) -> Json:
        """The JSON object of the answer."""
        body: Json = {"ok": False, "error_code": self.status, "description": self.description}
        parameters: Json = {}
        if self.retry_after is not None:
            parameters["retry_after"] = self.retry_after
        if self.migrate_to_chat_id is not None:
            parameters["migrate_to_chat_id"] = self.migrate_to_chat_id
        if parameters:
            body["parameters"] = parameters
        return body


class ControlError(Exception):
    """A control call that makes no sense, such as pressing a button that nobody sees."""


def bad_request(what: str) -> ApiError:
    return ApiError(400, f"Bad Request: {what}")


def blocked() -> ApiError:
    return ApiError(403, "Forbidden: bot was blocked by the user")


def too_many_requests(retry_after: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
