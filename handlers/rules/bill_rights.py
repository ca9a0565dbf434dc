"""The deadlines that the law sets for bills: until a doubted one is answered, and before a cut for a debt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from handlers.rules.dated import count_in, day_in, span_in, text_in, version_at
from handlers.rules.tariff import Checked

BILL_RIGHTS = Path(__file__).with_name("bill_rights.toml")


@dataclass(frozen=True)
class BillRights:
    """recheck: until a doubted bill is answered. Before a cut for a debt: so many notices, so far apart, the cut
    not later than `latest` after the first, its time told so long ahead."""

    first: date
    checked: Checked
    code: str
    recheck: timedelta
    notices: int
    between: timedelta
    latest: timedelta
    ahead: timedelta


def bill_rights_at(day: date, path: Path = BILL_RIGHTS) -> BillRights:
    """The rights that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    return BillRights(
        first=day_in(version, "from", where),
        checked=Checked(day_in(version, "checked_on", where), day_in(version, "still_right_until", where)),
        code=text_in(version, "code", where),
        recheck=span_in(version, "recheck", where),
        notices=count_in(version, "notices", "times", where),
        between=span_in(version, "between", where),
        latest=span_in(version, "latest", where),
        ahead=span_in(version, "ahead", where),
    )
