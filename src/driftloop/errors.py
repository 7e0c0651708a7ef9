"""What a person can put right: each error is one line that says where, what was expected, and what to do."""


class LoopError(Exception):
    """Base of every error that ends a command with one line and exit code 1."""


class ParamsError(LoopError):
    """params.yaml cannot be used as it stands."""


class DataError(LoopError):
    """A source cannot be read. (Data that can be read but looks wrong becomes a decision.)"""


class GitHubError(LoopError):
    """GitHub refused a call, or could not be reached."""


class ModelError(LoopError):
    """A model, its file or its card cannot be used."""
