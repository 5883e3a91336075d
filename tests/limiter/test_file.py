"""The file limiter: processes of one machine share a window, and no state of the file breaks it."""

import multiprocessing
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

import pytest
from okx_maxloan_sdk.limiter.database import DatabaseFile
from okx_maxloan_sdk.limiter.page import OtherBoot, WrongPage, decode, encode

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.errors import NotSent
from okx_maxloan_sdk.flow import drive
from okx_maxloan_sdk.limiter import FileLimiter, LimitKey, RateLimit, RateLimiter
from okx_maxloan_sdk.limiter.file import FileStore, Page
from okx_maxloan_sdk.limiter.ledger import RECOVERY_QUIET_PERIOD, Ledger, LimitPolicy
from tests.limiter.counting_server import CountingServer
from tests.limiter.load_generator import NO_TRANSPORT, Workload, run_all

CLOCK = SystemClock()
KEY = LimitKey("127.0.0.1", "42", "max_loan")
POLICY = LimitPolicy(2, 2.0, ahead=0.5)
Backend = Literal["flock", "sqlite"]
# Windows has no flock.
BACKENDS: tuple[Backend, ...] = ("flock", "sqlite") if find_spec("fcntl") else ("sqlite",)


class Machine:
    """A machine's clock, and processes that keep a ledger in one file of it."""

    def __init__(self, path: Path, backend: Backend) -> None:
        self.path, self.backend, self.now = path, backend, 1000.0

    def page(self) -> Page:
        if self.backend == "sqlite":
            return DatabaseFile(self.path)
        from okx_maxloan_sdk.limiter.flocked import FlockedFile  # noqa: PLC0415 -- where there is one

        return FlockedFile(self.path)

    def process(self) -> FileStore:
        return FileStore(self.page(), str(self.path), lambda: self.now)


@pytest.fixture(params=BACKENDS)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """Give a machine for each backend."""
    return Machine(tmp_path / "window.slots", request.param)


def granted(store: FileStore, owner: int, number: int = 0) -> bool:
    """Ask for a slot for one request of an owner, for now and not for later."""
    answer = store.reserve((owner, number), 10.0, 1, POLICY)
    if answer.wait:
        store.release((owner, number), 0.0)
    return answer.granted and not answer.wait


def test_processes_see_each_others_slots(machine: Machine) -> None:
    """What one process reserves is held for the other one, until it commits and the hold is over."""
    one, two = machine.process(), machine.process()
    assert granted(one, 1)
    assert granted(two, 2)
    assert not granted(one, 3)
    assert one.usage(POLICY) == two.usage(POLICY) == (2, 2)
    one.release((1, 0), 0.0)
    assert granted(one, 3)
    two.release((2, 0), 2.0)
    machine.now += 2.1
    assert granted(two, 2)


def test_a_cut_is_for_all_processes(machine: Machine) -> None:
    """A refusal that one process met slows the others down."""
    one, two = machine.process(), machine.process()
    assert one.throttle(POLICY)
    assert not two.throttle(POLICY)
    assert two.usage(POLICY) == (1, 0)


def test_the_file_is_the_users_own(machine: Machine) -> None:
    """Others may neither read nor write it."""
    granted(machine.process(), 1)
    assert stat.S_IMODE(machine.path.stat().st_mode) == 0o600


def test_a_new_file_does_not_keep_anybody_waiting(machine: Machine) -> None:
    """Nothing is lost where nothing was."""
    assert granted(machine.process(), 1)


def overwrite(path: Path, content: bytes) -> None:
    """Put something else in its place."""
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: overwrite(path, b""),
    "cut short": lambda path: os.truncate(path, 30),
    "garbage": lambda path: overwrite(path, os.urandom(4096)),
    "zeroes": lambda path: overwrite(path, bytes(4096)),
    "text": lambda path: overwrite(path, b"[limits]\n" * 400),
    "deleted": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_means_a_pause_and_no_excess(machine: Machine, damage: str) -> None:
    """Whoever finds that the file has lost its memory keeps all quiet for one period and a grace."""
    one, two = machine.process(), machine.process()
    assert granted(one, 1)
    assert granted(two, 2)
    DAMAGES[damage](machine.path)
    assert not granted(one, 1, 1)
    assert not granted(two, 2, 1)
    machine.now += POLICY.period + RECOVERY_QUIET_PERIOD - 0.01
    assert not granted(two, 2, 1)
    # A connection that still has an emptied database in its cache brings it back: nobody sends, until the leases end.
    machine.now += 10.0 if (machine.backend, damage) == ("sqlite", "emptied") else 0.02
    assert granted(one, 1, 1)
    assert granted(two, 2, 1)


