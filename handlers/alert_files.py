"""Alerts as files: Common Alerting Protocol 1.2 (OASIS, 2010), alone or in an Atom feed (RFC 4287)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Xml

from conversations.model import Language, Span, Value, Words
from conversations.texts import Speaker
from handlers.alerts import Alert, Window
from handlers.links import Links
from handlers.outage_lookup import area_words
from store.outages import SlotState

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE, ATOM_TYPE = "application/cap+xml", "application/atom+xml"
# An incident holds until it is restored; past this its alert is stale whatever anybody forgot to say.
HOLDS = timedelta(hours=24)
# The official code of a ward (General Statistics Office of Vietnam).
WARD_CODES = "VN-ward"
LOCALES: Mapping[str, Language] = {"vi-VN": "vi", "en-US": "en"}

Xml.register_namespace("", ATOM)
Xml.register_namespace("cap", CAP)


@dataclass(frozen=True)
class Publisher:
    """Who publishes: the utility's name and hotline, and the links by which it is reached."""

    name: str
    hotline: str
    links: Links


def alert_file(alert: Alert, publisher: Publisher, speaker: Speaker) -> bytes:
    """One alert as a document of its own."""
    root = _alert(alert, publisher, speaker)
    Xml.indent(root)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True, default_namespace=CAP))


def feed_file(alerts: Sequence[Alert], publisher: Publisher, speaker: Speaker, now: datetime) -> bytes:
    """The feed: one entry for each alert, the alert itself within it. `now` dates a feed without alerts."""
    links = publisher.links
    feed = Xml.Element(_atom("feed"))
    _put(feed, _atom("id"), links.alerts())
    _put(feed, _atom("title"), f"{publisher.name}: {speaker.plain(Words('alert.feed'), 'vi')}")
    _put(feed, _atom("updated"), _time(max((alert.sent for alert in alerts), default=now)))
    _put(_put(feed, _atom("author")), _atom("name"), publisher.name)
    Xml.SubElement(feed, _atom("link"), rel="self", type=ATOM_TYPE, href=links.alerts())
    for alert in alerts:
        entry = _put(feed, _atom("entry"))
        # An entry is known by its outage, so that a reader shows the newest word of it and no row of old ones.
        _put(entry, _atom("id"), links.alert(alert.code))
        _put(entry, _atom("title"), _headline(alert, _told(alert)[0], speaker, "vi"))
        _put(entry, _atom("updated"), _time(alert.sent))
        Xml.SubElement(entry, _atom("link"), rel="alternate", type=CAP_TYPE, href=links.alert(alert.code))
        content = Xml.SubElement(entry, _atom("content"), type=CAP_TYPE)
        content.append(_alert(alert, publisher, speaker))
    Xml.indent(feed)
    return bytes(Xml.tostring(feed, encoding="utf-8", xml_declaration=True))


def _alert(alert: Alert, publisher: Publisher, speaker: Speaker) -> Xml.Element:
    sender = publisher.links.host
    root = Xml.Element(_cap("alert"))
    _put(root, _cap("identifier"), alert.identifier)
    _put(root, _cap("sender"), sender)
    _put(root, _cap("sent"), _time(alert.sent))
    _put(root, _cap("status"), "Actual")
    _put(root, _cap("msgType"), alert.kind)
    _put(root, _cap("scope"), "Public")
    if alert.earlier:
        named = (f"{sender},{name},{_time(sent)}" for name, sent in alert.earlier)
        _put(root, _cap("references"), " ".join(named))
    for window in _told(alert):
        for locale, language in LOCALES.items():
            root.append(_info(alert, window, publisher, speaker, locale, language))
    return root


def _told(alert: Alert) -> Sequence[Window]:
    """The windows still on, and those that this revision ended or called off; all of them where that is none."""
    worth = [one for one in alert.windows if one.state is SlotState.ON or one.fresh]
    return sorted(worth or alert.windows, key=lambda one: one.starts_at)


