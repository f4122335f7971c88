import shlex

import pytest

from chaos_aura.run.about import About

_EXPERIMENT = {"title": "Neo4j is down", "tags": ["neo4j", 7], "method": []}


def about(*words: str, **more: object) -> About:
    return About.of({**_EXPERIMENT, **more}, ["/somewhere/bin/chaos", *words])


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (("run", "experiments/neo4j_down.json"), "experiments/neo4j_down.json"),
        (("--no-version-check", "run", "--journal-path", "j.json", "a.json"), "a.json"),
        (("run", "--no-validation", "--dry", "actions", "a.json"), "a.json"),
        (("run", "--var=x=1", "a.json"), "a.json"),
        (("run", "--journal-path"), ""),
        (("run",), ""),
        (("validate", "a.json"), ""),
        ((), ""),
    ],
)
def test_the_file_is_the_one_word_that_is_neither_an_option_nor_its_value(words: tuple[str, ...], file: str) -> None:
    assert about(*words).file == file


def test_the_command_that_runs_it_again_gives_back_the_same_words() -> None:
    words = ("run", "--var", "name=two words", "it's here.json")
    again = about(*words).again(68576)
    assert again.startswith("CHAOS_AURA_SEED=68576 chaos run ")
    assert shlex.split(again)[1:] == ["chaos", *words]


@pytest.mark.parametrize(("kind", "said"), [("local", ""), ("external", ""), ("docker", "CHAOS_AURA_STACK=docker ")])
def test_it_runs_again_on_the_same_stack(kind: str, said: str) -> None:
    assert about("run", "a.json").again(1, kind) == f"CHAOS_AURA_SEED=1 {said}chaos run a.json"


def test_what_it_is_recognised_by_depends_on_its_content_only() -> None:
    plain = about("run", "a.json")
    assert about("run", "b.json", dry="actions").sha256 == plain.sha256
    assert about("run", "a.json", method=[{}]).sha256 != plain.sha256
    assert plain.tags == ("neo4j", "7")


def test_it_is_named_by_its_file_and_else_by_its_title() -> None:
    assert about("run", "experiments/neo4j_down.json").name == "neo4j_down"
    assert about().name == "Neo4j is down"
