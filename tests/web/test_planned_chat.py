"""Planned outages on the chat page in a real browser: the notice with its buttons, and the week as a picture."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from playwright.async_api import Page, expect

from handlers import tokens
from handlers.talking import ZONE
from store.db import Database
from tests.web.service import FEEDER, TOKEN, Service, Talk

ADMIN = "sd_a-token-of-an-admin-that-only-tests-know-of"
