"""Mock of OKX to test bots on; `exchange.py` says what it imitates and what it does not."""

from .asgi import app
from .exchange import LogEntry, MockExchange
from .responses import MockResponse
from .scenario import default_exchange
from .user import ApiKey, User

__all__ = ["ApiKey", "LogEntry", "MockExchange", "MockResponse", "User", "app", "default_exchange"]
