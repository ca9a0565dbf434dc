"""Takes a typed address apart: house number, street, and the words that name the ward and district."""

import re
from dataclasses import dataclass
from functools import lru_cache

from conversations.folding import fold

# Abbreviations people type before a name or number. F is the Southern habit for phường. One letter alone is a
# marker only if something follows it, so that "a, b, p" stays what it is.
_SPELLED = (
    (re.compile(r"\b(?:tp|thanh pho)? ?(?:hcm|ho chi minh)\b|\btphcm\b|\bviet nam\b|\bvn\b"), " "),
    # English puts the word behind the name: "12 Le Loi street, Ben Thanh ward, Binh Thanh district".
    (re.compile(r"(?:^|\b(?:street|road|avenue) )((?:[a-z]+ ){0,2}[a-z]+) ward\b"), r" phuong \1 "),
    (re.compile(r"(?:^|\bward )((?:[a-z]+ )?[a-z]+) district\b"), r" quan \1 "),
    (re.compile(r"(?<=[a-z0-9]) (?:street|road|avenue)\b"), " "),
    (re.compile(r"\b(?:phuong|ph|p|f|ward) ?0?(\d{1,2})(?=q|\s|$)"), r" phuong \1 "),
    (re.compile(r"\b(?:quan|q|district) ?0?(\d{1,2})(?=\s|$)"), r" quan \1 "),
    (re.compile(r"\b(?:ph|p|f) (?=[a-z])"), "phuong "),
    (re.compile(r"\bq (?=[a-z])"), "quan "),
    (re.compile(r"\bx (?=[a-z])"), "xa "),
    (re.compile(r"\bh (?=[a-z])"), "huyen "),
    (re.compile(r"\btt (?=[a-z])"), "thi tran "),
    (re.compile(r"\btx (?=[a-z])"), "thi xa "),
    (re.compile(r"\btp (?=[a-z])"), "thanh pho "),
)
# Streets that hold a marker word once the diacritics are gone: kept whole by joining them with underscores.
_STREETS_LIKE_MARKERS = re.compile(r"\b(?:nguyen tri phuong|ba huyen thanh quan|xa lo(?: ha noi)?)\b")
_FAMOUS = {
    "cmt8": "cach mang thang 8",
    "cmt 8": "cach mang thang 8",
    "xvnt": "xo viet nghe tinh",
    "nkkn": "nam ky khoi nghia",
    "dbp": "dien bien phu",
    "xlhn": "xa lo ha noi",
}

_WARD_STARTS = re.compile(r"\b(?:phuong|xa|thi tran|dac khu|quan|huyen|thi xa|thanh pho) (?=\S)")
_NEITHER = re.compile(
    r"^(?:kp ?\d*|khu pho|khu dan cu|kdc|ap|to|chung cu|cc|kcx|kcn|khu che xuat|khu cong nghiep|khu cong nghe)\b"
)
_HOUSE = re.compile(
    r"^(?:dia chi )?(?:(?:so nha|nha so|nha|so|hem|ngo|kiet) )*"
    r"(?P<house>(?:lo|can ho|can) [a-z]{0,2} ?\d*[a-z]?\d*|"
    r"[a-z]?\d+(?:[a-z]|bis)?(?:/\d*[a-z]?\d*)*(?: \d+(?! thang)(?= [a-z]))?)(?:\s+|$)"
)
_STREET_OF_A_DATE = re.compile(r"^\d{1,2} thang \d{1,2}\b")
# Streets named after a day, as people write them; any other number with a slash is a house in an alley.
_DAYS = {"3/2", "30/4", "2/9", "19/5", "26/3"}
_NUMBERED = re.compile(r"^(?:duong )?(?:so )?(\d+[a-z]?)$")


@dataclass(frozen=True)
class Address:
    """The parts of an address, folded; what was not said, or cannot be told apart, is None."""

    house: str | None
    street: str | None
    ward_text: str | None


def spell_out(text: str) -> str:
    """Folded text with abbreviations written out and the city's name left out: `P.5 Q3` → `phuong 5 quan 3`."""
    words = _STREETS_LIKE_MARKERS.sub(lambda found: found[0].replace(" ", "_"), fold(text))
    for pattern, written_out in _SPELLED:
        words = pattern.sub(written_out, words)
    return " ".join(words.split())


def _canonical_street(words: str) -> str | None:
    """One spelling of a street: without "đường", 3/2 as "3 thang 2", numbered streets as "duong so 7"."""
    words = words.replace("_", " ").strip()
    bare = words.removeprefix("duong ").strip()
    if not bare or words == "duong":
        return None
    if bare in _DAYS:
        return bare.replace("/", " thang ")
    if numbered := _NUMBERED.match(words):
        return f"duong so {numbered[1]}"
    return _FAMOUS.get(bare, bare)


def _house_and_rest(words: str) -> tuple[str | None, str]:
    """Parts the house number from the street; a street named after a date is not a house number."""
    found = None if _STREET_OF_A_DATE.match(words) else _HOUSE.match(words)
    if found is None:
        return None, words
    return found["house"].strip(), words[found.end() :]


def _without_house_words(segments: list[str]) -> tuple[str | None, str, list[str]]:
    """House, street words and the segments after them."""
    house, street = _house_and_rest(segments[0])
    later = segments[1:]
    while house and not street and later and not _WARD_STARTS.match(later[0]):
        street, later = ("" if _NEITHER.match(later[0]) else later[0]), later[1:]
    return house, street, later


@lru_cache(maxsize=16_384)
def parse_address(text: str) -> Address:
    """Parts of an address typed with or without commas and diacritics.

    `12 nguyen trai p ben thanh q1` → `Address("12", "nguyen trai", "phuong ben thanh quan 1")`. Without a comma or
    a word such as "phường" nothing shows where the street ends: then all of it is the street, and `WardBook.find`
    on the whole text is the one to ask for the ward.
    """
    segments = [words for part in text.split(",") if (words := spell_out(part))]
    if not segments:
        return Address(None, None, None)
    house, street, later = _without_house_words(segments)
    if cut := _WARD_STARTS.search(street):
        street, later = street[: cut.start()], [street[cut.start() :], *later]
    if house in _DAYS and not street:
        house, street = None, house or ""
    ward = " ".join(words for words in later if not _NEITHER.match(words)).replace("_", " ")
    return Address(house, _canonical_street(street), ward or None)


def street_of(address: str) -> str:
    """Folded street name of a stored address, "" if it names none: `12/3 Lê Lợi, Phường Bến Thành` → `le loi`."""
    return parse_address(address).street or ""
