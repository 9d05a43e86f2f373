"""The report: what it shows, what it says of what is missing, and that no text in it can act."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from huaben.errors import InputError
from huaben.files import read_json, write_json
from huaben.params import load_params
from huaben.release.charts import curves_of, metrics_of, number, stacked
from huaben.release.metrics import METRICS, names_of
from huaben.release.pages import source_hash
from huaben.release.report import render_report

PARAMS = load_params(Path(__file__).resolve().parents[1] / "params.yaml")
PARAMS = PARAMS.model_copy(
    update={
        "novel": PARAMS.novel.model_copy(update={"title": "两更天"}),
        "llm": PARAMS.llm.model_copy(update={"provider": "recorded"}),
        "report": PARAMS.report.model_copy(update={"samples": 2}),
    }
)
HOSTILE = "<script>alert(1)</script> {{7*7}} ```` | \u202eevil\u202c"


def gate(passed, severity="critical", observed=0, limit=0):
    keys = {"dataset": "qa_v2", "kind": "crossrecord", "rows": 3}
    return {**keys, "severity": severity, "passed": passed, "observed": observed, "limit": limit}


def numbers(**metrics):
    """Return `metric=(value, low, high, n)` as an evaluation has it."""
    parts = ("", "_low", "_high", "_n")
    return {
        f"{name}{part}": value for name, values in metrics.items() for part, value in zip(parts, values, strict=True)
    }


def write_reports(folder):
    coverage = {"units": 18, "ok": 16, "empty": 1, "skipped": 0, "failed": 1, "rows": 290}
    coverage |= {"reasons": {"content filter": 1, "nothing to ask": 1}, "dropped": {"evidence not found": 4}}
    cost = {"currency": "CNY", "replies": 18, "hand_written": 0, "money": 0.5}
    cost |= {"tokens_hit": 12000, "tokens_miss": 45210, "tokens_output": 20111}
    score = {"n": 500, "accuracy": 0.97, "decided": 0.96, "decided_accuracy": 0.98}
    reports = {
        "gates": {
            "passed": False,
            "skipped": [],
            "gates": {"a.good": gate(True), "b.warned": gate(False, "warning"), "c.failed": gate(False)},
        },
        "profile": {"qa_v2": {"rows": 290, "train": 260, "validation": 10, "test": 20, "characters_p50": 31}},
        "evaluation": {
            "models": {
                "base": numbers(preference_accuracy=(0.5, 0.4, 0.6, 60.0)),
                "dpo": numbers(preference_accuracy=(0.9, 0.8, 0.95, 60.0)),
            },
            "baselines": {"length": {"preference_accuracy": 0.66}},
            "left_out": {"knowledge_control": "no question was left"},
        },
        "samples": [
            {
                "record_id": "a",
                "prompt": [{"role": "user", "content": "几点了？"}],
                "base": "",
                "sft": "三点",
                "dpo": "三更",
            },
            {"record_id": "b", "prompt": "你是谁？", "base": "b2", "sft": "s2", "dpo": "d2"},
            {"record_id": "c", "prompt": "one too many", "base": "", "sft": "", "dpo": ""},
        ],
        "rules": {
            "lines": {"precision": 0.992, "recall": 0.987, "f1": 0.989},
            "kind_accuracy": 0.94,
            "speakers": {"explicit": score},
        },
        "train": {"dpo_loss": 0.25, "sft_rows": 1200.0},
        "curves": {"base": [], "dpo": [{"step": 11.0, "loss": 0.75}, {"step": 21.0, "loss": 0.25}]},
        "coverage/qa": coverage,
        "cost/qa": cost,
    }
    for name, report in reports.items():
        write_json(folder / f"{name}.json", report)
    return reports


class Page(HTMLParser):
    """What a browser would make of the page: its tags, its attributes, its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def rendered(tmp_path):
    write_reports(tmp_path)
    return render_report(tmp_path, PARAMS)


def test_both_twins_show_every_section(rendered):
    for text in (Page(rendered[0]).text, rendered[1]):
        flat = " ".join(text.split())
        for shown in ("1 of 3 gates failed", "290", "content filter", "evidence not found", "45,210"):
            assert shown in flat
        for shown in ("0.992", "0.970", "0.900", "0.660", "no question was left", "三更", "你是谁？", "1,200"):
            assert shown in flat


