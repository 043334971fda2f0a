"""The one exception that carries a sentence for the user, and what sentences may quote of others."""

USER_ERROR_STATUS = 2
"""Exit status when the user can mend something."""

MAX_QUOTED_CHARACTERS = 300


class VamenError(Exception):
    """Something the user can mend: the message names the thing, the reason and the remedy in one sentence.

    The command line prints it and exits with status 2; while playing it is logged, counted and sent to subscribers.
    """


def first_line(error: Exception) -> str:
    """What an error says, in one line: its first, or its kind where it says nothing.

    It may quote a stranger's file, so it is cut short, and what a terminal would obey is left out.
    """
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else type(error).__name__
    return "".join(character if character.isprintable() else "?" for character in text[:MAX_QUOTED_CHARACTERS])
