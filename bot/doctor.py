"""`sangden doctor`: looks at settings, database and channels, and says what to do about what is wrong."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError
from telegram.error import TelegramError

from bot.app import assistant_server, telegram_channel, vault_of
from bot.channels.telegram import TelegramChannel
from bot.sender import utcnow
from bot.settings import Settings
from handlers.assistant import Unavailable
from handlers.rules.advice import Unusable, messages, read
from handlers.rules.articles import BUILT_IN, read_shelf
from handlers.rules.tariff_files import load_tariffs
from handlers.talking import ZONE, talking
from store import customers, migrate
from store.db import Database
from store.sealing import MissingKeys
from store.vault import missing_keys


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    state: Literal["ok", "off", "wrong"]
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Everything worth looking at, in the order in which it is to be put right."""
    findings = [Finding("settings", "ok", f"data in {settings.data_dir.resolve()}")]
    findings += [
        Finding("settings", "off", f"{name} is no setting of this version: nothing reads it")
        for name in Settings.unknown(os.environ)
    ]
    findings += await _database(settings)
    findings.append(await _vault(settings))
    findings += _knowledge(settings)
    findings.append(await _telegram(telegram_channel(settings, talking().speaker)))
    findings.append(await _assistant(settings))
    findings += _tariffs(settings)
    findings.append(Finding("web chat", "ok", settings.public_url or "local only: SANGDEN_PUBLIC_URL is not set"))
    return findings


def _tariffs(settings: Settings) -> list[Finding]:
    """The price in force, and files that staff added and that are wrong."""
    today = utcnow().astimezone(ZONE).date()
    tariffs = load_tariffs(extra=settings.data_dir / "tariffs")
    now = tariffs.at(today)
    wrong = [Finding("tariffs", "wrong", problem) for problem in tariffs.problems]
    for code, checked in ((now.code, now.checked), ("VAT", tariffs.vat_at(today).checked)):
        if not checked.fresh(today):
            why = f"{code} was last made sure of on {checked.on}; look it up, see docs/rules/tariff.md"
            wrong.append(Finding("tariffs", "off", why))
    return [Finding("tariffs", "ok", f"{now.code} from {now.first}"), *wrong]


async def _database(settings: Settings) -> list[Finding]:
    database = Database(settings.database)
    shown = database.url.render_as_string(hide_password=True)
    try:
        await database.ping()
        if await migrate.differences(database.engine):
            return [Finding("database", "wrong", f"{shown} is not up to date: run `sangden migrate`")]
        async with database.reading() as unit:
            count = await customers.count(unit)
        master = (
            Finding("customers", "ok", f"{count} in the master data")
            if count
            else Finding("customers", "wrong", "none: run `sangden demo`, or load your own")
        )
        return [Finding("database", "ok", shown), master]
    except (SQLAlchemyError, OSError) as error:
        reason = str(error).splitlines()[0]
        return [Finding("database", "wrong", f"{shown}: {reason}. Check SANGDEN_DATABASE_URL and that it runs")]
    finally:
        await database.close()


async def _vault(settings: Settings) -> Finding:
    database = Database(settings.database)
    vault = vault_of(settings, database)
    sealer = vault.files.sealer
    try:
        vault.files.check()
        async with database.reading() as unit:
            missing = await missing_keys(unit, sealer)
    except SQLAlchemyError:
        missing = []  # told above
    except OSError as error:
        return Finding("vault", "wrong", f"{settings.vault}: {error.strerror}. Check SANGDEN_VAULT_DIR")
    finally:
        await database.close()
    if missing:
        return Finding("vault", "wrong", str(MissingKeys(missing)))
    old = f", also opens what {', '.join(sealer.key_ids[1:])} sealed" if len(sealer.key_ids) > 1 else ""
    return Finding("vault", "ok", f"{settings.vault.resolve()}, sealed with the key {sealer.current}{old}")


def _knowledge(settings: Settings) -> list[Finding]:
    shelf = read_shelf((BUILT_IN, settings.knowledge))
    today = datetime.now(ZONE).date()
    old = sum(article.ran_out(today) for article in shelf.articles.values())
    ran_out = f", {old} of them no longer vouched for: see GET /api/v1/knowledge?to_check=true" if old else ""
    told = Finding("knowledge", "ok", f"{len(shelf.articles)} articles, staff's in {settings.knowledge}{ran_out}")
    return [told, *(Finding("knowledge", "wrong", sentence) for sentence in shelf.wrong)]


async def _telegram(channel: TelegramChannel | None) -> Finding:
    if channel is None:
        return Finding("telegram", "off", "SANGDEN_TELEGRAM_TOKEN is not set; get a token from @BotFather")
    try:
        async with channel.bot as bot:
            return Finding("telegram", "ok", f"@{bot.username}")
    except TelegramError as error:
        return Finding("telegram", "wrong", f"{error}. Check SANGDEN_TELEGRAM_TOKEN and SANGDEN_TELEGRAM_API_URL")


async def _assistant(settings: Settings) -> Finding:
    """Whether it answers an easy question as it is asked to, in the time that a customer would wait."""
    server = assistant_server(settings)
    if server is None:
        return Finding("assistant", "off", "SANGDEN_ASSISTANT_URL is not set; nothing is missing without it")
    offered = list(read_shelf((BUILT_IN,)).articles.values())[:2]
    try:
        article, _ = read(await server.complete(messages(offered[0].questions[0], offered, "vi")), offered)
    except Unavailable as error:
        why = f"{settings.assistant_url} is {error.why}. Check SANGDEN_ASSISTANT_URL, _MODEL and _KEY, and its log"
        return Finding("assistant", "wrong", why)
    except Unusable as error:
        return Finding("assistant", "wrong", f"{settings.assistant_model} answers with {error}: try another model")
    finally:
        await server.close()
    chose = "chose the right article" if article == offered[0] else "did not choose the right article"
    return Finding("assistant", "ok", f"{settings.assistant_model} at {settings.assistant_url} {chose}")
