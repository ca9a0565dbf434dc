"""The staff API of windows that businesses propose: translates, decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from aiohttp import web

from bot.web.access import ANY, PROPOSAL_READERS, require
from bot.web.errors import ApiError, broken, findings_out, invalid, language_of
from bot.web.outages_api import (
    PREFIX,
    Done,
    Model,
    Route,
    StaffApi,
    checked,
    id_of,
    json_of,
)
from bot.web.proposals_bodies import (
    AcceptIn,
    AnsweredOut,
    CounterIn,
    DeclineIn,
    ProposalInFullOut,
    ProposalOut,
    ProposalsOut,
    ProposalsQuery,
)
from handlers import proposals
from handlers.outage_forms import Broken, Invalid, Over
from handlers.proposals import Answered, Settled, UnknownProposal
from store import customers, outages
from store import proposals as kept
from store.customers import Customer
from store.db import Unit
from store.outages import Outage
from store.proposals import Proposal

log = structlog.get_logger(__name__)

ProposalDeed = Callable[[Unit, str, datetime, Any], Awaitable[Answered]]


class ProposalsApi(StaffApi):
    """The operations on proposals."""

    def routes(self) -> list[Route]:
        every, one = PREFIX + "/proposals", PREFIX + r"/proposals/{id:\d{1,9}}"
        listed = "List proposals of other windows, newest first"
        shown = "One proposal with the customer code and the customer's own reason; who reads it is logged"
        accepted = "Move the window to a proposed one; all who were told of it are told again"
        return [
            Route("GET", every, listed, self.list, ProposalsOut, query=ProposalsQuery),
            Route("GET", one, shown, self.show, ProposalInFullOut),
            Route("POST", one + "/accept", accepted, self.accept, AnsweredOut, AcceptIn),
            Route("POST", one + "/decline", "Keep the window as it is", self.decline, AnsweredOut, DeclineIn),
            Route("POST", one + "/counter", "Propose another window", self.counter, AnsweredOut, CounterIn),
        ]

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(ProposalsQuery, dict(request.query))
            found = await kept.page(unit, query.state, query.outage, query.limit, query.before)
            rows = [await _shown(unit, one, language_of(request)) for one in found]
        more = rows[-1].id if len(rows) == query.limit else None
        return json_of(ProposalsOut(proposals=rows, next_before=more))

    async def show(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            caller = await require(unit, request, PROPOSAL_READERS)
            proposal = await kept.by_id(unit, id_of(request))
            if proposal is None:
                raise ApiError(404, "proposal.unknown", {"id": id_of(request)})
            shown = ProposalInFullOut.of_one(proposal, *await _subject(unit, proposal), language_of(request))
        log.info("proposal_read", by=caller.name, proposal=proposal.code)
        return json_of(shown)

    async def accept(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: AcceptIn) -> Answered:
            return await proposals.accept(unit, id_of(request), body.window, body.overrides(), by, now)

        return await self._answer(request, AcceptIn, deed)

    async def decline(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: DeclineIn) -> Answered:
            return await proposals.decline(unit, id_of(request), body.why, by, now)

        return await self._answer(request, DeclineIn, deed)

    async def counter(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: CounterIn) -> Answered:
            return await proposals.counter(unit, id_of(request), body.slot(), body.why, body.overrides(), by, now)

        return await self._answer(request, CounterIn, deed)

    async def _answer(self, request: web.Request, model: type[Model], deed: ProposalDeed) -> web.Response:
        """Answer a proposal, and tell what became of it and of the outage."""

        async def done(unit: Unit, by: str, now: datetime, body: Any) -> Done:
            answered = await _translated(request, deed(unit, by, now, body))
            published = answered.published
            told = AnsweredOut(
                proposal=await _shown(unit, answered.proposal, language_of(request)),
                revision=published.outage.revision if published else None,
                # None is counted after the commit, by `once.respond`.
                recipients=published.recipients or 0 if published else 0,
                findings=findings_out(answered.findings, language_of(request)),
            )
            return Done(told, published)

        return await self._do(request, model, done)


async def _translated(request: web.Request, deed: Awaitable[Answered]) -> Answered:
    """The use case's refusals as answers."""
    try:
        return await deed
    except Invalid as error:
        raise invalid(error.problems) from None
    except Broken as error:
        raise broken(error.findings) from None
    except UnknownProposal:
        raise ApiError(404, "proposal.unknown", {"id": id_of(request)}) from None
    except Settled:
        raise ApiError(409, "proposal.settled") from None
    except Over:
        raise ApiError(409, "outage.over") from None


async def _shown(unit: Unit, proposal: Proposal, language: str) -> ProposalOut:
    return ProposalOut.of(proposal, *await _subject(unit, proposal), language)


async def _subject(unit: Unit, proposal: Proposal) -> tuple[Outage, Customer | None]:
    """The outage and the customer that a proposal is about."""
    outage = await outages.by_id(unit, proposal.outage_id)
    assert outage is not None
    return outage, await customers.by_code(unit, proposal.customer_code)
