"""What Telegram's refusals mean for a message: try later, never again to this person, or our own fault."""

from datetime import timedelta

from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from handlers.ports import Outcome, Rejected, TryLater, Unreachable

# The codes alone do not tell: the descriptions are the interface. The library writes them capitalised.
CANNOT_PARSE = ("can't parse entities",)
NOT_MODIFIED = ("message is not modified",)
# Of a file that the Bot API does not hand over: above 20 MB.
TOO_BIG = ("file is too big",)
CANNOT_EDIT = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "there is no text in the message to edit",
)
_NOBODY = ("chat not found", "peer_id_invalid", "input_user_deactivated")
_TOO_LARGE = ("request entity too large",)

# A wrong token is for a person to mend; until then messages wait, and the server is not hammered.
_UNTIL_THE_TOKEN_IS_MENDED = timedelta(minutes=5)


def outcome_of(error: TelegramError) -> Outcome:
    """How a sending ended that raised `error`; what may have arrived nevertheless is tried again."""
    match error:
        case RetryAfter():
            return TryLater(str(error), after=pause_of(error), limited=True)
        case InvalidToken():
            return TryLater(str(error), after=_UNTIL_THE_TOKEN_IS_MENDED)
        case Forbidden():
            return Unreachable(str(error))
        case BadRequest():
            return Unreachable(str(error)) if says(error, _NOBODY) else Rejected(str(error))
    return Rejected(str(error)) if says(error, _TOO_LARGE) else TryLater(str(error))


def says(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    """Whether the description contains one of the phrases."""
    description = error.message.lower()
    return any(phrase in description for phrase in phrases)


def pause_of(error: RetryAfter) -> timedelta:
    """The pause that the platform asked for."""
    pause = error.retry_after
    return pause if isinstance(pause, timedelta) else timedelta(seconds=pause)
