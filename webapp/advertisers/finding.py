"""From a typed name to the advertiser that is meant; where several may be, to a choice of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.advertisers import queries
from webapp.core.text import fold

# Between a name and the agency's, in the words of ``queries``.
DASH = " – "


@dataclass(frozen=True, slots=True)
class Meant:
    """``id`` is ``None`` when nothing fits, or more than one of ``choices`` does."""

    id: int | None = None
    choices: Sequence[tuple[int, str]] = ()


def words_for(advertiser_id: int | None) -> str:
    """What a field shows for an advertiser that is chosen."""
    return next((words for _, words in queries.choice_of(advertiser_id)), "")


def meant(typed: str, chosen: int | None = None) -> Meant:
    """``chosen`` is the one that was picked from a list, as long as its words still stand there."""
    if chosen and words_for(chosen) == typed:
        return Meant(chosen)
    found = queries.suggest(typed.replace(DASH, " "))
    name = fold(typed).strip()
    same = [each for each in found if _is_called(each[1], name)] or found
    return Meant(same[0][0]) if len(same) == 1 else Meant(None, same)


def _is_called(words: str, name: str) -> bool:
    return fold(words) == name or fold(words).startswith(name + DASH)
