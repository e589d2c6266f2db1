"""What the benchmarks give functions to run in: as much as the template does."""

from bench import ROOT
from bench.environment import function_environment
from bench.template import load


def test_the_benchmarks_set_every_variable_of_the_template() -> None:
    template = load((ROOT / "template.yaml").read_text())
    wanted = template["Globals"]["Function"]["Environment"]["Variables"]
    assert wanted.keys() <= function_environment([]).keys()
