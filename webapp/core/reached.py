"""What the settings of how the pages are reached may be: names, and who to tell of a weakness."""

import ipaddress
import re
from datetime import date
from urllib.parse import urlsplit

# Names of this machine to itself: whoever asks by one of them is here.
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"{LABEL}(\.{LABEL})*")
CONTACT = re.compile(r"mailto:[^\s@]+@[^\s@]+|https://[^\s/]+(/\S*)?|tel:\+[0-9-]+")


def name_of(host: str) -> str:
    """The name in a ``Host`` header, small and without its port."""
    return re.sub(r":[0-9]*$", "", host.lower())


def names_in(text: str) -> frozenset[str]:
    """The names of ``ALLOWED_HOSTS``. Raises ``ValueError`` in words."""
    names = frozenset(part for part in re.split(r"[,\s]+", text.lower()) if part)
    wrong = sorted(name for name in names if not _is_name(name))
    if wrong or (text and not names):
        raise ValueError(
            "must be names or addresses with commas between, such as flightdeck.example, [::1]; "
            "without https://, port or *"
        )
    return names


def _is_name(name: str) -> bool:
    if name.startswith("[") and name.endswith("]"):
        try:
            return bool(ipaddress.IPv6Address(name[1:-1]))
        except ValueError:
            return False
    return len(name) <= 253 and bool(NAME.fullmatch(name))


def usual_names(bind_address: str, base_url: str | None) -> frozenset[str]:
    """The names that are answered to while ``ALLOWED_HOSTS`` is not set."""
    names = set(OWN_NAMES)
    # "Every address" is no name that anybody asks by.
    if bind_address != "localhost" and not ipaddress.ip_address(bind_address).is_unspecified:
        names.add(f"[{bind_address}]" if ":" in bind_address else bind_address)
    if base_url:
        names.add(name_of(urlsplit(base_url).netloc))
    return frozenset(names)


def check_contact(text: str) -> str | None:
    """What is wrong with a ``SECURITY_CONTACT``, in words."""
    if CONTACT.fullmatch(text):
        return None
    return "must be like mailto:security@example.com or https://example.com/security"


def day_of(text: str) -> date:
    """A day as settings have it. Raises ``ValueError`` in words."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a day such as 2027-06-30") from None