def test_failed_gates_come_first_and_warnings_after_them(rendered):
    for text in (Page(rendered[0]).text, rendered[1]):
        assert text.index("c.failed") < text.index("b.warned")
    assert rendered[0].index("b.warned".replace(".", ".<wbr>")) < rendered[0].index("a.<wbr>good")


def test_only_as_many_samples_as_asked_are_shown(rendered):
    for text in rendered:
        assert "one too many" not in text


def test_the_results_stand_side_by_side_and_say_what_overlaps_the_base(tmp_path):
    reports = write_reports(tmp_path)
    sft = numbers(preference_accuracy=(0.65, 0.55, 0.75, 60.0))
    models = {
        "dpo": reports["evaluation"]["models"]["dpo"],
        "sft": sft,
        "base": reports["evaluation"]["models"]["base"],
    }
    write_json(tmp_path / "evaluation.json", reports["evaluation"] | {"models": models, "seeds": 5})
    html, markdown = render_report(tmp_path, PARAMS)
    assert "| metric | n | base | sft | dpo | baselines |" in markdown
    assert (
        "| `preference_accuracy` | 60 | 0.500 (0.400 to 0.600) | 0.650 (0.550 to 0.750) ≈ "
        "| 0.900 (0.800 to 0.950) | length 0.660 |"
    ) in markdown
    assert "over items and 5 seeds" in markdown
    assert Page(html).text.count("≈") == 2  # the legend, and sft


def test_cost_is_added_up(tmp_path):
    reports = write_reports(tmp_path)
    write_json(tmp_path / "cost" / "summary.json", reports["cost/qa"])
    markdown = render_report(tmp_path, PARAMS)[1]
    assert "| **together** | 36 | 0 | 24,000 | 90,420 | 40,222 | 1.0000 CNY |" in markdown


@pytest.mark.parametrize("stage", ["summary", "evaluate"])
def test_a_stage_has_a_row_of_the_cost_once_it_has_replies(stage, tmp_path):
    reports = write_reports(tmp_path)
    for replies in (0, 18):
        write_json(tmp_path / "cost" / f"{stage}.json", reports["cost/qa"] | {"replies": replies})
        assert (f"| `{stage}` | {replies} |" in render_report(tmp_path, PARAMS)[1]) == (replies > 0)


def test_what_was_not_made_is_said_with_the_reason(tmp_path):
    for text in render_report(tmp_path, PARAMS):
        for name, stage in (("profile", "validate"), ("rules", "score"), ("train", "train"), ("samples", "evaluate")):
            assert f"Not made: stage {stage} has not written {name}.json." in text
        assert "Not made: no stage has written its coverage." in text
        assert "Not made: no stage has asked for replies." in text
        assert "fit to publish" not in text


def test_a_skipped_training_says_why(tmp_path):
    write_reports(tmp_path)
    for name in ("train", "evaluation"):
        write_json(tmp_path / f"{name}.json", {"skipped": "train.base is none"})
    write_json(tmp_path / "samples.json", [])
    for text in render_report(tmp_path, PARAMS):
        assert text.count("Not made: train.base is none.") == 3


def test_skipped_datasets_are_listed(tmp_path):
    params = PARAMS.model_copy(update={"llm": PARAMS.llm.model_copy(update={"provider": "none"})})
    html, markdown = render_report(tmp_path, params)
    assert "Skipped, because no model was configured: `summary_v1`, `summary_v2`" in markdown
    assert "<code>qa_v2</code>" in html


def test_a_report_that_passed_says_so(tmp_path):
    write_json(tmp_path / "gates.json", {"passed": True, "skipped": [], "gates": {"a.good": gate(True)}})
    for text in render_report(tmp_path, PARAMS):
        assert "1 of 1 gates passed: fit to publish" in text
        assert "No gate failed." in text


def test_a_broken_file_is_refused_by_name(tmp_path):
    (tmp_path / "gates.json").write_text("{")
    with pytest.raises(InputError, match=r"gates\.json"):
        render_report(tmp_path, PARAMS)


