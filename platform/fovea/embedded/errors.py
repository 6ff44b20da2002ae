"""The one error of the launcher: a line for a person, never a traceback."""


class LaunchError(Exception):
    """Something that stops the start. Its text says what happened and what to do, in one line."""
