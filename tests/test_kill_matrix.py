"""The proof of the gates: each planted defect is stopped, the clean world passes, and no gate could be left out."""

import pytest

import gate_matrix
from gate_defects import ROW_DEFECTS
from gate_matrix import DEFECTS, Bench, critical, failed_in, needed, render

pytestmark = [
    # great_expectations 1.24 imports these two on Python 3.11
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:module 'sre_parse' is deprecated:DeprecationWarning"),
]
ONLY_TOLD = {
    "dialogue.crossrecord.test_split",
    "dialogue.suite.greetings",
    "lines.suite.chapters",
    "lines.suite.speakers_mostly_known",
    "preference.crossrecord.test_split",
    "pretrain.schema.encoding_damage",
    "pretrain.schema.markup_residue",
    "qa_v1.crossrecord.test_split",
    "qa_v2.crossrecord.test_split",
}
"""The warnings: a person should look, but a novel may well be so."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def matrix(bench):
    return {defect: bench.failed(defect) for defect in DEFECTS}


def test_the_clean_world_passes_every_gate_in_a_new_repository_and_in_one_that_accepted_it(bench):
    assert failed_in(bench.clean) == {}
    again = gate_matrix.validate(
        gate_matrix.gate_world.places(bench.root / "clean", bench.accepted), gate_matrix.CLEAN.params
    )[0]
    assert failed_in(again) == {}
    assert again["not_run"] == {}


def test_every_defect_is_stopped_by_a_critical_gate_or_is_one_that_is_only_told(matrix):
    survivors = {defect.name: set(failed) for defect, failed in matrix.items() if not critical(failed)}
    assert set().union(*survivors.values()) == ONLY_TOLD
    assert all(survivors.values())
    assert len(matrix) - len(survivors) >= 60


def test_no_gate_could_be_left_out(bench, matrix):
    places = gate_matrix.gate_world.places(bench.root / "clean", bench.accepted)
    gates = set(gate_matrix.validate(places, gate_matrix.CLEAN.params)[0]["gates"])
    assert gates - needed(matrix) == set()
    assert needed(matrix) - gates == set()


@pytest.mark.parametrize("defect", DEFECTS[:: len(DEFECTS) // 8], ids=lambda defect: defect.name)
def test_what_was_not_run_again_for_a_defect_is_not_touched_by_it(defect, bench, matrix):
    assert bench.whole(defect) == matrix[defect]


def test_no_two_defects_have_one_name():
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)
    assert len(ROW_DEFECTS) < len(DEFECTS)


def test_the_documents_show_the_matrix_as_it_is(matrix):
    assert gate_matrix.documented() == render(matrix), "run: python tests/gate_matrix.py"