def hostile_reports(folder):
    """Put hostile text wherever a report has text, keys included."""
    reports = write_reports(folder)
    reports["gates"]["gates"][HOSTILE] = gate(False, observed=HOSTILE, limit=HOSTILE)
    reports["profile"][HOSTILE] = reports["profile"]["qa_v2"]
    reports["evaluation"]["models"][HOSTILE] = {HOSTILE: 0.5, "preference_accuracy": 0.1}
    reports["evaluation"]["left_out"][HOSTILE] = HOSTILE
    reports["samples"][0] = {
        "prompt": [{"role": HOSTILE, "content": HOSTILE}],
        HOSTILE: HOSTILE,
        "dpo": f"=1+1\n{HOSTILE}",
    }
    reports["rules"]["speakers"][HOSTILE] = reports["rules"]["speakers"]["explicit"]
    reports["train"][HOSTILE] = HOSTILE
    reports["curves"][HOSTILE] = [{"step": 1, HOSTILE: 1}, {"step": 2, HOSTILE: 3}]
    reports["coverage/qa"] |= {"reasons": {HOSTILE: 1}, "dropped": {HOSTILE: 1}}
    reports["coverage/qa"]["datasets"] = {HOSTILE: {"input": 1, "kept": 1, "dropped": 0}}
    reports["cost/qa"]["currency"] = HOSTILE
    for name, report in reports.items():
        write_json(folder / f"{name}.json", report)
    novel = PARAMS.novel.model_copy(update={"title": HOSTILE})
    return PARAMS.model_copy(update={"novel": novel})


def test_the_page_runs_and_loads_nothing(tmp_path):
    html, _ = render_report(tmp_path, hostile_reports(tmp_path))
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in ("src", "href", "style")]
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)[1]
    policy = f"default-src 'none'; style-src {source_hash(style)}; base-uri 'none'; form-action 'none'"
    assert ("meta", "content", policy) in page.attributes
    assert "http://" not in html.replace("http-equiv", "")
    assert "https://" not in html


def test_hostile_text_is_shown_as_text_on_the_page(tmp_path):
    html, _ = render_report(tmp_path, hostile_reports(tmp_path))
    assert "<script>alert(1)</script> {{7*7}} ```` | ⟨U+202E⟩evil⟨U+202C⟩" in Page(html).text
    assert "\u202e" not in html


def test_hostile_text_is_shown_as_text_in_markdown(tmp_path):
    _, markdown = render_report(tmp_path, hostile_reports(tmp_path))
    assert "\u202e" not in markdown
    fenced = re.compile(r"^(`{3,})\n.*?^\1$", re.DOTALL | re.MULTILINE)
    assert "`````\n<script>alert(1)</script> {{7*7}} ```` |" in markdown  # its own fence is longer than its backticks
    prose = fenced.sub("", markdown)
    assert "<script" not in prose
    assert r"&lt;script&gt;alert(1)&lt;/script&gt; \{\{7\*7\}\} \`\`\`\` \|" in prose
    tables = [line for line in prose.splitlines() if line.startswith("| ") and "alert" in line]
    columns = {len(re.findall(r"(?<!\\)\|", line)) - 1 for line in tables}
    assert columns <= {2, 5, 6, 7, 8}  # no cell was split: training, gates/rules, evaluation, cost/funnel, datasets


def test_the_report_is_the_same_every_time(tmp_path):
    write_reports(tmp_path)
    assert render_report(tmp_path, PARAMS) == render_report(tmp_path, PARAMS)


# the geometry of bars


def test_shares_are_drawn_against_the_whole():
    evaluation = {
        "models": {"dpo": numbers(style_score=(0.5, 0.25, 0.75, 40.0))},
        "baselines": {"chosen": {"style_score": 0.6}},
    }
    (metric,) = metrics_of(evaluation)
    dpo, chosen = metric.bars
    assert (dpo.start, dpo.length, dpo.low_at, dpo.high_at, dpo.n) == (0.0, 100.0, 50.0, 150.0, 40)
    assert (chosen.start, chosen.length, chosen.is_baseline, chosen.low) == (0.0, 120.0, True, None)


def test_negative_values_go_left_of_zero():
    (metric,) = metrics_of({"models": {"base": {"margin": -1.0}, "dpo": {"margin": 3.0}}})
    assert [(bar.name, bar.start, bar.length) for bar in metric.bars] == [("base", 0.0, 50.0), ("dpo", 50.0, 150.0)]


