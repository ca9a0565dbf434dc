"""Where the utility is: its clock, and the table of its wards."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WARD_TABLE = Path(__file__).parent / "rules" / "wards" / "hcmc-2025-07-01.csv"
