import pytest

from byheart import memorizers
from byheart.audits import AUDITS
from byheart.errors import ConfigError
from byheart.study.forecast import forecast
from byheart.study.plan import StudyPlan

PLAN = StudyPlan(model="smollm2", trained_on=("a", "b"), held_out=("c",), audits=("novelty",), seed=3, lines=True)


def test_a_plan_survives_toml() -> None:
    assert StudyPlan.from_toml(PLAN.to_toml()) == PLAN


def test_an_unknown_key_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'sed'.*'seed'"):
        StudyPlan.from_toml('model = "m"\ntrained_on = ["a"]\nheld_out = ["b"]\nsed = 1\n')


@pytest.mark.parametrize("text", ["model = ", 'trained_on = ["a"]\nheld_out = ["b"]\n'])
def test_a_broken_plan_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        StudyPlan.from_toml(text)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ConfigError, match=r"no trained-on source; no held-out source; the seed"):
        StudyPlan(model="m", trained_on=(), held_out=(), seed=-1)


def test_audits_are_chosen_in_reading_order_and_unknown_ones_get_a_hint() -> None:
    chosen = StudyPlan(model="m", trained_on=("a",), held_out=("b",), audits=("novelty", "extraction"))
    assert [audit.name for audit in chosen.chosen(AUDITS)] == ["extraction", "novelty"]
    with pytest.raises(ConfigError, match="Did you mean 'extraction'"):
        StudyPlan(model="m", trained_on=("a",), held_out=("b",), audits=("extracton",)).chosen(AUDITS)


def test_the_fingerprint_follows_the_plan_and_the_materials() -> None:
    other = StudyPlan(model="smollm2", trained_on=("a", "b"), held_out=("c",), audits=("novelty",), seed=4, lines=True)
    prints = {PLAN.fingerprint("x"), PLAN.fingerprint("y"), other.fingerprint("x"), PLAN.fingerprint("x", "y")}
    assert len(prints) == 4


def test_a_forecast_says_who_will_stand_beside_the_model_and_who_not() -> None:
    quick, full = (forecast(AUDITS, profile) for profile in ("quick", "full"))
    assert set(quick["memorizers"]) == set(memorizers.NAMES)
    assert "automaton and markov of each document once" in " ".join(quick["lines"])
    assert "leaves out boolean and automaton" in " ".join(quick["lines"])
    assert "leaves out" not in " ".join(full["lines"])
    assert full["tokens_to_score"] > quick["tokens_to_score"]


def test_exposure_is_planned_only_where_canaries_are_named() -> None:
    sides = {"model": "m", "trained_on": ("a",), "held_out": ("b",)}
    bare, named = StudyPlan(**sides), StudyPlan(**sides, canaries="c.jsonl")  # type: ignore[arg-type]
    assert [audit.name for audit in bare.chosen(AUDITS)] == [a.name for a in AUDITS if a.name != "exposure"]
    assert named.chosen(AUDITS) == AUDITS
    with pytest.raises(ConfigError, match="--canaries FILE"):
        StudyPlan(**sides, audits=("exposure",)).chosen(AUDITS)  # type: ignore[arg-type]


def test_what_two_audits_need_alike_is_forecast_once() -> None:
    alone, together = (
        forecast(StudyPlan(model="m", trained_on=("a",), held_out=("b",), audits=names).chosen(AUDITS), "quick")
        for names in (("extraction",), ("extraction", "attribution"))
    )
    assert together["tokens_to_score"] == alone["tokens_to_score"]
    assert any("attribution: what extraction asks, which is asked once" in line for line in together["lines"])
