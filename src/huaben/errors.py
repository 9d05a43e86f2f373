"""What can go wrong, by exit code. The library raises these; `cli.py` prints them and exits."""


class HuabenError(Exception):
    """A gate, a budget or a missing reply stopped the run: exit code 1."""

    exit_code = 1


class InputError(HuabenError):
    """Bad usage, parameters or input: exit code 2. The message says what, where and what to do."""

    exit_code = 2


class LockedError(HuabenError):
    """Another run holds the lock: exit code 75."""

    exit_code = 75
