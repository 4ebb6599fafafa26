"""Numbers of a stage's command line."""

import pytest

from grunflow import cli

NEEDED = ["--spec", "{}", "--out", "nowhere"]


@pytest.mark.parametrize(
    ("command", "flag", "value"),
    [("evaluate", "--batch-size", "0"), ("unlearn", "--accumulation", "-1"), ("finetune", "--accumulation", "two")],
)
def test_a_number_below_one_is_refused(command: str, flag: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parser().parse_args([command, *NEEDED, flag, value])
    assert ended.value.code == 2
    assert f"argument {flag}: got '{value}', expected a whole number from 1" in capsys.readouterr().err


def test_only_what_trains_takes_micro_batches() -> None:
    parse = cli.parser().parse_args
    assert parse(["attack", *NEEDED, "--accumulation", "4"]).accumulation == 4
    assert parse(["unlearn", *NEEDED]).accumulation == 1
    assert not hasattr(parse(["evaluate", *NEEDED]), "accumulation")
