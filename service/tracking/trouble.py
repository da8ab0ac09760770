"""What went wrong with MLflow, in a person's words."""

from __future__ import annotations

from dataclasses import dataclass

from service.tracking.address import Address

LONGEST = 200
STATUSES = {
    401: "refuses the user name or the password (MLFLOW_TRACKING_USERNAME and "
    "MLFLOW_TRACKING_PASSWORD in the environment)",
    403: "does not permit this user to write there",
}
KINDS = {  # of exceptions, below MLflow's own
    ("Timeout", "ReadTimeoutError"): "does not answer",
    ("ConnectionError", "OperationalError", "ProtocolError"): "cannot be reached",
}


class Refusal(Exception):
    """Why MLflow does not do something, and the command that helps, "" if there is none."""

    def __init__(self, says: str, command: str = "") -> None:
        super().__init__(says)
        self.command = command


@dataclass(frozen=True)
class Trouble:
    """What went wrong.

    says: what follows an address in a sentence: "http://host cannot be reached".
    command: what helps, "" where only waiting does.
    """

    says: str
    command: str = ""

    def __str__(self) -> str:
        return f"it {self.says}"

    @property
    def sentence(self) -> str:
        """To its end, with the command."""
        return f"{self.says}; this helps: {self.command}" if self.command else f"{self.says}."


def trouble_of(error: Exception, address: Address) -> Trouble:
    """What an exception means, without credentials.

    error: whatever a call raised.
    """
    if isinstance(error, Refusal):
        return Trouble(str(error), error.command)
    kinds = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    for names, says in KINDS.items():
        if kinds & set(names):
            return Trouble(says)
    status = getattr(error, "get_http_status_code", int)()
    if status in STATUSES:
        return Trouble(STATUSES[status])
    said = address.scrubbed(" ".join(str(error).split()))
    if len(said) > LONGEST:
        said = f"{said[:LONGEST]} ..."
    return Trouble(f"answers with an error ({said or type(error).__name__})")


def _causes(error: BaseException) -> list[BaseException]:
    """An exception and those that it came of."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or one.__context__
    return chain
