"""The kill matrix: every planted defect through the gates, and the table of it in docs/gates.md.

A dataset is judged anew only where something that its verdict depends on is other than in the worlds before.
`whole` judges everything, to prove that.

    python tests/gate_matrix.py     # writes the table into docs/gates.md
"""

import hashlib
import json
import shutil
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

import gate_world
from gate_defects import ROW_DEFECTS
from gate_defects_whole import DATASET_DEFECTS, DRIFT_DEFECTS, FLOW_DEFECTS
from huaben.gates.baseline import accept
from huaben.gates.conservation import check_chapters, check_coverage, check_leftovers
from huaben.gates.drift import check_drift
from huaben.gates.gate import Judged
from huaben.gates.profile import make_profile
from huaben.gates.tables import load_novel, load_table
from huaben.gates.validate import check_one, load_rules, report_of, validate

DEFECTS = [*ROW_DEFECTS, *DATASET_DEFECTS, *FLOW_DEFECTS, *DRIFT_DEFECTS]
CLEAN = gate_world.make_world()
DOCUMENT = gate_world.REPOSITORY / "docs/gates.md"
BEGIN, END = "<!-- kill matrix -->\n", "<!-- /kill matrix -->"
HELD_AGAINST = {
    **dict.fromkeys(("dialogue_raw", "dialogue", "preference"), ("lines",)),
    "qa_v2": ("qa_v1", "summary_qa_v1", "summary_qa_v2"),
    "summary_qa_v1": ("summary_v1",),
    "summary_qa_v2": ("summary_v2",),
}
"""What else the rules between records of a dataset read."""


class Bench:
    """A folder with the clean world accepted, and the verdicts that were found there, by what they depend on."""

    def __init__(self, root):
        self.root = root
        self.verdicts = {}
        self.new = gate_world.new_schemas(root)
        """The schemas as a new repository has them: without an accepted profile."""
        self.rules = {name: load_rules(self.new, name) for name in CLEAN.rows}
        places = gate_world.places(CLEAN.write(root / "clean"), self.new)
        self.clean, profile = validate(places, CLEAN.params)
        self.accepted = Path(shutil.copytree(self.new, root / "accepted"))
        accept(self.accepted / "baseline.json", self.clean, profile, "the clean world", [])

    def failed(self, defect):
        """Return the gates that fail by a defect: {key: severity}. What is as in an earlier world is not run again."""
        world = planted(defect)
        names = world.params.made()
        depends = {name: depends_on(world, name) for name in names}
        anew = [name for name in names if depends[name] not in self.verdicts]
        read = {*anew, "lines", *(other for name in anew for other in HELD_AGAINST.get(name, ()))} & set(names)
        places = self.places(world, defect, read)
        novel = load_novel(places.chapters, world.params)
        if anew:
            tables = {name: load_table(places.datasets / f"{name}.jsonl", name) for name in read}
            profile = make_profile({name: tables[name] for name in {*anew, "lines"}}, novel)
            for name in anew:
                judged = check_one(name, tables, novel, places, world.params, self.rules[name])
                self.verdicts[depends[name]] = judged, profile[name]
        judged = Judged([*check_leftovers(places.datasets, names), *check_coverage(places.coverage, world.params)])
        judged.gates += check_chapters(novel, world.params)
        for name in names:
            judged.add(self.verdicts[depends[name]][0])
        profile = {name: self.verdicts[depends[name]][1] for name in names}
        judged.add(check_drift(profile, names, places.baseline, places.limits))
        shutil.rmtree(places.root)
        return failed_in(report_of(judged))

    def whole(self, defect):
        """Return the same from the whole stage, with everything run."""
        world = planted(defect)
        return failed_in(validate(self.places(world, defect), world.params)[0])

    def places(self, world, defect, names=None):
        """Write a world, or some of its datasets; return where it lies."""
        root = Path(tempfile.mkdtemp(dir=self.root))
        return gate_world.places(world.write(root, names), self.accepted if defect.accepted else self.new)


def failed_in(report):
    return {key: gate["severity"] for key, gate in report["gates"].items() if not gate["passed"]}


def planted(defect):
    world = gate_world.make_world()
    defect.plant(world)
    return world


def depends_on(world, name):
    """Return a hash of all that the verdict on a dataset depends on."""
    stages = [world.stage_coverage(stage)["datasets"][name] for stage in ("clean", "dedupe")]
    flow = [part.get(name) for part in (world.cleaned, world.dropped_by_clean, world.dropped_by_dedupe)]
    others = [world.rows.get(other) for other in HELD_AGAINST.get(name, ())]
    parts = [name, world.rows[name], others, world.chapters, world.params.model_dump(), stages, flow]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


def kill_matrix(root):
    """Return what fails by each defect: {defect: {gate: severity}}."""
    bench = Bench(root)
    return {defect: bench.failed(defect) for defect in DEFECTS}


def critical(failed):
    return {gate for gate, severity in failed.items() if severity == "critical"}


def needed(matrix):
    """Return the gates without which a defect would survive: the only critical one, or the only one that tells."""
    alone = {next(iter(found)) for failed in matrix.values() if len(found := critical(failed)) == 1}
    return alone | {next(iter(failed)) for failed in matrix.values() if len(failed) == 1}


def render(matrix):
    """Return the table: one line for each defect, with the datasets it was planted in and the gates that fail."""
    groups = defaultdict(list)
    for defect, failed in matrix.items():
        own = f"{defect.dataset}."
        names = sorted(short(gate.removeprefix(own), severity) for gate, severity in failed.items())
        groups[(defect.what, defect.accepted, tuple(names))].append(defect.dataset)
    lines = ["| planted | in | fails |", "|---|---|---|"]
    for (what, accepted, names), datasets in groups.items():
        shown = (
            "all eleven"
            if len(datasets) == 11
            else ", ".join(f"`{d}`" for d in datasets if d != "all") or "the stages"
        )
        lines.append(f"| {what}{' (drift)' if accepted else ''} | {shown} | {', '.join(names)} |")
    return "\n".join(lines) + "\n"


def short(gate, severity):
    return f"`{gate}`" + ("" if severity == "critical" else " (warning)")


def documented():
    """Return the table as docs/gates.md has it."""
    return DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def write(matrix):
    """Put the table into docs/gates.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + render(matrix) + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        write(kill_matrix(Path(folder)))
