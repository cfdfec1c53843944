"""The columns of the file, in its order: their headings, and which of them an import reads.

The mark of a row holds a digest of each cell that an import reads, as it was written. By it an
import knows which cells were typed since, and which values others have changed meanwhile.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ID, TITLE, EXTERNAL_ID = "ID", "Title", "External ID"
ADVERTISER_ID, ADVERTISER, AGENCY = "Advertiser ID", "Advertiser", "Agency"
BUDGET, CURRENCY = "Budget", "Currency"
COPY_NEEDED, OWNER, NOTES, ARCHIVED = "Ad copy needed", "Owner", "Notes", "Archived"
MARK, PROBLEM = "Row mark", "Problem"


@dataclass(frozen=True, slots=True)
class Column:
    """``about`` says to an operator what stands in it."""

    heading: str
    about: str


READ = (
    Column(TITLE, "At most 255 characters."),
    Column(
        ADVERTISER_ID,
        "The number of the advertiser here. Where a name is given only once, the name will do.",
    ),
    Column(ADVERTISER, "Its name."),
    Column(AGENCY, "Tells advertisers of one name apart."),
    Column(EXTERNAL_ID, "At most 100 characters. Left empty in a new row, we make one."),
    Column(BUDGET, "A plain number such as 5000.00."),
    Column(CURRENCY, "Three letters, such as USD."),
    Column(COPY_NEEDED, "yes or no."),
    Column(OWNER, "The e-mail address of who signs in here."),
    Column(NOTES, "At most 5,000 characters."),
    Column(ARCHIVED, "yes or no."),
)
TOLD = (
    Column("Sync", "How far Megaphone and Flightdeck agree."),
    Column("Sync detail", "What it waits for, or what is in the way."),
    Column("Revenue", "A plain number."),
    Column("Revenue currency", "Three letters."),
    Column("Duration in seconds", "A whole number."),
    Column("Booking source", "As Megaphone says it."),
    Column("Megaphone ID", "Its ID there."),
    Column("Booked in Megaphone", "A time with its offset."),
    Column("Updated in Megaphone", "A time with its offset."),
    Column("Added here", "A time with its offset."),
    Column("Changed here", "A time with its offset."),
    Column("Confirmed", "When both were last seen to agree."),
    Column("Archived at", "A time with its offset."),
)
READ_HEADINGS = tuple(column.heading for column in READ)
TOLD_HEADINGS = tuple(column.heading for column in TOLD)
HEADINGS = (ID, *READ_HEADINGS, *TOLD_HEADINGS, MARK)

# What the file has for a column of the list.
OF_LIST: Mapping[str, tuple[str, ...]] = {
    "advertiser": (ADVERTISER, AGENCY),
    "external_id": (EXTERNAL_ID,),
    "budget": (BUDGET, CURRENCY),
    "sync": ("Sync", "Sync detail"),
    "changed": ("Changed here",),
    "owner": (OWNER,),
    "copy": (COPY_NEEDED,),
    "revenue": ("Revenue", "Revenue currency"),
    "duration": ("Duration in seconds",),
    "source": ("Booking source",),
    "created": ("Booked in Megaphone",),
    "updated": ("Updated in Megaphone",),
    "synced": ("Confirmed",),
    "archived": ("Archived at",),
}

_MARK_START = "m1."
_DIGEST_BYTES = 3
_DIGEST_MASK = 0xFFFFFF

Digests = Mapping[str, bytes]


def shown(names: Iterable[str]) -> tuple[str, ...]:
    """The headings of a file with these columns of the list, in their order.

    The ID and the mark are no columns of the list: with them the file can still be imported.
    """
    return (ID, TITLE, *(heading for name in names for heading in OF_LIST[name]), MARK)


def digest_of(cell: str) -> bytes:
    """Alike for what spreadsheets make of the same cell: other line breaks, no blanks at its ends,
    no zeros at the end of decimals."""
    text = cell.strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text[:1].isdigit() and "." in text:
        text = _without_zeros(text)
    return (zlib.crc32(text.encode()) & _DIGEST_MASK).to_bytes(_DIGEST_BYTES, "big")


def _without_zeros(text: str) -> str:
    whole, _, fraction = text.partition(".")
    is_number = whole.isdigit() and fraction.isdigit()
    return f"{whole}.{fraction}".rstrip("0").rstrip(".") if is_number else text


def mark_of(digests: Iterable[bytes]) -> str:
    """The mark of a row, from the digest of each cell of ``READ`` without its guard."""
    text = base64.urlsafe_b64encode(b"".join(digests)).decode("ascii")
    return f"{_MARK_START}{text}"


def read_mark(text: str) -> Digests | None:
    """The digest of each cell as it was written, by heading. ``None`` for anything but a mark."""
    start, digits = text[: len(_MARK_START)], text[len(_MARK_START) :]
    if start != _MARK_START or not digits.isascii():
        return None
    try:
        found = base64.urlsafe_b64decode(digits)
    except binascii.Error:
        return None
    if len(found) != _DIGEST_BYTES * len(READ):
        return None
    places = range(0, len(found), _DIGEST_BYTES)
    digests = [found[at : at + _DIGEST_BYTES] for at in places]
    return dict(zip(READ_HEADINGS, digests, strict=True))
