"""What the store's attempts say about money: what was spent, what for, and how long replies usually are."""

from collections.abc import Iterator

from huaben.llm.cost import money
from huaben.llm.expect import Calibration
from huaben.llm.store import OK, POSSIBLY_PAID, ReplyStore
from huaben.params import Price

ENOUGH = 20
"""Replies from which their mean is trusted more than the prompt file."""


def spent_on(store: ReplyStore, novel: str, price: Price) -> float:
    """Return what a novel has cost so far by today's price list.

    A reply that never arrived, or does not say its tokens, counts at its most.
    """
    paid = store.query(
        "SELECT r.hit, r.miss, r.output, r.created FROM replies r JOIN attempts a ON a.id = r.attempt "
        "WHERE a.novel = ?",
        (novel,),
    )
    marks = ", ".join("?" * len(POSSIBLY_PAID))
    lost = store.query(
        f"SELECT 0, most_input, most_output, started FROM attempts WHERE novel = ? AND outcome IN ({marks})",
        (novel, *POSSIBLY_PAID),
    )
    unsaid = store.query(
        "SELECT 0, a.most_input, a.most_output, a.started FROM replies r JOIN attempts a ON a.id = r.attempt "
        "WHERE a.novel = ? AND r.hit + r.miss + r.output = 0 AND r.status NOT LIKE 'http%' AND r.status <> 'too_long'",
        (novel,),
    )
    rows = [*paid, *lost, *unsaid]
    return sum(money({"hit": hit, "miss": miss, "output": out}, price, at) for hit, miss, out, at in rows)


def calibrate(store: ReplyStore, novel: str, model: str) -> Calibration:
    """Return what this model's replies about this novel teach, by prompt, where there are enough of them."""
    rows = store.query(
        "SELECT a.prompt, count(*), sum(a.size), sum(r.output), sum(a.expected_input), sum(r.hit + r.miss) "
        "FROM replies r JOIN attempts a ON a.id = r.attempt WHERE r.status = ? AND a.novel = ? AND a.model = ? "
        "AND r.hit + r.miss > 0 GROUP BY a.prompt",
        (OK, novel, model),
    )
    expected, real = sum(row[4] for row in rows), sum(row[5] for row in rows)
    scale = real / expected if expected and sum(row[1] for row in rows) >= ENOUGH else 1.0
    return Calibration(scale, {prompt: out / size for prompt, n, size, out, *_ in rows if n >= ENOUGH and size})


def statistics(store: ReplyStore, price: Price | None) -> Iterator[str]:
    """Yield a line for each novel, model and prompt, and one for each kind of attempt that brought no body."""
    rows = store.query(
        "SELECT a.novel, a.model, a.prompt, r.status = ?, count(*), sum(r.hit), sum(r.miss), sum(r.output) "
        "FROM replies r JOIN attempts a ON a.id = r.attempt GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 DESC",
        (OK,),
    )
    for novel, model, prompt, is_ok, count, hit, miss, out in rows:
        tokens = {"hit": hit, "miss": miss, "output": out}
        cost = f"; {money(tokens, price):.4f} {price.currency} off-peak" if price else ""
        kind = "replies" if is_ok else "faulty bodies"
        yield f"{novel}  {model}  {prompt}: {count} {kind}; tokens {hit:,} hit, {miss:,} miss, {out:,} out{cost}"
    ends = store.query("SELECT outcome, count(*) FROM attempts WHERE outcome <> ? GROUP BY 1 ORDER BY 1", (OK,))
    for outcome, count in ends:
        note = ", possibly paid" if outcome in POSSIBLY_PAID else ""
        yield f"without a reply: {count} {outcome}{note}"
