"""The file limiter: processes of one machine share a limit, and no damage to the file lets them exceed it."""

import json
import multiprocessing
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from math import inf
from pathlib import Path

import pytest

from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.limiter import FileLimiter, LimitKey, RateLimit, RateLimiter
from okx_maxloan_sdk.limiter import file as module
from okx_maxloan_sdk.limiter.fairness import FairShares, OwnerShare
from okx_maxloan_sdk.limiter.file import FileStore, decode, encode
from okx_maxloan_sdk.limiter.ledger import RECOVERY_MARGIN, Ledger
from okx_maxloan_sdk.limiter.queue import AcquireQueue, StoreBusyError
from tests.limiter.runner import CLOCK, KEY, run
from tests.limiter.simulator import Simulation

LIMIT = RateLimit(2, 2.0, reserve_ahead=0.5)
QUIET = LIMIT.period + RECOVERY_MARGIN


class Machine:
    """A machine with a clock, and processes that share a ledger in one file."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, 1000.0
        self.stores: list[FileStore] = []

    def process(self, ahead: float = 0.0) -> FileStore:
        """Start a process; `ahead` makes its clock differ, as on another machine."""
        self.stores.append(FileStore(self.path, lambda: self.now + ahead))
        return self.stores[-1]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Create a machine whose file has been in use for a while."""
    machine = Machine(tmp_path / "folder" / "key.sqlite")
    is_granted(machine.process(), 9)
    machine.now += QUIET
    yield machine
    for store in machine.stores:
        store.close()


def is_granted(store: FileStore, owner: int, sequence: int = 0) -> bool:
    """Reserve a slot; keep it if it starts now and release it if it starts later."""
    reservation = store.reserve((owner, sequence), 10.0, 1, LIMIT)
    if reservation.granted and reservation.wait:
        store.release((owner, sequence), 0.0)
    return reservation.granted and not reservation.wait


def test_processes_see_each_others_slots(machine: Machine) -> None:
    """A slot that one process reserves is in use for the other one, until its release and the hold are over."""
    one, two = machine.process(), machine.process()
    assert is_granted(one, 1)
    assert is_granted(two, 2)
    assert not is_granted(one, 3)
    assert one.usage(LIMIT) == two.usage(LIMIT) == (2, 2)
    one.release((1, 0), 0.0)
    assert is_granted(one, 3)
    two.release((2, 0), 2.0)
    machine.now += 2.1
    assert is_granted(two, 2)


def test_the_ledger_can_be_read_while_it_is_in_use(machine: Machine) -> None:
    """The ledger is one row of JSON, and a reader in the middle of a transaction blocks nobody."""
    store = machine.process()
    assert is_granted(store, 1)
    with closing(sqlite3.connect(machine.path)) as reader:
        reader.execute("BEGIN")
        (row,) = reader.execute("SELECT boot_id, written_at, state FROM ledger").fetchall()
        assert row[:2] == (module.boot_id(), machine.now)
        assert json.loads(row[2])["in_flight"] == [[1, 0, machine.now, machine.now + 10.0]]
        assert is_granted(store, 2)
    assert stat.S_IMODE(machine.path.stat().st_mode) == 0o600


def test_json_holds_the_whole_ledger() -> None:
    """A ledger that is written as JSON and read again is the same."""
    shares = FairShares({1: OwnerShare(5, 2, 6.0), 2: OwnerShare(4, 0, 5.5)})
    ledger = Ledger({(1, 2): (3.0, 9.5)}, [(4.0, 1, 1, 2.0), (5.0, 2, 1, 2.5)], shares, 7.0, 3, 8.0)
    assert decode(encode(ledger), 1.0) == ledger


