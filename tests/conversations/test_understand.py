"""What people type is taken for what they mean: with and without diacritics, in teencode, in English."""

import pytest

from conversations.engine import UNMISTAKABLE
from conversations.folding import fold
from conversations.understand import MAYBE, SURE, understand

MEANT = {
    "outage_schedule": (
        "mai có cúp điện không",
        "mai co cup dien ko",
        "hôm nay có cúp điện không",
        "hom nay co cup dien hong",
        "lịch cúp điện",
        "lich cup dien",
        "lịch cắt điện tuần này",
        "xem lịch cúp điện",
        "tra cứu",
        "tra cuu",
        "co cup dien ko z",
        "phường Bến Thành mai có cúp điện không",
        "is there an outage tomorrow",
        "outage schedule",
        "any power cut today",
        "lookup",
        "tra cứu lịch cúp điện",
        "lmd",
    ),
    "outage_report": (
        "mất điện rồi",
        "mat dien r",
        "cúp điện rồi",
        "nhà tôi mất điện rồi",
        "nha toi mat dien roi",
        "nhà em mất điện",
        "đang bị mất điện",
        "cả xóm tối thui",
        "sao tự nhiên cúp điện vậy",
        "power is out",
        "no electricity",
        "i have no power",
        "the power went out",
        "bao mat dien",
    ),
    "outage_my_home_only": (
        "chỉ nhà mình mất điện",
        "nhảy cầu dao",
        "hàng xóm có điện mà nhà em không có",
        "only my house has no power",
    ),
    "outage_eta": (
        "khi nào có điện lại",
        "khi nao co dien",
        "bao giờ có điện lại",
        "bh co dien lai",
        "chừng nào có điện",
        "mấy giờ có điện",
        "when will the power be back",
    ),
    "outage_restored": ("có điện rồi", "co dien lai roi", "power is back", "we have power again"),
    "outage_reason": ("nguyên nhân cúp điện", "vì sao cúp điện", "tai sao mat dien", "why is the power out"),
    "outage_reschedule": ("xin dời lịch cắt điện", "reschedule the outage"),
    "subscribe": (
        "theo dõi",
        "theo doi",
        "đăng ký",
        "theo dõi cúp điện",
        "theo doi phuong Ben Thanh",
        "theo dõi PE01000000014",
        "báo cho tôi khi cúp điện",
        "follow",
        "subscribe",
        "follow outages",
        "follow Ben Thanh ward",
        "notify me about outages",
    ),
    "unsubscribe": (
        "nơi của tôi",
        "noi cua toi",
        "bỏ theo dõi",
        "bo theo doi",
        "hủy theo dõi",
        "ngừng nhận tin",
        "my places",
        "unfollow",
        "unsubscribe",
        "stop notifications",
    ),
    "greeting": ("xin chào", "xin chao", "chào em", "alo", "hello", "hi", "em ơi", "chào anh chị"),
    "agent": ("nhân viên", "gap nhan vien", "gap nv", "cho tôi gặp nhân viên", "talk to a human", "agent"),
    "menu": ("menu", "Menu", "bắt đầu", "start"),
    "help": ("trợ giúp", "giup voi", "help", "hướng dẫn"),
    "cancel": ("hủy", "huy", "huỷ", "thôi", "cancel", "stop"),
    "back": ("quay lại", "quay lai", "back", "trở lại"),
    "go_on": ("tiếp tục", "tiep tuc", "continue"),
    "language": ("english", "tiếng Anh", "tieng viet", "đổi ngôn ngữ", "language", "switch to english"),
    "tariff": ("giá điện bao nhiêu", "gia dien bn", "electricity price"),
    "bill_high": ("sao tiền điện tháng này cao dữ vậy", "đồng hồ chạy nhanh", "why is my bill so high"),
    "payment": ("đóng tiền điện ở đâu", "how to pay my bill"),
    "praise": ("cảm ơn", "cam on", "thank you"),
    "complaint": ("khiếu nại", "khieu nai"),
    "scam": ("lừa đảo giả điện lực", "scam call"),
    "safety": ("an toàn điện", "cầu dao chống giật"),
}
ALARMS = (
    "dây điện đứt rớt xuống đường", "day dien dut", "đứt dây điện trước nhà", "trụ điện nổ", "tru dien bi nga",
    "cháy trạm biến áp", "binh dien no", "có người bị điện giật", "con tôi bị giật", "tóe lửa ở trụ điện",
    "rò điện", "công tơ bốc khói", "công tơ bốc cháy", "nước ngập tới tủ điện", "a wire fell on the road",
    "the transformer is on fire", "fallen power line", "electric shock", "cột điện gãy",
)  # fmt: skip
NO_ALARMS = (
    "ngã tư", "nhà em ở ngã tư", "trụ điện ở ngã tư", "cầu dao chống giật", "aptomat chống giật",
    "đồng hồ chạy nhanh", "công tơ chạy sai", "công ty đang chạy hàng xin dời lịch", "cúp điện rồi",
    "cách phòng tránh điện giật", "how to prevent electric shock", "nhà số 5 đường Nguyễn Trãi", "xin chào",
)  # fmt: skip


@pytest.mark.parametrize(("intent", "said"), [(intent, said) for intent, all_ in MEANT.items() for said in all_])
def test_what_is_said_is_taken_for_what_is_meant(intent: str, said: str) -> None:
    understood = understand(said)
    assert understood.intent == intent
    assert understood.score >= SURE


