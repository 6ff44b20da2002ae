"""Processes under the supervisor: restarted with growing pauses, stopped politely and then not, logs kept short."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fovea.embedded.children import Child, Hurry, end_leftovers, record, rotate, stop

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
MEEK = "import time; print('up', flush=True); time.sleep(60)"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Child]]:
    children: list[Child] = []
    yield children
    for child in children:
        child.kill_group()


def child(tmp_path: Path, code: str, name: str = "probe", **options: float | bool) -> Child:
    return Child(name, [sys.executable, "-c", code], tmp_path / f"{name}.log", dict(os.environ), **options)  # type: ignore[arg-type]


def begin(started: list[Child], probe: Child) -> Child:
    probe.start()
    started.append(probe)
    deadline = time.monotonic() + 20
    while "up" not in probe.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return probe


def test_pauses_between_restarts_grow_to_half_a_minute(tmp_path: Path) -> None:
    probe = child(tmp_path, "raise SystemExit(3)")
    pauses = []
    for _ in range(7):
        probe.start()
        assert probe.process is not None
        probe.process.wait()
        assert probe.ended() == 3
        pauses.append(probe.pause)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert not probe.restart_if_due()


def test_one_that_ran_long_starts_again_without_a_grudge(tmp_path: Path) -> None:
    probe = child(tmp_path, "pass")
    probe.deaths = 5
    probe.start()
    assert probe.process is not None
    probe.process.wait()
    probe.begun -= 3600
    assert probe.ended() == 0
    assert probe.pause == 1
    probe.due = time.monotonic()
    assert probe.restart_if_due()
    probe.kill_group()


def test_stop_is_polite_first_and_kills_who_will_not_listen(tmp_path: Path, started: list[Child]) -> None:
    meek = begin(started, child(tmp_path, MEEK, "meek"))
    stubborn = begin(started, child(tmp_path, STUBBORN, "stubborn", grace=0.3))
    ignoring_both = STUBBORN.replace(
        "signal.SIG_IGN)", "signal.SIG_IGN); signal.signal(signal.SIGQUIT, signal.SIG_IGN)"
    )
    deaf = begin(started, child(tmp_path, ignoring_both, "deaf", grace=0.3))

    killed = stop([meek, stubborn, deaf], Hurry())

    assert killed == ["deaf"]
    assert meek.process is not None
    assert meek.process.returncode == -signal.SIGTERM
    assert stubborn.process is not None
    assert stubborn.process.returncode == -signal.SIGQUIT


def test_second_ctrl_c_does_not_wait(tmp_path: Path, started: list[Child]) -> None:
    stubborn = begin(started, child(tmp_path, STUBBORN, grace=3600))
    hurry = Hurry()
    hurry.pressed = True
    stop([stubborn], hurry)
    assert stubborn.process is not None
    assert stubborn.process.poll() is not None


def test_leftovers_of_a_killed_supervisor_are_ended_and_strangers_spared(
    tmp_path: Path, started: list[Child]
) -> None:
    left = begin(started, child(tmp_path, MEEK, "left"))
    stranger = begin(started, child(tmp_path, MEEK, "stranger"))
    assert left.process is not None
    assert stranger.process is not None
    record(tmp_path / "children.json", [left])
    rows = (tmp_path / "children.json").read_text()
    forged = (
        f', ["other", {stranger.process.pid}, {psutil.Process(stranger.process.pid).create_time() - 500}]]'
    )
    (tmp_path / "children.json").write_text(rows[:-1] + forged)

    assert end_leftovers(tmp_path / "children.json") == ["left"]

    assert left.process.poll() is not None
    assert stranger.process.poll() is None
    assert end_leftovers(tmp_path / "children.json") == []


def test_long_log_is_cut_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        for round_ in range(5):
            writer.write(f"{round_}".encode() * 100)
            writer.flush()
            rotate(tmp_path, limit=50, keep=3)
            assert log.stat().st_size == 0
        writer.write(b"end")
    assert log.read_bytes() == b"end"
    assert [(tmp_path / f"web.log.{n}").read_bytes()[:1] for n in (1, 2, 3)] == [b"4", b"3", b"2"]
    assert not (tmp_path / "web.log.4").exists()
