"""What scripts are told of values that cannot be used, whoever found that out.

The schema library's kinds of error in words that say what to send instead, and sentences that the
domain has for people at a page as they are true for a script.
"""

from collections.abc import Callable, Mapping
from typing import Any

Found = Mapping[str, Any]

NO_ARGUMENT = "This takes no such argument."
NO_MEMBER = "There is no such member here."
NEEDED = "This is needed."
TEXT, OBJECT, LIST = "Send a text.", "Send an object.", "Send a list."
NUMBER, WHOLE, TRUTH = "Send a number.", "Send a whole number.", "Send true or false."
ID = "Send an id such as 6f1c0c52-3d0e-4a57-9b0e-1f2a3b4c5d6e."
TIME = "Send a time with its zone, such as 2026-12-24T09:00:00Z."
NO_BUDGET = "Send a budget too, or no currency."
PATTERNS = {
    "^[A-Z]{3}$": "Send a currency as three capital letters, such as USD.",
    "^[A-Za-z0-9_-]{1,64}$": "Send an id as the ad server gives it.",
}


def _too_short(found: Found) -> str:
    least = found["ctx"]["min_length"]
    return f"Send at least {least:,} {_unit(found, least)}."


def _too_long(found: Found) -> str:
    most, sent = found["ctx"]["max_length"], found["input"]
    words = f"{most:,} {_unit(found, most)} at most."
    return (
        f"This has {len(sent):,}; {words}"
        if isinstance(sent, str | list)
        else f"Send less: {words}"
    )


def _unit(found: Found, number: int) -> str:
    unit = "item" if isinstance(found["input"], list) else "character"
    return unit if number == 1 else f"{unit}s"


def _off_pattern(found: Found) -> str:
    return PATTERNS[found["ctx"]["pattern"]]


def _one_of(found: Found) -> str:
    return f"Send {found['ctx']['expected'].replace(chr(39), '')}."


def _own(found: Found) -> str:
    """Of our own rules."""
    return str(found["msg"]).removeprefix("Value error, ")


# By the library's name of the kind: what is said, or what makes it of the error that was found.
KINDS: Mapping[str, str | Callable[[Found], str]] = {
    "missing": NEEDED,
    "extra_forbidden": NO_MEMBER,
    "value_error": _own,
    "literal_error": _one_of,
    "string_type": TEXT,
    "string_unicode": "Send a text in UTF-8.",
    "string_pattern_mismatch": _off_pattern,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "too_short": _too_short,
    "too_long": _too_long,
    "bool_type": TRUTH,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE,
    "int_from_float": WHOLE,
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "finite_number": NUMBER,
    "decimal_max_places": lambda it: f"Send {it['ctx']['decimal_places']} decimals at most.",
    "decimal_max_digits": lambda it: f"Send {it['ctx']['max_digits']} digits at most.",
    "decimal_whole_digits": lambda it: (
        f"Send {it['ctx']['whole_digits']} digits before the point at most."
    ),
    "greater_than_equal": lambda it: f"Send {it['ctx']['ge']:,} or more.",
    "less_than_equal": lambda it: f"Send {it['ctx']['le']:,} or less.",
    "list_type": LIST,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "uuid_type": ID,
    "uuid_parsing": ID,
    "datetime_type": TIME,
    "datetime_parsing": TIME,
    "datetime_from_date_parsing": TIME,
    "datetime_object_invalid": TIME,
    "timezone_aware": TIME,
}


def words_of(found: Found, *, is_argument: bool) -> str:
    """A sentence on an error that the library found."""
    if is_argument and found["type"] == "extra_forbidden":
        return NO_ARGUMENT
    said = KINDS.get(found["type"], _own)
    return said if isinstance(said, str) else said(found)


# What the domain says to people at a page, and what is true for a script.
TO_SCRIPTS = {
    "Enter a title.": "Send a title.",
    "Enter a budget, or clear the currency.": NO_BUDGET,
    "Pick an advertiser from the list.": (
        "There is no such advertiser here: send the id of one of GET /advertisers."
    ),
    "Pick an owner from the list.": "No operator who may sign in has this e-mail address.",
    "Pick a currency for the budget.": "Send the currency of the budget too, such as USD.",
    "Pick a currency from the list.": "This is no currency that is in use.",
    "Choose what to restore.": "Name fields that this changed, and no others.",
}


def to_script(words: str) -> str:
    return TO_SCRIPTS.get(words, words)
