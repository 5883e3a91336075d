"""Types that the generated modules share; nothing is uploaded, so those of files are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from http import HTTPStatus

T = TypeVar("T")


class Unset:
    """The type of a parameter that is left out."""

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Unset = Unset()


@dataclass
class Response(Generic[T]):
    """A response of an operation."""

    status_code: HTTPStatus
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = ["UNSET", "Response", "Unset"]
