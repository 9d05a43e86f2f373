"""Every unit is counted once, and a stage stops when a unit could still be had or too many failed."""

from collections import Counter

import pytest

from huaben.coverage import Coverage
from huaben.errors import HuabenError


def counted(ok=0, failed=0, reason="invalid reply"):
    coverage = Coverage("summary")
    for _ in range(ok):
        coverage.add("ok")
    for _ in range(failed):
        coverage.add("failed", reason)
    return coverage


def test_metrics_are_flat_counts_with_sorted_reasons():
    coverage = Coverage("qa", rows=7)
    coverage.add("ok")
    coverage.add("ok")
    coverage.add("empty", "no quotation")
    coverage.add("skipped", "no provider")
    coverage.add("failed", "content filter")
    coverage.dropped["evidence not found"] += 3
    coverage.repaired.update(["prose around the object", "fence around the reply", "prose around the object"])
    assert coverage.as_metrics() == {
        "units": 5,
        "ok": 2,
        "empty": 1,
        "skipped": 1,
        "failed": 1,
        "rows": 7,
        "reasons": {"content filter": 1, "no provider": 1, "no quotation": 1},
        "dropped": {"evidence not found": 3},
        "repaired": {"fence around the reply": 1, "prose around the object": 2},
    }
    assert list(coverage.as_metrics()["reasons"]) == ["content filter", "no provider", "no quotation"]


def test_a_stage_without_units_has_every_count_at_zero():
    assert Coverage("qa").as_metrics() == {
        "units": 0,
        "ok": 0,
        "empty": 0,
        "skipped": 0,
        "failed": 0,
        "rows": 0,
        "reasons": {},
        "dropped": {},
        "repaired": {},
    }


def test_one_unit_that_could_still_be_had_stops_the_stage_whatever_the_budget():
    coverage = counted(ok=99)
    coverage.add("failed", "timeout", permanent=False)
    with pytest.raises(HuabenError) as stop:
        coverage.check(1.0, "Run it again.")
    assert str(stop.value) == "summary: 1 of 100 units are still missing (timeout: 1). Run it again."


def test_permanent_failures_stop_the_stage_only_above_the_share_allowed():
    counted(ok=98, failed=2).check(0.02, "")
    with pytest.raises(HuabenError) as stop:
        counted(ok=97, failed=3).check(0.02, "")
    assert str(stop.value) == "summary: 3 of 100 units failed (invalid reply: 3); allowed: 0.02 of them"


@pytest.mark.parametrize(("failed", "allowed"), [(29, 0.29), (57, 0.57), (58, 0.58), (7, 0.07)])
def test_a_share_that_is_exactly_allowed_passes_whatever_floats_make_of_the_product(failed, allowed):
    counted(ok=100 - failed, failed=failed).check(allowed, "")


def test_no_failure_is_allowed_when_none_is_said_to_be():
    counted(ok=3).check(0.0, "")
    Coverage("qa").check(0.0, "")
    with pytest.raises(HuabenError, match="1 of 1000 units failed"):
        counted(ok=999, failed=1).check(0.0, "")


def test_the_message_names_the_commonest_reasons_first():
    coverage = counted(failed=1, reason="rare")
    for _ in range(5):
        coverage.add("failed", "common")
    with pytest.raises(HuabenError, match=r"\(common: 5, rare: 1\)"):
        coverage.check(0.0, "")


def test_a_stage_that_did_its_work_and_made_no_row_stops():
    with pytest.raises(HuabenError, match=r"summary: ran and made no rows.* Look\."):
        counted(ok=1).require_rows("Look.")
    with pytest.raises(HuabenError, match="made no rows"):
        Coverage("summary", rows=0, outcomes=Counter(ok=1, skipped=1)).require_rows("")
    Coverage("summary", outcomes=Counter(skipped=3)).require_rows("")
    Coverage("summary", rows=1, outcomes=Counter(ok=1)).require_rows("")
