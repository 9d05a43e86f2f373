"""What a run has done so far: the numbers behind the progress display and the closing line."""

from dataclasses import dataclass, field
from time import monotonic

from huaben.llm.cost import NOTHING


@dataclass
class Tally:
    """Counts of one run; whoever shows them reads them as they grow."""

    planned: int = 0
    done: int = 0
    """Inquiries, and of these the ones that ended."""
    kept: int = 0
    """Questions answered by what is kept."""
    sent: int = 0
    in_flight: int = 0
    lost: int = 0
    """Requests sent, retries included; of these under way, and without any answer: possibly paid."""
    faulty: int = 0
    """Answers that are no reply: refusals, overload, blanks, invalid ones."""
    tokens: dict[str, int] = field(default_factory=lambda: dict(NOTHING))
    money: float = 0.0
    expected_money: float = 0.0
    """What the answered requests cost, and what an estimate says that they should."""
    last_fault: str = ""
    began: float = field(default_factory=monotonic)

    def take(self, tokens: dict[str, int], paid: float) -> None:
        """Count what an answer cost."""
        for kind, count in tokens.items():
            self.tokens[kind] += count
        self.money += paid