def sql(statements: str, *values: object) -> Callable[[Path], None]:
    """Run statements on a database."""

    def change(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            for statement in statements.split(";"):
                db.execute(statement, values)

    return change


def set_state(**values: object) -> Callable[[Path], None]:
    """Overwrite values of the ledger."""
    return sql("UPDATE ledger SET state = ?", json.dumps({**json.loads(encode(Ledger())), **values}))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "folder deleted": lambda path: shutil.rmtree(path.parent),
    "folder moved": lambda path: path.parent.rename(path.parent.with_name("elsewhere")),
    "replaced by a copy": lambda path: Path(shutil.copyfile(path, path.with_suffix(".copy"))).replace(path),
    "log deleted": lambda path: path.with_name("key.sqlite-wal").unlink(),
    "index of the log deleted": lambda path: path.with_name("key.sqlite-shm").unlink(),
    "grown to gigabytes": lambda path: os.truncate(path, 5 << 30),  # it is sparse
    "another schema": sql("DROP TABLE ledger; CREATE TABLE ledger (text)"),
    "row deleted": sql("DELETE FROM ledger"),
    "no JSON": sql("UPDATE ledger SET state = '[limits]'"),
    "a blob": sql("UPDATE ledger SET state = ?", b"\xff\x00"),
    "too long": sql("UPDATE ledger SET state = ?", " " * (2 << 20)),
    "deeply nested": sql("UPDATE ledger SET state = ?", "[" * 100_000),
    "no time": sql("UPDATE ledger SET written_at = 'yesterday'"),
    "another boot": sql("UPDATE ledger SET boot_id = '00000000-0000-0000-0000-000000000000'"),
    "written later": sql("UPDATE ledger SET written_at = 1e9"),
    "written by a clock behind ours": sql("UPDATE ledger SET written_at = 1.0"),
    "blocked for ever": set_state(blocked_until=1e300),
    "infinite": set_state(reduction=inf),
    "a slot held for ever": set_state(held=[[1e12, 1, 1, 0.0]]),
    "a negative share": set_state(shares=[[1, -5, 1, 0.0]]),
    "a row too short": set_state(held=[[1.0]]),
}