def test_one_flipped_bit_is_noticed() -> None:
    """Every bit of a page counts."""
    ledger = Ledger()
    ledger.reserve(1000.0, (1.0, 1.0), 10.0, 1, POLICY)
    ledger.release(1000.0, (2.0, 1.0), 2.0)
    page = encode(ledger, 1000.0, 7.0)
    assert decode(page + bytes(100), 1000.0, 7.0) == ledger
    for place in range(len(page) * 8):
        damaged = bytearray(page)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(WrongPage):
            decode(bytes(damaged), 1000.0, 7.0)
    for length in range(len(page)):
        with pytest.raises(WrongPage):
            decode(page[:length], 1000.0, 7.0)


def test_a_file_of_an_earlier_boot_is_harmless(machine: Machine) -> None:
    """The clock starts again with a boot: times written before it mean nothing, and block nobody for long."""
    machine.now = 9_000_000.0
    before = machine.process()
    assert granted(before, 1)
    assert granted(before, 2)
    # So soon after the boot, requests from before it may still count.
    machine.now = POLICY.period
    assert not granted(machine.process(), 3)
    machine.now = POLICY.period + RECOVERY_QUIET_PERIOD
    assert granted(machine.process(), 4)
    with pytest.raises(OtherBoot):
        decode(encode(Ledger(), 10.0, 7.0), 20.0, 8.0)


