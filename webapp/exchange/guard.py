"""Cells that no spreadsheet takes for a formula, and that come back exactly as they were.

A text that a spreadsheet would calculate gets an apostrophe in front; reading takes exactly that
one off. A text that is itself ``[]``, with which an import clears a field, is treated alike.
"""

import re

CLEAR = "[]"
APOSTROPHE = "'"
# Blanks do not keep every spreadsheet from calculating; the wide signs are signs to some.
_NEEDS_GUARD = re.compile(r"['\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]|'*\[\]\Z").match


def guarded(text: str) -> str:
    """The text as it stands in a cell."""
    return APOSTROPHE + text if _NEEDS_GUARD(text) else text


def unguarded(cell: str) -> str:
    """The text that a cell was written for."""
    # An apostrophe more in front changes no answer: so it is known whether one was added.
    is_guarded = cell.startswith(APOSTROPHE) and _NEEDS_GUARD(cell[1:])
    return cell[1:] if is_guarded else cell