def _info(
    alert: Alert, window: Window, publisher: Publisher, speaker: Speaker, locale: str, language: Language
) -> Xml.Element:
    kind = "incident" if alert.incident else "planned"
    info = Xml.Element(_cap("info"))
    _put(info, _cap("language"), locale)
    _put(info, _cap("category"), "Infra")
    _put(info, _cap("event"), speaker.plain(Words(f"alert.{kind}.event"), language))
    response, urgency, severity, certainty = _weight(alert, window)
    _put(info, _cap("responseType"), response)
    _put(info, _cap("urgency"), urgency)
    _put(info, _cap("severity"), severity)
    _put(info, _cap("certainty"), certainty)
    _put(info, _cap("effective"), _time(alert.sent))
    _put(info, _cap("onset"), _time(window.starts_at))
    _put(info, _cap("expires"), _time(_expires(alert, window)))
    _put(info, _cap("senderName"), publisher.name)
    _put(info, _cap("headline"), _headline(alert, window, speaker, language))
    _put(info, _cap("description"), _description(alert, window, speaker, language))
    advice = kind if window.state is SlotState.ON else "clear"
    _put(info, _cap("instruction"), speaker.plain(Words(f"alert.{advice}.instruction"), language))
    _put(info, _cap("web"), publisher.links.base)
    _put(info, _cap("contact"), publisher.hotline)
    if alert.area:
        info.append(_area(alert, speaker, language))
    return info


def _weight(alert: Alert, window: Window) -> tuple[str, str, str, str]:
    """responseType, urgency, severity and certainty of a window (CAP 1.2, 3.2.2)."""
    severity = "Moderate" if alert.incident else "Minor"
    if window.state is SlotState.OVER:
        return "AllClear", "Past", severity, "Observed"
    if window.state is not SlotState.ON:
        return "AllClear", "Past", severity, "Unlikely"
    if alert.incident:
        return "Monitor", "Immediate", severity, "Observed"
    return "Prepare", "Future", severity, "Likely"


def _expires(alert: Alert, window: Window) -> datetime:
    """Planned work ends with its window; what else there is to say holds for a day."""
    if window.state is SlotState.ON and not alert.incident and window.ends_at:
        return window.ends_at
    expected = window.ends_at if window.state is SlotState.ON and window.ends_at else alert.sent
    return max(expected, alert.sent) + HOLDS


def _headline(alert: Alert, window: Window, speaker: Speaker, language: Language) -> str:
    kind = "incident" if alert.incident else "planned"
    values: dict[str, Value] = {"window": _span(window), "area": tuple(area_words(alert.area))}
    return speaker.plain(Words(f"alert.{kind}.{window.state.value}", values), language)


def _description(alert: Alert, window: Window, speaker: Speaker, language: Language) -> str:
    values: dict[str, Value] = {
        "window": _span(window),
        "area": tuple(area_words(alert.area)),
        "reason": alert.reason or Words("reason.unknown"),
        "code": alert.code,
    }
    return speaker.plain(Words("alert.description", values), language)


def _area(alert: Alert, speaker: Speaker, language: Language) -> Xml.Element:
    area = Xml.Element(_cap("area"))
    named = ", ".join(speaker.plain(words, language) for words in area_words(alert.area))
    _put(area, _cap("areaDesc"), named)
    for one in alert.area:
        geocode = _put(area, _cap("geocode"))
        _put(geocode, _cap("valueName"), WARD_CODES)
        _put(geocode, _cap("value"), str(one["ward"]))
    return area


def _span(window: Window) -> Span:
    return Span(window.starts_at.isoformat(), window.ends_at.isoformat() if window.ends_at else None)


def _time(at: datetime) -> str:
    """As CAP wants it: whole seconds, the offset in digits, never `Z` (CAP 1.2, 3.3.2)."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _cap(name: str) -> str:
    return f"{{{CAP}}}{name}"


def _atom(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _put(parent: Xml.Element, tag: str, text: str | None = None) -> Xml.Element:
    child = Xml.SubElement(parent, tag)
    child.text = None if text is None else _readable(text)
    return child


def _readable(text: str) -> str:
    """The text without the control characters that no XML document may hold."""
    return "".join(sign for sign in text if sign >= " " or sign in "\n\t")