@pytest.mark.parametrize("said", ALARMS)
def test_danger_is_heard_with_and_without_diacritics(said: str) -> None:
    assert understand(said).intent == "danger"
    assert understand(fold(said)).intent == "danger"


@pytest.mark.parametrize("said", NO_ALARMS)
def test_harmless_words_do_not_alarm(said: str) -> None:
    assert understand(said).intent != "danger"
    assert understand(fold(said)).intent != "danger"


@pytest.mark.parametrize(
    "said", ["Nhà", "Tiệm tóc cô Ba", "Bến Thành", "phường Thủ Đức", "12/3 Lê Lợi", "Chỗ trọ"]
)
def test_a_name_is_no_wish(said: str) -> None:
    assert understand(said).score < UNMISTAKABLE


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("phường Thủ Đức hôm nay có cúp điện không", {"place": "phuong thu duc", "when": "today"}),
        ("theo doi p ben thanh", {"place": "p ben thanh"}),
        ("follow Ben Thanh ward", {"place": "ben thanh"}),
        ("theo dõi pe01000000014", {"code": "PE01000000014"}),
        ("nhà tôi mất điện rồi", {"mine": "yes"}),
        ("power is out", {}),
        ("english", {"language": "en"}),
    ],
)
def test_the_values_in_the_words_are_found(said: str, values: dict[str, str]) -> None:
    assert understand(said).values == values


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("có điện rồi", "outage_restored"),
        ("có điện rồi cảm ơn em", "outage_restored"),
        ("báo có điện rồi mà nhà tôi chưa có", "still_dark"),
        ("cắt hợp đồng điện", "contract_change"),
        ("xin cắt điện luôn vì bán nhà", "contract_change"),
        ("khu tôi bị cắt điện", "outage_report"),
        ("bị cắt điện do chưa đóng tiền", "reconnect_debt"),
        ("mất đồng hồ điện", "meter_check"),
        ("mất nước rồi", "off_topic"),
        ("điện thoại tôi bị hư", "off_topic"),
        ("tiền điện 500k là bao nhiêu số", "bill_estimate"),
        ("chủ trọ lấy 4k một ký", "rented_room"),
        ("YC-000127-K", "request_progress"),
        ("mất điện, dây điện rớt xuống đường", "danger"),
        ("cảm ơn em, trụ điện cháy rồi", "danger"),
    ],
)
def test_words_that_are_easily_mistaken_are_told_apart(said: str, meant: str) -> None:
    for text in (said, fold(said) if "-" not in said else said):
        understood = understand(text)
        assert (understood.intent, understood.score >= SURE) == (meant, True)


@pytest.mark.parametrize("said", ["tiền điện", "điện nhà"])
def test_a_word_that_many_wishes_share_is_asked_back(said: str) -> None:
    assert MAYBE <= understand(said).score < SURE


@pytest.mark.parametrize(
    "said",
    ["12/3 Lê Lợi", "10 đến 6", "PE01000000014", "Nguyễn Văn Bảy", "hai ba", "1990", "chị Ba", "8h tối mai", "a"],
)
def test_an_answer_without_a_wish_in_it_is_none(said: str) -> None:
    assert understand(said).score < MAYBE


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("2 hồ sơ", "households"),
        ("số 250 đường Lê Lợi", "kwh"),
        ("250 số điện thoại", "kwh"),
        ("1 kwh bao nhiêu", "kwh"),
        ("0912345678", "money"),
        ("chuyển qua ngân hàng", "money"),
        ("12/3 Lê Lợi", "day"),
        ("cúp điện 2h nay rồi", "day"),
        ("2 triệu 3 tháng", "households"),
        ("5 kWh một ngày", "kw"),
    ],
)
def test_what_only_looks_like_a_value_is_none(said: str, name: str) -> None:
    assert name not in understand(said).values


@pytest.mark.parametrize(
    ("said", "dong"),
    [
        ("1tr25", 1_250_000),
        ("1tr250", 1_250_000),
        ("2 triệu rưỡi", 2_500_000),
        ("2 triệu 3 tháng", 2_000_000),
        ("1 triệu 2 trăm nghìn", 1_200_000),
        ("năm nghìn rưỡi", 5_500),
        ("ba trăm hai mươi nghìn", 320_000),
        ("1,200,000 vnd", 1_200_000),
        ("12.500.000", 12_500_000),
    ],
)
def test_amounts_of_money_are_read_to_the_dong(said: str, dong: int) -> None:
    assert understand(said).values["money"] == str(dong)


def test_the_longest_text_is_understood_like_any_other() -> None:
    for words in ("điện ", "ngày 25 ", "hai ba ", "từ 8h đến ", "dây điện có "):
        assert understand((words * 400)[:2000]).intent != "danger"


def test_of_several_questions_at_once_each_is_offered_and_none_is_taken_for_all() -> None:
    asked = understand("đóng tiền điện ở đâu? mai có cúp điện không? 200 số bao nhiêu tiền?")
    assert asked.several
    assert (asked.intent, *asked.also) == ("payment", "outage_schedule", "bill_estimate")
    assert asked.score < SURE
    assert not understand("mai có cúp điện không?? cúp mấy giờ?").several


def test_what_power_from_the_sun_is_asked_is_no_schedule_for_tomorrow() -> None:
    assert understand("điện lực có lắp điện mặt trời mái nhà không").intent != "outage_schedule"
