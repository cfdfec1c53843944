"""Filters that are a name: advertiser, agency and owner. Few agencies or owners are a list to pick
from; of many, and of advertisers always, the name is typed and looked up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from webapp.advertisers import finding
from webapp.advertisers import queries as advertisers
from webapp.auth import queries as operators
from webapp.campaigns.forms import row_id
from webapp.core.text import fold

# More than these are no list to pick from.
MOST_LISTED = 50
MOST_SUGGESTED = advertisers.MAX_SUGGESTED
NO_PERSON = (("me", "Me"), ("none", "Nobody"))

# What stands in the address, and what it is called.
Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """``words`` is what a value is called, ``listed`` all there are where they can be a list."""

    name: str
    many: str
    meant: Callable[[str, str], Sequence[Choice]]
    suggest: Callable[[str], Sequence[Choice]]
    words: Callable[[str], str]
    listed: Callable[[str], Sequence[Choice] | None] | None


@dataclass(frozen=True, slots=True)
class Box:
    """A field of the panel: ``value`` is chosen, ``text`` stands in it.

    ``listed`` is ``None`` where a name is typed. ``choices`` are those that it may mean.
    """

    kind: Kind
    value: str
    text: str
    listed: Sequence[Choice] | None
    choices: Sequence[Choice] = ()
    is_unclear: bool = False


def box(kind: Kind, chosen: str, typed: str | None) -> Box:
    """``typed`` is ``None`` where nothing was sent: what is chosen stays."""
    listed = kind.listed(chosen) if kind.listed else None
    words = kind.words(chosen)
    # Who is chosen may stay, though nobody else can be found by that name any more.
    if typed is None or listed is not None or (chosen and typed == words):
        return Box(kind, chosen, words, listed)
    if not typed:
        return Box(kind, "", "", listed)
    found = kind.meant(typed, chosen)
    if len(found) == 1:
        return Box(kind, found[0][0], typed, listed)
    return Box(kind, "", typed, listed, found, is_unclear=True)


def _meant_advertiser(typed: str, chosen: str) -> Sequence[Choice]:
    meant = finding.meant(typed, row_id(chosen))
    return _as_choices([(meant.id, typed)] if meant.id else meant.choices)


def _meant(suggest: Callable[[str], Sequence[Choice]]) -> Callable[[str, str], Sequence[Choice]]:
    def meant(typed: str, chosen: str) -> Sequence[Choice]:
        found = suggest(typed)
        same = [each for each in found if fold(each[1]) == fold(typed)]
        # Of several that are called the same, the one that was picked.
        picked = [each for each in same if each[0] == chosen]
        return picked or same or found

    return meant


def _suggest_agencies(typed: str) -> Sequence[Choice]:
    return _matching(typed, _as_choices(advertisers.agency_choices()))


def _suggest_owners(typed: str) -> Sequence[Choice]:
    return _matching(typed, [*NO_PERSON, *_as_choices(operators.operator_choices())])


def _matching(typed: str, choices: Sequence[Choice]) -> Sequence[Choice]:
    """Those with every word in their name; those that begin so come first."""
    name = fold(typed).strip()
    found = [each for each in choices if all(word in fold(each[1]) for word in name.split())]
    found.sort(key=lambda each: not fold(each[1]).startswith(name))
    return found[:MOST_SUGGESTED]


def _words_for_agency(value: str) -> str:
    return advertisers.agency_names_of([row_id(value)]).get(row_id(value) or 0, "")


def _words_for_owner(value: str) -> str:
    emails = operators.emails_of([row_id(value)])
    return dict(NO_PERSON).get(value) or emails.get(row_id(value) or 0, "")


def _listed_agencies(chosen: str) -> Sequence[Choice] | None:
    found = _as_choices(advertisers.agency_choices(MOST_LISTED + 1))
    return _with_chosen(found, chosen, _words_for_agency) if len(found) <= MOST_LISTED else None


def _listed_owners(chosen: str) -> Sequence[Choice] | None:
    people = operators.operator_choices()
    if len(people) > MOST_LISTED:
        return None
    return _with_chosen([*NO_PERSON, *_as_choices(people)], chosen, _words_for_owner)


def _with_chosen(
    found: Sequence[Choice], chosen: str, words: Callable[[str], str]
) -> Sequence[Choice]:
    """What is chosen is offered too, though it be of somebody who has left."""
    is_there = not chosen or any(value == chosen for value, _ in found)
    text = "" if is_there else words(chosen)
    return [*found, (chosen, text)] if text else found


def _as_choices(found: Sequence[tuple[int, str]]) -> list[Choice]:
    return [(str(id_), words) for id_, words in found]


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "advertiser",
            "advertisers",
            _meant_advertiser,
            lambda typed: _as_choices(advertisers.suggest(typed)),
            lambda value: finding.words_for(row_id(value)),
            None,
        ),
        Kind(
            "agency",
            "agencies",
            _meant(_suggest_agencies),
            _suggest_agencies,
            _words_for_agency,
            _listed_agencies,
        ),
        Kind(
            "owner",
            "owners",
            _meant(_suggest_owners),
            _suggest_owners,
            _words_for_owner,
            _listed_owners,
        ),
    )
}
