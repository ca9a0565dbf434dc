"""What it takes to talk with customers: the flows, the catalogs and the map of wards, built once per process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

from conversations.engine import Flows
from conversations.flows import FLOWS
from conversations.texts import Speaker, catalogs
from handlers.here import WARD_TABLE as WARD_TABLE
from handlers.here import ZONE as ZONE
from handlers.knowledge_base import KnowledgeBase
from handlers.links import Links
from handlers.rendering import Clock
from handlers.rules.advice import Advice
from handlers.rules.areas import WardBook, load_wards
from handlers.sealing_port import Sealer
from handlers.tariff_shelf import TariffShelf

# After a night a form is not simply gone on with: people have forgotten what was asked.
AWAY = timedelta(hours=8)


@dataclass(frozen=True)
class Talking:
    """The parts of a conversation that never change while a process runs; without `links` none are given out.

    sealer: without it no ID number of a request is kept.
    The articles do change, when staff edit their files. advice: an assistant's, for one event alone.
    """

    flows: Flows
    speaker: Speaker
    wards: WardBook
    zone: ZoneInfo = ZONE
    away: timedelta = AWAY
    links: Links | None = None
    sealer: Sealer | None = None
    tariffs: TariffShelf = field(default_factory=TariffShelf)
    knowledge: KnowledgeBase = field(default_factory=KnowledgeBase)
    advice: Advice | None = None


@cache
def talking() -> Talking:
    """The conversations, texts and wards that come with the product."""
    clock = Clock(ZONE, catalogs())
    return Talking(FLOWS, Speaker(clock.show, catalogs()), load_wards(WARD_TABLE))
