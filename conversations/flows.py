"""The conversations of the service, in the order of the menu."""

from conversations import follow, lookup, my_places, unclear
from conversations.engine import Flows

FLOWS = Flows((lookup.FLOW, follow.FLOW, my_places.FLOW, lookup.WEEK), fallback=unclear.FLOW)
