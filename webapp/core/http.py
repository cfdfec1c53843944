"""One outgoing HTTP request: bounded in time and size, and honest about whether it was sent.

``fetch`` makes exactly one request and never retries. What went wrong comes out as ``NotSent``
(proof that no byte of the request left) or ``AnswerLost`` (the other side may have acted on it).
Neither carries an address, a header or a cause that would show one. What an answer means is for
the caller to say. The one place where sockets are opened to others: each address is judged by
``webapp.core.addresses`` before it is called, a session can be kept to one host, no redirect is
followed, and certificates are verified.
"""

import http.client
import io
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from webapp.core.addresses import NotToBeCalled, callable_addresses, check_url, origin_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Monotonic = Callable[[], float]

CHUNK = 64 * 1024
# A firewall forgets quiet connections without a word; a write into one is lost and looks unknown.
MAX_IDLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes one request may take. ``total`` includes reading the body."""

    connect: float = 3.0
    read: float = 10.0
    total: float = 20.0
    body_bytes: int = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. ``received`` counts body bytes on the wire, before decompression."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received: int


class HttpFailure(Exception):
    """No whole answer. The text continues a sentence that begins with the server's name."""


class NotSent(HttpFailure):
    """Not a byte of the request left this machine: sending it later cannot do it twice."""


class AnswerLost(HttpFailure):
    """The request was sent, at least in part; ``status`` and ``headers`` as far as they came."""

    def __init__(self, reason: str, response: requests.Response | None = None) -> None:
        super().__init__(reason)
        self.status = None if response is None else response.status_code
        self.headers: Mapping[str, str] = {} if response is None else dict(response.headers)
        self.received = 0 if response is None else int(response.raw.tell())


@dataclass(slots=True)
class _Watch:
    """What the sockets below must know about the request in progress."""

    limits: Limits
    send_by: float | None
    monotonic: Monotonic
    private: bool = False
    ends: float = field(init=False)
    sent: bool = False
    late: bool = False

    def __post_init__(self) -> None:
        self.ends = self.monotonic() + self.limits.total

    def begin_sending(self) -> None:
        """Called with a connection in hand, before the first byte goes out."""
        if self.sent:
            return
        latest = self.ends if self.send_by is None else min(self.send_by, self.ends)
        if self.monotonic() > latest:
            self.late = True
            raise TimeoutError("too late to send")
        self.sent = True

    def patience(self) -> float:
        """Seconds the next read may take."""
        left = self.ends - self.monotonic()
        if left <= 0:
            raise TimeoutError("the request's time is over")
        return min(self.limits.read, left)

    def timeout_reason(self) -> str:
        if self.monotonic() >= self.ends:
            return f"did not answer within {self.limits.total:g} seconds"
        return f"sent nothing for {self.limits.read:g} seconds"


_current: ContextVar[_Watch | None] = ContextVar("request in progress", default=None)


class _TimedReader(io.RawIOBase):
    """Reads a socket so that a server that dribbles bytes cannot outlast the whole deadline."""

    def __init__(self, sock: socket.socket, inner: io.RawIOBase, watch: _Watch) -> None:
        super().__init__()
        self._sock, self._inner, self._watch = sock, inner, watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        self._sock.settimeout(self._watch.patience())
        return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        watch = _current.get()
        if watch is not None:
            self.fp = io.BufferedReader(_TimedReader(sock, self.fp.detach(), watch))


