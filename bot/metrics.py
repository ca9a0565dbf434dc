"""What /metrics tells: events in, messages out, how long they took, what waits."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from handlers.ports import Outcome

REGISTRY = CollectorRegistry()
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)

RECEIVED = Counter("sangden_events_total", "Events received", ["channel", "result"], registry=REGISTRY)
TURNS = Histogram(
    "sangden_turn_seconds",
    "From an event to its committed answer",
    ["channel"],
    buckets=_BUCKETS,
    registry=REGISTRY,
)
SENDINGS = Counter(
    "sangden_sendings_total", "Sendings by how they ended", ["channel", "outcome"], registry=REGISTRY
)
DELAYS = Histogram(
    "sangden_delivery_seconds", "From due to sent", ["channel"], buckets=_BUCKETS, registry=REGISTRY
)
ASSISTANT = Counter(
    "sangden_assistant_total", "Questions for the assistant by how they ended", ["result"], registry=REGISTRY
)
WAITING = Gauge("sangden_deliveries", "Deliveries still to be sent", ["channel", "status"], registry=REGISTRY)


def sent(channel: str, outcome: Outcome, took: timedelta) -> None:
    """Count a sending."""
    kind = type(outcome).__name__.lower()
    SENDINGS.labels(channel, kind).inc()
    if kind == "sent":
        DELAYS.labels(channel).observe(max(0.0, took.total_seconds()))


def advised(result: str) -> None:
    """Count a question to the assistant."""
    ASSISTANT.labels(result).inc()
