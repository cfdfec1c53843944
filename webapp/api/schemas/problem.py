"""Errors as scripts read them (RFC 9457), whatever the operation."""

from pydantic import BaseModel, ConfigDict, Field


class ProblemField(BaseModel):
    """What is wrong with one value that was sent."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(
        description="A JSON pointer into the body (`/title`), or `?name` of an argument.",
        examples=["/title"],
    )
    message: str = Field(description="A sentence.", examples=["This is needed."])


class Problem(BaseModel):
    """Every error looks like this. Some have members more: see the page of the errors."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Where the error is explained: a page of this service.")
    title: str = Field(description="What kind of error it is, in words.")
    status: int = Field(description="The status of the answer.")
    code: str = Field(description="Names the kind of error. It never changes: compare this.")
    detail: str = Field(description="What happened, in a sentence for a person.")
    instance: str = Field(description="The address that was asked.")
    request_id: str = Field(description="Finds the request in our log.")
    errors: list[ProblemField] = Field(description="One for each value that cannot be used.")
