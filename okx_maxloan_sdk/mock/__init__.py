"""A mock of OKX to test bots on; what it imitates, and what it does not, stands at the head of `exchange.py`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asgi import app
    from .exchange import Exchange, Served
    from .ready import demo
    from .refusal import Answer
    from .user import ApiKey, User

# Which module has each name: pytest loads the plugin, and so this package, in every project that installs it.
HOME = {
    "Answer": "refusal",
    "ApiKey": "user",
    "Exchange": "exchange",
    "Served": "exchange",
    "User": "user",
    "app": "asgi",
    "demo": "ready",
}

__all__ = ["Answer", "ApiKey", "Exchange", "Served", "User", "app", "demo"]


def __getattr__(name: str) -> Any:
    if name not in HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"{__name__}.{HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