class _HttpConnection(HTTPConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        return _judged_socket(self)

    def send(self, data: Any) -> None:
        _connect_and_mark(self)
        super().send(data)


class _HttpsConnection(HTTPSConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        return _judged_socket(self)

    def send(self, data: Any) -> None:
        _connect_and_mark(self)
        super().send(data)


def _judged_socket(connection: HTTPConnection) -> socket.socket:
    """A socket to what the name stands for, by number: it is not looked up a second time."""
    watch, port = _current.get(), connection.port or connection.default_port
    host = connection.host.strip("[]")
    try:
        addresses = callable_addresses(host, port, private=watch is not None and watch.private)
    except NotToBeCalled as refused:
        raise NewConnectionError(connection, "not to be called") from refused
    except OSError as error:
        raise NameResolutionError(host, connection, socket.gaierror()) from error
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            return create_connection(
                (str(address), port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "timed out") from failure
    raise NewConnectionError(connection, "no connection") from failure


def _connect_and_mark(connection: HTTPConnection) -> None:
    # Left to itself the first send() connects too, and a refused connection would look sent.
    if connection.sock is None:
        connection.connect()
    watch = _current.get()
    if watch is not None:
        watch.begin_sending()


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class HttpSession(requests.Session):
    """Connections kept open between requests. For one thread at a time: give each its own.

    Ignores the environment (no proxy, no netrc, whose entry would replace the credential) and
    keeps no cookies. ``private``: it may call networks that are not the Internet.
    """

    def __init__(
        self, user_agent: str, monotonic: Monotonic = time.monotonic, *, private: bool = False
    ) -> None:
        super().__init__()
        self.monotonic = monotonic
        self.private = private
        self._origin: tuple[str, str, int] | None = None
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update({"User-Agent": user_agent, "Accept-Encoding": "gzip"})
        self._last_used = monotonic()
        self.mount("https://", _Adapter(max_retries=0))
        self.mount("http://", _Adapter(max_retries=0))

    def keep_to(self, url: str) -> None:
        """From now on, call no other host and port than this address's."""
        self._origin = origin_of(url)

    def refuses(self, url: str) -> bool:
        """Whether this address may not be called, whatever its name stands for."""
        if check_url(url.partition("?")[0]):
            return True
        return self._origin is not None and origin_of(url) != self._origin

    def drop_idle_connections(self) -> None:
        now = self.monotonic()
        if now - self._last_used > MAX_IDLE_SECONDS:
            for adapter in self.adapters.values():
                adapter.close()
        self._last_used = now


def http_session(
    user_agent: str, *, monotonic: Monotonic = time.monotonic, private: bool = False
) -> HttpSession:
    """A session for ``fetch``. Close it when done."""
    return HttpSession(user_agent, monotonic, private=private)


def fetch(
    session: HttpSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    auth: AuthBase | None = None,
    limits: Limits | None = None,
    send_by: float | None = None,
) -> Answer:
    """Make one request and read its whole answer, whatever its status; follow no redirect.

    Raises ``NotSent`` or ``AnswerLost``. After ``send_by`` (on the session's monotonic clock)
    the request is not begun any more. Resolving a name is the one wait that nothing bounds but
    the system's resolver.
    """
    if session.refuses(url):
        raise NotSent("cannot be called: its address is not one that may be used")
    session.drop_idle_connections()
    watch = _Watch(limits or Limits(), send_by, session.monotonic, session.private)
    request = requests.Request(method, url, headers=dict(headers or {}), data=body, auth=auth)
    token = _current.set(watch)
    try:
        outcome = _exchange(session, request, watch)
    finally:
        _current.reset(token)
    # Raised out here, where no handler is active: the cause would show the address.
    if isinstance(outcome, HttpFailure):
        raise outcome
    return outcome


def _exchange(
    session: HttpSession, request: requests.Request, watch: _Watch
) -> Answer | HttpFailure:
    limits = watch.limits
    try:
        response = session.send(
            session.prepare_request(request),
            stream=True,
            allow_redirects=False,
            timeout=(limits.connect, limits.read),
        )
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,
    ) as error:
        return _failure(error, watch)
    with closing(response):
        return _read(response, watch)


def _read(response: requests.Response, watch: _Watch) -> Answer | HttpFailure:
    limits = watch.limits
    body = bytearray()
    try:
        for chunk in response.raw.stream(CHUNK, decode_content=True):
            body += chunk
            if len(body) > limits.body_bytes:
                return AnswerLost(f"sent more than {_size(limits.body_bytes)}", response)
    except (urllib3.exceptions.TimeoutError, TimeoutError):
        return AnswerLost(watch.timeout_reason(), response)
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError):
        return AnswerLost("broke off its answer", response)
    received = int(response.raw.tell())
    return Answer(response.status_code, response.headers, bytes(body), received)


def _size(count: int) -> str:
    return f"{count / 2**20:g} MiB" if count >= 2**20 else f"{count / 2**10:g} KiB"


def _failure(error: Exception, watch: _Watch) -> HttpFailure:
    if watch.sent:
        timed_out = isinstance(error, requests.Timeout | TimeoutError)
        return AnswerLost(watch.timeout_reason() if timed_out else "broke off the connection")
    if watch.late:
        return NotSent("could not be reached in time")
    # A TLS handshake that stalls is a *read* timeout to those below.
    if isinstance(error, requests.Timeout):
        return NotSent(f"did not accept a connection within {watch.limits.connect:g} seconds")
    if isinstance(_cause_of(error), NotToBeCalled):
        return NotSent("was not called: its name stands for an address that may not be called")
    return NotSent(f"could not be reached{_why_not_connected(error)}")


def _why_not_connected(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return " safely: its certificate or encryption is not valid"
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, NameResolutionError):
        return ": its name was not found on the network"
    if isinstance(_cause_of(error), ConnectionRefusedError):
        return ": the connection was refused"
    return ": no connection could be made"


def _cause_of(error: Exception) -> object:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return getattr(reason, "__cause__", None)