def test_a_system_that_names_no_boot(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing tells one boot from the next, processes share a window all the same."""
    monkeypatch.setattr("okx_maxloan_sdk.limiter.page.Path", lambda _: machine.path / "none")
    one, two = machine.process(), machine.process()
    assert granted(one, 1)
    assert granted(two, 2)
    assert not granted(one, 1, 1)


@pytest.mark.parametrize("first", BACKENDS)
@pytest.mark.skipif(len(BACKENDS) == 1, reason="there is no other backend here")
def test_the_other_backends_file_is_no_ground_for_excess(tmp_path: Path, first: Backend) -> None:
    """Processes that disagree about the backend hinder each other, and never send too much."""
    one = Machine(tmp_path / "x.slots", first)
    two = Machine(one.path, "sqlite" if first == "flock" else "flock")
    assert granted(one.process(), 1)
    assert not granted(two.process(), 2)


@pytest.mark.skipif(os.name == "nt", reason="there is no flock here")
def test_a_process_that_stopped_with_the_file_in_hand_stops_nobody_for_long(machine: Machine) -> None:
    """Whoever cannot get at the file within a quarter of a second hears why, and its slots end with their lease."""
    store, other = machine.process(), machine.process()
    assert granted(store, 1)
    other._page.lock()
    begun = time.monotonic()
    with pytest.raises(NotSent, match=r"cannot be used: (another process has held it|database is locked)"):
        granted(store, 2)
    store.release((1, 0), 2.0)
    assert store.usage(POLICY) == (2, 0)
    assert time.monotonic() - begun < 2
    other._page.unlock()
    assert granted(store, 2)
    assert store.usage(POLICY) == (2, 2)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file in place of the folder is refused at once; one that vanishes is made anew."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="needs a folder"):
        FileLimiter(tmp_path / "file")
    with pytest.raises(ValueError, match="backend"):
        FileLimiter(tmp_path, backend="mmap")  # type: ignore[arg-type]  # what is wrong with it
    limiter = FileLimiter(tmp_path / "a" / "b")
    assert str(tmp_path) in repr(limiter)
    window = limiter.for_key(KEY, RateLimit(2, 0.1), CLOCK)
    drive(window.acquire(1.0), NO_TRANSPORT, CLOCK)
    (tmp_path / "a").rename(tmp_path / "gone")
    (tmp_path / "a").write_text("")
    for each in (tmp_path / "gone" / "b").iterdir():
        each.unlink()
    with pytest.raises(NotSent, match="cannot be used"):
        drive(window.acquire(1.0), NO_TRANSPORT, CLOCK)


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Without its file a refusal cuts nothing, and the limit is reported as if nobody else counted."""
    (tmp_path / "file").write_text("")
    for backend in BACKENDS:
        store = Machine(tmp_path / "file" / "x.slots", backend).process()
        assert not store.throttle(POLICY)
        assert store.usage(POLICY) == (POLICY.requests, 0)


def test_a_full_disk_is_named_and_forgets_nothing(tmp_path: Path) -> None:
    """While the database cannot grow nobody sends; with room again it has every slot that was given."""
    page, rule, given = DatabaseFile(tmp_path / "x.slots"), LimitPolicy(500, 2.0, ahead=0.5), list[float]()
    store = FileStore(page, "x.slots", lambda: 1000.0)

    def reserve(count: int) -> None:
        for number in map(float, range(count)):
            assert store.reserve((float(count), number), 10.0, 1, rule).granted
            given.append(number)

    reserve(1)
    assert page._db
    page._db.execute("PRAGMA max_page_count = 1")  # means: no more pages than there are
    with pytest.raises(NotSent, match=r"x\.slots cannot be used: database or disk is full"):
        reserve(400)
    assert store.usage(rule) == (rule.requests, len(given))
    reserve(2)


def test_each_user_and_operation_has_a_file_of_its_own(tmp_path: Path) -> None:
    """Their limits are apart, and no file's name tells whose it is."""
    limiter = FileLimiter(tmp_path)
    for user in ("alice", "bob"):
        for operation in ("max_loan", "config"):
            window = limiter.for_key(LimitKey("h", user, operation), RateLimit(1, 5.0), CLOCK)
            drive(window.acquire(1.0), NO_TRANSPORT, CLOCK)
    names = [each.name for each in tmp_path.iterdir()]
    assert len(names) == 4
    assert not any("alice" in name or "bob" in name for name in names)


def test_limiters_on_one_folder_count_together(tmp_path: Path) -> None:
    """Two clients of a process that name the same folder are one owner with one queue."""
    windows = [FileLimiter(tmp_path).for_key(KEY, RateLimit(2, 5.0), CLOCK) for _ in range(2)]
    for window in windows:
        drive(window.acquire(1.0), NO_TRANSPORT, CLOCK)
    assert [window.status().held for window in windows] == [2, 2]


@pytest.mark.parametrize(("method", "backend"), [("spawn", "flock"), ("fork", "sqlite")])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_real_processes_keep_the_limit(tmp_path: Path, method: str, backend: Backend) -> None:
    """Three processes with ten tasks each against an exchange that counts: no refusal. It takes wall time for that."""
    with CountingServer(10, 0.4, "5 to 150 ms") as exchange:
        plans = [
            Workload(f"p{n}", exchange.port, f"file {tmp_path}", 10, 0.4, 1.2, 10, settings={"backend": backend})
            for n in range(3)
        ]
        run_all(plans, method)
        counts = exchange.counts()
    assert counts.refused == 0
    assert counts.worst <= 10
    assert len(counts.served) >= 25


def forking(path: str, backend: Backend, pipe: Connection) -> None:
    """Use a window, fork, and take slots in parent and child at once."""
    window = FileLimiter(path, backend=backend).for_key(KEY, RateLimit(40, 30.0), CLOCK)
    first = drive(window.acquire(1.0), NO_TRANSPORT, CLOCK)
    child = os.fork()
    taken = take(window, 19 if child else 20)
    if child:
        os.waitpid(child, 0)
        pipe.send((taken, window.status().held))
    else:
        drive(first.release_unsent(), NO_TRANSPORT, CLOCK)  # it is the parent's: a child that ends must not free it
        os._exit(0)


def take(window: RateLimiter, count: int) -> int:
    """Take slots, and count them."""
    return sum(drive(window.acquire(1.0), NO_TRANSPORT, CLOCK) is not None for _ in range(count))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_and_its_parent_exclude_each_other(tmp_path: Path, backend: Backend) -> None:
    """Forty slots, taken by parent and child at once after the parent used the file: each is counted once."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=forking, args=(str(tmp_path), backend, theirs))
    process.start()
    assert ours.poll(20)
    assert ours.recv() == (19, 40)
    process.join(10)


def test_the_database_is_one_that_survives_a_killed_process(tmp_path: Path) -> None:
    """A page is in a table of a sound database."""
    machine = Machine(tmp_path / "x.slots", "sqlite")
    granted(machine.process(), 1)
    with sqlite3.connect(machine.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM page").fetchone() == (1,)
    db.close()
