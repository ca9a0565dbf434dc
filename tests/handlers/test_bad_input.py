"""A connection is asked for while everything goes wrong: each time a sentence helps, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.console import plain
from bot.receiver import Receiver
from conversations.model import Event, Photo, Press, State, Text
from conversations.service_words import OpenRequest
from handlers.photos import Intake
from handlers.ports import Incoming
from handlers.talking import talking
from handlers.vault import Vault
from store.db import Database
from store.sealing import Sealer, keys_from, new_key
from store.vault_files import VaultFiles
from tests import cards
from tests.handlers.test_photos import SIXTY, Files
from tests.town import NOW, built

# What Lan sends, and what she reads: words typed, [a button], or (a file of FILES).
TALK = """
mắc điện mới → Quý khách cần việc nào
[Mắc điện cho gia đình] → Quý khách đồng ý chứ
[Tôi đồng ý] → Địa chỉ dùng điện ở đâu
12 Lê Lợi phường Bến Thành → Quý khách ở nơi này là
[Chủ nhà] → chụp hai mặt thẻ căn cước
(gif named jpg) → không phải ảnh JPG, PNG, WebP hay PDF
(60 MB) → Tệp này lớn quá (nhận được tối đa 20 MB
(bomb) → quá nhiều điểm ảnh (trên 40 triệu)
(other code) → Mã QR trong ảnh không phải mã của thẻ căn cước
[Xong] → Họ tên đầy đủ là gì
Nguyễn Thị Lan → Số căn cước
079190001234 → Ngày sinh
15/08/1800 → Năm 1800 xa quá, chắc gõ nhầm
15/08/1990 → Địa chỉ thường trú
12 Lê Lợi, phường Bến Thành → Số điện thoại để nhân viên gọi
+1 415 555 2671 → Đây là số nước ngoài
0912 345 678 → Cần điện mấy pha
[1 pha] → giấy tờ về nơi dùng điện
(60 MB) → Tệp này lớn quá
[Gửi sau] → xem lại hồ sơ
[Gửi hồ sơ] → Em đã nhận hồ sơ HS-
"""
FILES = {
    "gif named jpg": ("anh.jpg", cards.gif()),
    "60 MB": ("nang.jpg", SIXTY),
    "bomb": ("anh.png", cards.bomb()),
    "other code": ("ma.jpg", cards.compose_card("https://example.vn/khuyen-mai")),
}


async def test_six_kinds_of_bad_input_are_each_answered_with_help_and_cost_no_answer(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with built(sqlite_url) as town:
        lan = _Lan(town.database, tmp_path)
        for line in TALK.strip().splitlines():
            sent, answer = line.split(" → ")
            before = lan.answers()
            said = await lan.sends(sent)
            assert answer in said, (sent, said)
            if lan.opened is None:
                now = lan.answers()
                assert {name: now.get(name) for name in before} == before, sent
    assert lan.opened is not None
    assert lan.opened.answers["name"] == "Nguyễn Thị Lan"
    assert (lan.opened.answers["born"], lan.opened.answers["phone"]) == ("1990-08-15", "0912345678")
    # The photo with the wrong code is kept all the same: what it shows, a person can see.
    assert {paper: len(files) for paper, files in lan.opened.papers.items()} == {"id_card": 1, "place_right": 0}


class _Lan:
    def __init__(self, database: Database, folder: Path) -> None:
        sealer = Sealer(keys_from(new_key("k1")))
        self.talking = replace(talking(), sealer=sealer)
        self.files = Files()
        self.files.data = {name: data for name, (_, data) in FILES.items()}
        intake = Intake(Vault(database, VaultFiles(folder, sealer)), self.talking, {"web": self.files})
        self.receive = Receiver(database, self.talking, lambda: NOW, intake)
        self.state = State()
        self.sent = 0
        self.opened: OpenRequest | None = None

    async def sends(self, what: str) -> str:
        """What she reads then."""
        self.sent += 1
        handled = await self.receive("web", Incoming(str(self.sent), "lan", self._event(what), what, "Lan"))
        assert handled is not None
        self.state = handled.turn.state
        self.opened = next((one for one in handled.turn.commands if isinstance(one, OpenRequest)), self.opened)
        return plain("\n".join(self.talking.speaker.rich(words, "vi") for words in handled.turn.reply.words))

    def _event(self, what: str) -> Event:
        if what.startswith("["):
            return Press({label: value for value, label in self.state.offered}[what[1:-1]])
        return Photo(what[1:-1], FILES[what[1:-1]][0]) if what.startswith("(") else Text(what)

    def answers(self) -> dict[str, object]:
        """Those of the form; what led to it is no part of it."""
        forms = (frame for frame in self.state.frames if frame.flow == "svc_home_connection")
        return {name: answer for frame in forms for name, answer in frame.answers.items()}
