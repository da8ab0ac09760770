"""What claims are made of: values that are checked where they are written down."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from runs.errors import UsageError, nearest


class Value(BaseModel):
    """A frozen value whose constructor refuses in a sentence, where pydantic has a page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **given: Any) -> None:
        """Raises UsageError for a field that is missing, unknown, or has no such value."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise UsageError(self._said(error)) from None

    @classmethod
    def _said(cls, error: ValidationError) -> str:
        """One of pydantic's complaints: that on an unknown field may be why another is missing."""
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "missing":
            return f"{cls.__name__} lacks {field}."
        if first["type"] == "extra_forbidden":
            return f"{cls.__name__} has no {field!r}{nearest(field, cls.model_fields)}"
        why = first["msg"].removeprefix("Value error, ").rstrip(".")
        value = "" if first["type"] == "value_error" else f"; got {first['input']!r}"
        return f"{cls.__name__}, {field}: {why[:1].lower()}{why[1:]}{value}."
