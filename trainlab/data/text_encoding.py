"""A guess at how a text file that is not UTF-8 is coded, for the advice of an error."""

import re

FEWEST = 4  # different pairs of bytes before they may be letters of two bytes
WRITTEN_IN = {
    "cp949": "Korean",
    "cp932": "Japanese",
    "gb18030": "Chinese",
    "big5": "Chinese",
    "cp1251": "Cyrillic",
    "cp1250": "Central Europe",
    "mac_roman": "of an old Mac",
    "cp1252": "Western Europe",
    "latin-1": "Western Europe",
}
SAMPLE = 1 << 20  # bytes that are looked at
_KANA = re.compile("[\u3041-\u30ff]")
_CENTRAL = frozenset(b"\xb3\xb9\xbf\x9c\x9f\xa3\xa5\xaf\xea\xe6\xf1\x8c\x8f\xe8\xf8\xec\xf2\xef")  # letters of cp1250
_CENTRAL_ONLY = frozenset(b"\xb3\xb9\xbf\x9f\x8f\xa5")  # of these, the ones that are signs in cp1252


def guessed_encoding(stored: bytes) -> str:
    """The name of an encoding that decodes these bytes: the one whose letters they are.

    >>> [guessed_encoding(t.encode(c)) for t, c in (("서울특별시", "cp949"), ("Köln", "latin-1"), ("привет", "cp1251"))]
    ['cp949', 'latin-1', 'cp1251']
    """
    stored = stored[:SAMPLE]
    pairs = [(a, b) for a, b in re.findall(rb"([\x80-\xff])([\x40-\xff])", stored)]
    high = sum(byte > 0x7F for byte in stored)
    within_words = len(re.findall(rb"[A-Za-z][\x80-\xff]", stored)) > 0.6 * len(re.findall(rb"[\x80-\xff]+", stored))
    if within_words or len(set(pairs)) < FEWEST:
        return _single(stored)
    double = 2 * len(pairs) >= high  # letters of two bytes: the first one is never followed by a sign
    if double and _decodes(stored, "cp932") and len(_KANA.findall(stored.decode("cp932"))) > len(pairs) / 5:
        return "cp932"
    if double and all(a[0] >= 0x81 for a, _ in pairs):
        leads = [a[0] for a, b in pairs if b[0] >= 0xA1]
        korean = leads and sum(0xB0 <= lead <= 0xC8 for lead in leads) > 0.95 * len(leads)
        if korean and _decodes(stored, "cp949"):
            return "cp949"
    return _chinese(stored, pairs, high) or _single(stored)


def _chinese(stored: bytes, pairs: list[tuple[bytes, bytes]], high: int) -> str | None:
    """gb18030 where both bytes of a letter are high; big5 where the second one is often low."""
    low = sum(b[0] < 0x80 for _, b in pairs)
    words = re.findall(rb"[\x80-\xff]{3,}", stored)
    cyrillic = sum(byte >= 0xC0 for word in words for byte in word) > 0.97 * sum(map(len, words)) if words else False
    if cyrillic or not pairs:
        return None
    if low > 0.25 * len(pairs) and all(a[0] >= 0xA1 for a, _ in pairs) and _decodes(stored, "big5") and high > 20:
        return "big5"
    even = sum(len(word) % 2 == 0 for word in re.findall(rb"[\x80-\xff]+", stored))
    runs = len(re.findall(rb"[\x80-\xff]+", stored))
    return "gb18030" if even > 0.9 * runs and _decodes(stored, "gb18030") else None


def _single(stored: bytes) -> str:
    """An encoding of one byte a letter."""
    words = re.findall(rb"[A-Za-z\x80-\xff]+", stored)
    mostly_high = [word for word in words if sum(byte >= 0xC0 for byte in word) > 0.8 * len(word) and len(word) > 1]
    if len(mostly_high) > 0.5 * sum(max(word) > 0x7F for word in words):
        return "cp1251"
    inside = re.findall(rb"(?<=[a-z])([\x80-\x9f])(?=[a-z])", stored)
    if not _decodes(stored, "cp1252") or len(inside) > len(re.findall(rb"[a-z][\xc0-\xff][a-z]?", stored)):
        return "mac_roman"
    letters = re.findall(rb"(?<=[a-z])([\x8c-\xff])", stored)
    central = sum(letter[0] in _CENTRAL_ONLY for letter in letters)
    if central > 0.2 * len(letters) and _decodes(stored, "cp1250"):
        return "cp1250"
    return "cp1252" if re.search(rb"[\x80-\x9f]", stored) else "latin-1"


def _decodes(stored: bytes, encoding: str) -> bool:
    try:
        stored.decode(encoding)
    except UnicodeDecodeError as error:
        return len(stored) == SAMPLE and error.start >= SAMPLE - 2
    return True
