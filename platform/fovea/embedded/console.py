"""What the person at the terminal sees: one aligned line an event, with its time; details are in the logs."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_COLOURS = {"dim": "2", "green": "32", "red": "31", "yellow": "33", "bold": "1"}


def paint(text: str, colour: str) -> str:
    """`text` in a colour where the terminal shows colours and NO_COLOR is not set."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def event(name: str, text: str, colour: str = "green") -> None:
    """One line: when, what it is about, what happened."""
    print(f"  {paint(time.strftime('%H:%M:%S'), 'dim')}  {paint(f'{name:<10}', colour)} {text}", flush=True)


def plain(text: str = "") -> None:
    """A line as it is."""
    print(text, flush=True)


class Note:
    """What a step has to say once it is done."""

    text = ""


@contextmanager
def step(name: str, doing: str) -> Iterator[Note]:
    """Say what is being done, and after it how long it took: on a terminal both in the same line."""
    note, begun, live = Note(), time.monotonic(), sys.stdout.isatty()
    if live:
        print(f"  {time.strftime('%H:%M:%S')}  {name:<10} {doing} …", end="", flush=True)
    try:
        yield note
    finally:
        if live:
            print("\r\033[K", end="")
    event(name, f"{note.text or doing}  {paint(f'{time.monotonic() - begun:.1f} s', 'dim')}")
