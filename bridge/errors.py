"""The one exception that carries a sentence for the user."""


class VamenError(Exception):
    """Something the user can mend: the message names the thing, the reason and the remedy in one sentence.

    The command line prints it and exits with status 2; while playing it is logged, counted and sent to subscribers.
    """