@pytest.mark.skipif(os.name == "nt", reason="there, an open file cannot be replaced")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_grants_nothing_for_a_quiet_period(
    machine: Machine, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """After damage to the file, no process grants a slot for one quiet period, and the log says so.

    This holds for whichever process notices first, even a third one. A new process cannot tell a missing row from a
    new file, nor an early time from a file that was unused for long.
    """
    one, two = machine.process(), machine.process()
    assert is_granted(one, 1)
    assert is_granted(two, 2)
    DAMAGES[damage](machine.path)
    machine.now += 0.001
    assert not is_granted(machine.process(), 3)
    assert not is_granted(one, 1, 1)
    assert not is_granted(two, 2, 1)
    assert (str(machine.path) in caplog.text) == (damage not in ("row deleted", "written by a clock behind ours"))
    machine.now += QUIET - 0.01
    assert not is_granted(two, 2, 1)
    machine.now += 10.0  # until the leases end, where they are known
    assert is_granted(one, 1, 2)
    assert is_granted(two, 2, 2)
    assert not is_granted(one, 1, 3)


def test_another_file_in_use_is_a_new_file_to_a_process_of_the_old_one(machine: Machine) -> None:
    """A process whose file was replaced grants nothing for a while, even if others have used the new file for long."""
    one = machine.process()
    assert is_granted(one, 1)
    machine.path.unlink()
    other = machine.process()
    assert not is_granted(other, 2)
    machine.now += QUIET
    assert is_granted(other, 2)
    assert not is_granted(one, 1, 1)


@pytest.mark.parametrize("content", [None, b"garbage" * 600, bytes(4096), b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_new_file_grants_nothing_for_a_while(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A new file grants nothing for a while, as it may replace one that knew of requests in flight.

    A file that is no database is replaced, and the log says so.
    """
    machine = Machine(tmp_path / "new" / "key.sqlite")
    if content:
        machine.path.parent.mkdir()
        machine.path.write_bytes(content)
    with closing(machine.process()) as store:
        assert not is_granted(store, 1)
        machine.now += QUIET - 0.01
        assert not is_granted(store, 1)
        machine.now += 0.02
        assert is_granted(store, 1)
    # SQLite may take zeros for an empty file.
    assert f"{machine.path} starts anew" in caplog.text or content in (None, bytes(4096))


def test_two_machines_on_one_folder_grant_nothing(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    """Two machines on one folder notice different boots or clocks, warn once a minute and grant nothing."""
    one, two = machine.process(), machine.process(ahead=-500.0)
    assert is_granted(one, 1)
    for n in range(100):
        machine.now += 0.1
        assert not is_granted(two, 2, n)
        assert not is_granted(one, 1, n + 1)
    assert len(caplog.records) == 2
    assert all("use Redis for several" in record.getMessage() for record in caplog.records)


def test_system_without_boot_id(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes share a limit even if the system has no boot id."""
    monkeypatch.setattr(module, "Path", lambda _: machine.path / "none")
    one, two = machine.process(), machine.process()
    assert not is_granted(one, 1)  # the fixture's process knew the boot
    machine.now += QUIET
    assert is_granted(one, 1)
    assert is_granted(two, 2)
    assert not is_granted(one, 1, 1)


def test_waiting_for_a_locked_file_does_not_block_the_event_loop(machine: Machine) -> None:
    """While another process has the lock, the queue sleeps and retries, until the deadline or for five seconds."""
    simulation = Simulation()
    simulation.run(QUIET)
    store = FileStore(machine.path, simulation.monotonic)
    machine.stores.append(store)
    limiter = RateLimiter(AcquireQueue(store, simulation), LIMIT, None)
    permit = simulation.run_flow(limiter.acquire(1.0))
    with closing(sqlite3.connect(machine.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError):
            store.reserve((1, 2), 1.0, 1, LIMIT)
        releasing = simulation.spawn(permit.release_after_response())
        waiting = simulation.spawn(limiter.acquire(1.0))
        late = simulation.spawn(limiter.acquire(1.0, simulation.now + 0.2))
        simulation.run(0.3)
        assert (releasing.done, waiting.done) == (True, False)
        assert isinstance(late.error, LimiterUnavailableError)
        other.execute("COMMIT")
        simulation.run(0.01)
        assert waiting.done
        assert limiter.status().in_use == 2
        other.execute("BEGIN IMMEDIATE")
        begun = simulation.now
        assert limiter.status().in_use == 2
        with pytest.raises(LimiterUnavailableError, match=r"locked by another process since 5\.0 s"):
            simulation.run_flow(limiter.acquire(1.0))
        assert simulation.now - begun == pytest.approx(5.0, abs=0.01)


def test_a_reduction_is_for_all_processes(machine: Machine) -> None:
    """A rate limit error of one process, also one while the file is locked, slows the others down."""
    one, two = machine.process(), machine.process()
    assert is_granted(one, 1)
    with closing(sqlite3.connect(machine.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert one.throttle(LIMIT)
        other.execute("COMMIT")
    assert two.usage(LIMIT) == (2, 1)
    assert not is_granted(one, 2)
    assert two.usage(LIMIT) == (1, 1)
    assert not two.throttle(LIMIT)
    machine.now += LIMIT.period
    assert two.throttle(LIMIT)


def test_a_reduction_is_of_the_limit_that_was_exceeded(machine: Machine) -> None:
    """Where two limiters of one file have different limits, a rate limit error reduces the one that was in use."""
    store = machine.process()
    assert is_granted(store, 1)
    assert store.throttle(RateLimit(20, LIMIT.period))
    assert not is_granted(store, 2)
    assert store.usage(RateLimit(20, LIMIT.period))[0] == 14


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has other permissions")
def test_folder_that_others_may_write_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Symbolic links, another user's folder and a file in place of the folder are rejected with advice."""
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for name, reason in (("file", "is no folder"), ("link", "symbolic link"), ("open", "a new folder inside it")):
        with pytest.raises(ValueError, match=reason):
            FileLimiter(tmp_path / name)
    (tmp_path / "open").chmod(0o1777)
    FileLimiter(tmp_path / "open")
    theirs = os.geteuid() + 1
    os.chown(tmp_path / "open", theirs, -1) if os.geteuid() == 0 else monkeypatch.setattr(os, "geteuid", lambda: theirs)
    with pytest.raises(ValueError, match="another user"):
        FileLimiter(tmp_path / "open")


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_file_of_another_user_is_rejected(machine: Machine, suffix: str) -> None:
    """A symbolic link or a folder in place of the file or its log, as is possible in /tmp, is rejected, unchanged."""
    path, target = machine.path.with_name(f"key.sqlite{suffix}"), machine.path.with_name("target")
    target.write_text("precious")
    for store in machine.stores:
        store.close()
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    with pytest.raises(LimiterUnavailableError, match=rf"key\.sqlite cannot be used: {path.name} is a symbolic link"):
        is_granted(machine.process(), 1)
    assert target.read_text() == "precious"
    path.unlink()
    path.mkdir()
    with pytest.raises(LimiterUnavailableError, match="no regular file"):
        is_granted(machine.process(), 1)


def test_unwritable_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a writable file nothing is granted, a rate limit error counts, and releases are only logged."""
    (tmp_path / "file").write_text("")
    store = FileStore(tmp_path / "file" / "x.sqlite")
    with pytest.raises(LimiterUnavailableError, match="cannot be used"):
        is_granted(store, 1)
    assert store.throttle(LIMIT)
    assert store.usage(LIMIT) == (LIMIT.max_requests - 1, 0)
    store.release((1, 0), 2.0)
    assert "until its lease ends" in caplog.text


def test_full_disk_is_reported_and_loses_no_slot(machine: Machine) -> None:
    """While the disk is full nothing is granted; with free space again every earlier slot is still in use."""
    store, limit = machine.process(), RateLimit(900, 2.0, reserve_ahead=0.5)
    granted: list[int] = []

    def reserve(count: int) -> None:
        for n in range(count):
            assert store.reserve((count, n), 10.0, 1, limit).granted
            granted.append(n)

    reserve(1)
    connection = store._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")  # the maximum is the current number of pages
    with pytest.raises(LimiterUnavailableError, match=r"key\.sqlite cannot be used: database or disk is full"):
        reserve(800)
    assert store.usage(limit) == (limit.max_requests, len(granted))
    reserve(2)


def test_each_user_and_operation_has_a_file_of_its_own(tmp_path: Path) -> None:
    """Limiters on one folder share a limit, keys are separate, and no file name reveals the user."""
    limit = RateLimit(2, 0.1)
    limiters = [FileLimiter(tmp_path).for_key(LimitKey(user, "x"), limit, CLOCK) for user in ("alice", "alice", "bob")]
    for limiter in limiters[1:]:
        run(limiter.acquire(1.0))
    assert [limiter.status().in_use for limiter in limiters] == [1, 1, 1]
    names = [path.name for path in tmp_path.glob("*.sqlite")]
    assert len(names) == 2
    assert not any("alice" in name or "bob" in name for name in names)


def fork(folder: Path) -> tuple[int, int]:
    """Use the file, fork while a thread uses it too, and acquire slots in parent and child concurrently."""
    limit = RateLimit(40, 30.0)
    # The quiet period of a new file, which is real, is that of its first limit.
    run(run(FileLimiter(folder, period=0.01).for_key(KEY, limit, CLOCK).acquire(1.0)).release_unsent())
    limiter = FileLimiter(folder).for_key(KEY, limit, CLOCK)
    first = run(limiter.acquire(1.0))
    ended = threading.Event()

    def poll() -> None:
        while not ended.is_set():
            limiter.status()

    thread = threading.Thread(target=poll)
    thread.start()
    child = os.fork()
    taken = sum(run(limiter.acquire(1.0)) is not None for _ in range(19 if child else 20))
    if not child:
        # The lock is the parent's, and a child that ends must not release it.
        run(first.release_unsent())
        os._exit(0)
    ended.set()
    thread.join()
    os.waitpid(child, 0)
    return taken, limiter.status().in_use


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_and_its_parent_exclude_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parent and child acquire forty slots after the parent used the file, and each slot is counted once."""
    # Python warns of forks with threads, which this test is about.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore::DeprecationWarning")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply_async(fork, (tmp_path,)).get(60) == (19, 40)


def test_a_process_that_ends_closes_the_file(tmp_path: Path) -> None:
    """A process that ends removes the file's log and leaves no connection open."""
    code = (
        "import sys; from pathlib import Path; from okx_maxloan_sdk.limiter.file import FileStore;"
        "from okx_maxloan_sdk.limiter.ledger import RateLimit;"
        "store = FileStore(Path(sys.argv[1])); store.reserve((1, 1), 1.0, 1, RateLimit(1, 1.0));"
        "assert Path(sys.argv[1] + '-wal').exists()"
    )
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", code, str(tmp_path / "x.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["x.sqlite"]
