"""An owner whose name is typed into a form, where too many are there to be listed: looked up as the
name of a filter is (``webapp.campaigns.named``)."""

from dataclasses import replace

from webapp.campaigns import named
from webapp.campaigns.forms import CampaignForm, row_id
from webapp.campaigns.named import Box

OWNER = named.KINDS["owner"]
ME, NOBODY = "me", "none"
# What a button says that offers one of those that a name may mean: this, and then who.
PICKED = "owner:"


def box_of(chosen: str, typed: str | None, me: int) -> Box:
    """Who is meant; its value is a person's id, ``NOBODY``, or empty. ``me`` is who types.

    ``typed`` is ``None`` where no name was sent: who is chosen stays.
    """
    box = named.box(OWNER, chosen, typed)
    if box.value != ME:
        return box
    return replace(box, value=str(me), text=OWNER.words(str(me)))


def problem_of(box: Box) -> str:
    """Why an unclear name is not taken."""
    if box.choices:
        return f"Several owners match “{box.text}”. Press the one that is meant."
    return f"No owner matches “{box.text}”."


def read(form: CampaignForm, again: str | None, me: int) -> None:
    """Look up who was typed into a campaign's form; ``again`` is why it is only drawn again."""
    sent = form.owner_id.raw_data
    chosen = sent[0] if sent else str(form.owner_id.data or "")
    typed = form.owner_name.data if form.owner_name.raw_data else None
    if again and again.startswith(PICKED):
        chosen, typed = again.removeprefix(PICKED), None
    box = box_of(chosen, typed, me)
    form.owner_id.data, form.owner_name.data = row_id(box.value), box.text
    if box.is_unclear:
        form.owner_problem = problem_of(box)
        form.owner_choices = [(PICKED + value, words) for value, words in box.choices]
