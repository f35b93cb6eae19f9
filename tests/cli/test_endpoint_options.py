from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from byheart.cli.app import app
from byheart.errors import BackendError, ConfigError, InputError

AUDIT = ("--trained-on", "stdlib", "--held-out", "stdlib", "-o", "run", "--dry-run", "--json")
ENDPOINT = "http://127.0.0.1:9/v1#m"


def planned(*arguments: str, **env: str) -> dict[str, Any]:
    import json

    done = CliRunner().invoke(app, ["audit", *arguments, *AUDIT], env=env, auto_envvar_prefix="BYHEART")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default() -> None:
    by_default = planned(ENDPOINT)["endpoint"]
    by_variable = planned(ENDPOINT, BYHEART_AUDIT_CONCURRENCY="8")["endpoint"]
    by_flag = planned(ENDPOINT, "--concurrency", "1", BYHEART_AUDIT_CONCURRENCY="8")["endpoint"]
    rows = [found["answers_in_a_row"] for found in (by_default, by_variable, by_flag)]
    assert rows == [-(-by_flag["requests"] // 4), -(-by_flag["requests"] // 8), by_flag["requests"]]


def test_a_rate_gives_a_least_time_and_a_price_a_cost() -> None:
    found = planned(ENDPOINT, "--requests-per-second", "2", "--price-prompt", "3", "--price-completion", "5")[
        "endpoint"
    ]
    assert found["least_seconds"] == found["requests"] / 2
    assert found["money"] == pytest.approx((3 * found["prompt_tokens"] + 5 * found["written_tokens"]) / 1e6)
    bare = planned(ENDPOINT)["endpoint"]
    assert (bare["least_seconds"], bare["money"]) == (None, None)
    assert bare["if_it_scores_nothing"]["requests"] < bare["requests"]


def test_limits_are_for_endpoints_but_a_variable_may_stand_there_for_all_models() -> None:
    with pytest.raises(ConfigError, match="Only an endpoint takes --max-requests and --timeout"):
        planned("smollm2", "--max-requests", "5", "--timeout", "3")
    assert "endpoint" not in planned("smollm2", BYHEART_AUDIT_MAX_REQUESTS="5")


def test_limits_that_allow_nothing_are_refused_together() -> None:
    with pytest.raises(
        InputError, match=r"\(--concurrency\) must be in \[1, 1000\], got 0; .*\(--max-requests\) must .* got -1"
    ):
        planned(ENDPOINT, "--max-requests", "-1", "--concurrency", "0")


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "1e-320", "1e308"])
@pytest.mark.parametrize("option", ["--price-prompt", "--price-completion", "--requests-per-second", "--timeout"])
def test_a_number_that_no_limit_and_no_price_can_be_is_refused_by_its_option(option: str, value: str) -> None:
    if option.startswith("--price") and value == "1e-320":
        assert planned(ENDPOINT, option, value)["endpoint"]["money"] == pytest.approx(0.0)
        return
    with pytest.raises(InputError) as caught:
        planned(ENDPOINT, option, value)
    assert caught.value.exit_code == 2
    assert f"({option}) must be in [" in caught.value.why
    assert f"got {float(value)}" in caught.value.why


@pytest.mark.parametrize("option", ["--max-requests", "--max-tokens", "--concurrency"])
def test_a_count_beyond_all_counting_is_refused_by_its_option(option: str) -> None:
    with pytest.raises(InputError, match=f"{option}"):
        planned(ENDPOINT, option, "9" * 400)


def test_a_failing_model_is_told_with_what_is_kept_and_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from byheart.cli.resuming import resumable

    journal = tmp_path / "journal"
    monkeypatch.setattr("sys.argv", ["byheart", "audit", "a model", "--seed", "1"])
    with pytest.raises(BackendError) as early, resumable(journal):
        raise BackendError("It failed.", next_step="Wait.")
    assert early.value.next_step == "Wait.\n  To go on:  byheart audit 'a model' --seed 1"
    journal.touch()
    with pytest.raises(BackendError) as late, resumable(journal):
        raise BackendError("It failed.", next_step="Wait.")
    kept = f"What was answered is kept in {journal}."
    assert late.value.next_step == f"Wait.\n  {kept}\n  To go on:  byheart audit 'a model' --seed 1"