def test_known_metrics_come_first_in_their_order():
    models = {"base": {"a_new_one": 1.0, "style_score": 0.1, "preference_accuracy": 0.5}}
    assert [metric.name for metric in metrics_of({"models": models})] == [
        "preference_accuracy",
        "style_score",
        "a_new_one",
    ]


def test_every_figure_of_the_embedded_example_has_a_name_for_people():
    models = read_json(Path(__file__).parents[1] / "reports/evaluation.json")["models"]
    found = names_of(models)
    assert len(found) > 20
    assert set(found) <= set(METRICS)


def test_the_parts_of_a_bar_fill_it():
    assert stacked([("ok", 3), ("empty", 0), ("failed", 1)]) == [("ok", 0.0, 150.0), ("failed", 150.0, 50.0)]
    assert stacked([("ok", 0)]) == []


def test_numbers_are_read_by_people():
    values = [None, True, 12345, 0.71349, 0.0, 0.00012, -0.4, 812345.0, "text"]
    assert [number(value) for value in values] == [
        "–",
        "yes",
        "12,345",
        "0.713",
        "0",
        "0.00012",
        "-0.400",
        "812,345",
        "text",
    ]


def test_a_curve_fills_its_drawing_from_the_first_step_to_the_last():
    (loss,) = curves_of([{"step": 10, "loss": 3.0}, {"step": 20, "loss": 2.0}, {"step": 30, "loss": 2.5}])
    assert loss.points == "0.00,0.00 100.00,100.00 200.00,50.00"
    assert (loss.first, loss.last, loss.low, loss.high, loss.first_step, loss.steps) == (3.0, 2.5, 2.0, 3.0, 10, 30)
    assert [curve.points for curve in curves_of([{"step": 1, "loss": 1.0}, {"step": 2, "loss": 1.0}])] == [
        "0.00,100.00 200.00,100.00"
    ]


def test_what_has_a_single_point_or_none_is_no_curve():
    assert curves_of([]) == []
    assert curves_of([{"step": 1, "loss": 1.0}]) == []


def test_training_is_drawn_and_told(rendered):
    html, markdown = rendered
    assert '<polyline points="0.00,0.00 200.00,100.00">' in html
    assert "- dpo, loss: 0.750 → 0.250 over 21 steps, between 0.250 and 0.750" in markdown
    assert html.count("<polyline") == 1


def test_what_was_kept_of_each_dataset_is_drawn(tmp_path):
    write_reports(tmp_path)
    counts = {"units": 2, "ok": 2, "empty": 0, "skipped": 0, "failed": 0, "rows": 6}
    clean = {"preference": {"input": 10, "kept": 8, "dropped": 2}, "lines": {"input": 5, "kept": 5, "dropped": 0}}
    dedupe = {"preference": {"input": 8, "kept": 7, "dropped": 1}, "lines": {"input": 5, "kept": 5, "dropped": 0}}
    write_json(tmp_path / "coverage/clean.json", {**counts, "datasets": clean})
    write_json(tmp_path / "coverage/dedupe.json", {**counts, "datasets": dedupe})
    html, _ = render_report(tmp_path, PARAMS)
    text = " ".join(Page(html).text.split())
    assert "lines 5 → 5 preference 10 → 7 clean −2, dedupe −1" in text
    assert '<rect class="clean" x="140.00" y="0" width="40.00"' in html
    assert '<rect class="dedupe" x="180.00" y="0" width="20.00"' in html


def test_phases_come_in_the_order_of_time_and_the_loss_first():
    evaluation = {"models": {"dpo": {"m": 1.0}, "other": {"m": 1.0}, "base": {"m": 1.0}, "sft": {"m": 1.0}}}
    assert [bar.name for bar in metrics_of(evaluation)[0].bars] == ["base", "sft", "dpo", "other"]
    points = [{"accuracy": 0.5, "loss": 1.0, "step": 1.0}, {"accuracy": 1.0, "loss": 0.5, "step": 2.0}]
    assert [curve.name for curve in curves_of(points)] == ["loss", "accuracy"]
