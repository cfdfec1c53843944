"""What all bodies and answers share."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from webapp.core.money import MAX_MINOR

MAX_ID = 999_999_999
ID_PATTERN = "^[1-9][0-9]{0,8}$"
FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Sent(BaseModel):
    """What a script sends. A member that is not known is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SentInPart(Sent):
    """What a script sends of something that is there: one member at least."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "additionalProperties": False})

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Send at least one member that is to change.")
        return self


class Answered(BaseModel):
    """What we answer: for the documentation and its tests. Answers are made as plain dicts."""

    model_config = ConfigDict(extra="forbid")


def _flag(value: object) -> object:
    return FLAGS.get(value.lower(), value) if isinstance(value, str) else value


# In an address: true and false, 1 and 0, in any case.
Flag = Annotated[
    bool,
    Field(strict=True),
    BeforeValidator(_flag, json_schema_input_type=bool | Literal["1", "0"]),
]


class WriteQuery(Sent):
    """What every writing operation takes in its address."""

    dry_run: Flag = Field(False, description="Do it all, answer, and take it back.")


def _whole(value: object) -> object:
    # To JSON, 5.0 is an integer as well.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_text(value: object) -> object:
    number = _whole(value)
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else value


def _number_within(text: str) -> str:
    if not re.fullmatch(ID_PATTERN, text):
        raise ValueError("This is no id.")
    return text


# Ids of ours that are numbers are texts in JSON; scripts may send them as numbers too.
NumberId = Annotated[
    str,
    BeforeValidator(
        _as_text,
        json_schema_input_type=Annotated[str, Field(pattern=ID_PATTERN)]
        | Annotated[int, Field(ge=1, le=MAX_ID)],
    ),
    AfterValidator(_number_within),
    Field(examples=["17"]),
]
Whole = Annotated[int, Field(strict=True), BeforeValidator(_whole)]
Cents = Annotated[
    int,
    Field(ge=0, le=MAX_MINOR, strict=True, examples=[500000]),
    BeforeValidator(_whole),
]
Moment = Annotated[
    str,
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-03-02T09:30:00.000Z"]),
]
