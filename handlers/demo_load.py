"""Loads the demonstration utility into an empty database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from conversations.folding import fold
from handlers.demo import DemoCustomer, build
from handlers.rules.areas import WardBook, parse_address, street_of
from store import customers, network
from store.customers import Customer
from store.db import Unit
from store.network import Feeder, Street, Substation, Transformer, Ward


async def is_empty(unit: Unit) -> bool:
    """Whether the master data is empty; a utility's own customers are never mixed with fictitious ones."""
    return await customers.count(unit) == 0


async def load(unit: Unit, wards: WardBook) -> int:
    """Write wards, network, streets and customers; how many customers. All wards can be followed, 24 have some."""
    data = build()
    await network.add_rows(
        unit, Ward, [{"code": w.code, "name": w.name, "folded": fold(w.name)} for w in wards.wards]
    )
    await network.add_rows(unit, Substation, [asdict(one) for one in data.substations])
    await network.add_rows(unit, Feeder, [asdict(one) for one in data.feeders])
    await network.add_rows(unit, Transformer, [asdict(one) for one in data.transformers])
    rows = [_customer(one) for one in data.customers]
    await network.add_rows(unit, Street, list(_streets(data.customers)))
    await network.add_rows(unit, Customer, rows)
    return len(rows)


def _customer(one: DemoCustomer) -> dict[str, Any]:
    row = asdict(one)
    row["code"] = row.pop("customer_code")
    return {**row, "house": parse_address(one.address).house or "", "street": street_of(one.address)}


def _streets(data: tuple[DemoCustomer, ...]) -> Iterator[dict[str, Any]]:
    """Each street of each ward once, under the name that the first address on it gives."""
    known = set()
    for one in data:
        folded = street_of(one.address)
        if folded and (one.ward_code, folded) not in known:
            known.add((one.ward_code, folded))
            yield {"ward_code": one.ward_code, "name": _written(one.address, folded), "folded": folded}


def _written(address: str, folded: str) -> str:
    """The street as the address writes it: the words whose folded form is the street's."""
    words = address.split(",")
    for part in words:
        tail = part.split()
        while tail:
            if street_of(" ".join(tail) + ", x") == folded or fold(" ".join(tail)) == folded:
                named = " ".join(tail)
                break
            tail = tail[1:]
        else:
            continue
        kept = named.split()
        while kept and fold(" ".join(kept)) != folded and len(kept) > 1:
            kept = kept[1:]
        return " ".join(kept)
    return folded
