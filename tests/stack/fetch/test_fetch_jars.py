"""Jars reach the cache whole, whatever the repository and the last run did."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from little_stack import PRODUCTS, Little, Told, jar_of
from maven_server import Answer

from chaos_aura.core.errors import BadInput, FetchFailed
from chaos_aura.stack.manifest import Jar, JavaProduct, Manifest

type Snapshot = Callable[[Path], dict[str, tuple[int, int]]]


def test_everything_arrives_and_is_told(little: Little, told: Told) -> None:
    little.fetch(told)
    assert little.is_whole()
    assert [path.exists() for path in little.cache.classpath("kafka", little.manifest)] == [True] * 3
    assert set(told.lines) == {
        *((product, "fetching 3 jars") for product in PRODUCTS),
        *((product, "fetched 3 jars") for product in PRODUCTS),
    }
    assert {item: done[-1] for item, done in told.done.items()} == told.totals


def test_a_whole_cache_costs_no_request_and_no_write(little: Little, snapshot: Snapshot, told: Told) -> None:
    little.fetch()
    before, requests = snapshot(little.cache.root), len(little.maven.requests)
    little.fetch(told)
    assert snapshot(little.cache.root) == before
    assert len(little.maven.requests) == requests
    assert told.lines == []


def test_only_the_products_asked_for_are_fetched(little: Little) -> None:
    one = replace(little.manifest, java_products={"kafka": little.manifest.java_products["kafka"]})
    replace(little, manifest=one).maven.requests.clear()
    with pytest.raises(BadInput, match="`neo4j` is not a product; known: kafka, toxiproxy"):
        replace(little, manifest=one).fetch()
    assert little.maven.requests == []


def test_a_cut_connection_is_resumed_where_it_broke(little: Little) -> None:
    jar = little.jars[0]
    little.maven.plan(jar.repository_path, Answer(cut_after=123_456))
    little.fetch()
    assert little.is_whole()
    assert little.maven.ranges_of(jar.repository_path) == ["", "bytes=123456-"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_two_bad_answers_are_overcome(little: Little, status: int) -> None:
    jar = little.jars[0]
    little.maven.plan(jar.repository_path, Answer(status=status), Answer(status=status))
    little.fetch()
    assert little.is_whole()


def test_a_repository_that_stays_broken_is_given_up_in_one_line(little: Little) -> None:
    jar = lacked_alone(little, little.jars[0])
    little.maven.plan(jar.repository_path, *[Answer(status=503)] * 10)
    with pytest.raises(FetchFailed) as failure:
        little.fetch()
    assert len(little.maven.ranges_of(jar.repository_path)) == 4
    assert "1 of 6 parts are missing or unsound and the mirror in CHAOS_AURA_MAVEN_REPOSITORY" in str(failure.value)
    assert "answers HTTP 503" in str(failure.value)
    assert_one_line_without_address(failure.value)


def test_other_bytes_than_pinned_are_never_let_in(little: Little) -> None:
    jar = lacked_alone(little, little.jars[1])
    other = bytes(jar.size)
    little.maven.plan(jar.repository_path, *[Answer(other_bytes=other)] * 10)
    with pytest.raises(FetchFailed) as failure:
        little.fetch()
    assert jar.name in str(failure.value)
    assert jar.sha256 in str(failure.value)
    assert hashlib.sha256(other).hexdigest() in str(failure.value)
    assert_one_line_without_address(failure.value)
    assert not little.path(jar).exists()
    assert not little.part(jar).exists()
    little.maven.plan(jar.repository_path)
    little.fetch()
    assert little.is_whole()


@pytest.mark.parametrize("wrong", ["too short", "too long"])
def test_a_file_of_another_size_is_refused(little: Little, wrong: str) -> None:
    jar = little.jars[0]
    whole = little.maven.files[jar.repository_path]
    other = whole[:-10] if wrong == "too short" else whole + b"more" * 100_000
    little.maven.plan(jar.repository_path, *[Answer(other_bytes=other)] * 10)
    with pytest.raises(FetchFailed, match=f"expected sha256 {jar.sha256} of {jar.size} bytes"):
        little.fetch()
    assert not little.path(jar).exists()


def test_a_begun_part_is_gone_on_with(little: Little) -> None:
    jar = little.jars[0]
    leave_part(little, 1000)
    little.fetch()
    assert little.is_whole()
    assert little.maven.ranges_of(jar.repository_path) == ["bytes=1000-"]


def test_a_part_that_was_whole_needs_no_network(little: Little) -> None:
    leave_part(little, little.jars[0].size)
    little.fetch()
    assert little.is_whole()
    assert little.maven.ranges_of(little.jars[0].repository_path) == []


def test_a_begun_part_is_fetched_anew_from_a_repository_without_ranges(little: Little) -> None:
    leave_part(little, 1000)
    little.maven.plan(little.jars[0].repository_path, Answer(ranges=False))
    little.fetch()
    assert little.is_whole()


@pytest.mark.parametrize("garbage", [b"garbage", b"garbage" * 100_000])
def test_a_wrong_part_is_thrown_away_once(little: Little, garbage: bytes) -> None:
    jar = little.jars[0]
    leave_part(little, 0)
    little.part(jar).write_bytes(garbage)
    little.fetch()
    assert little.is_whole()
    assert little.maven.ranges_of(jar.repository_path)[-1] == ""


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"\0" * path.stat().st_size),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
    ids=["other bytes", "truncated", "empty", "gone"],
)
def test_a_damaged_jar_is_found_and_fetched_again(little: Little, damage: Callable[[Path], object]) -> None:
    little.fetch()
    jar = little.jars[2]
    little.maven.requests.clear()
    damage(little.path(jar))
    little.fetch()
    assert little.is_whole()
    assert [path for path, _ in little.maven.requests] == [jar.repository_path]


def test_receipts_that_no_longer_fit_are_renewed_without_network(little: Little, told: Told) -> None:
    little.fetch()
    little.maven.requests.clear()
    path = little.path(little.jars[0])
    path.touch()
    little.fetch(told)
    assert little.maven.requests == []
    assert not little.cache.quick_soundness(little.manifest, PRODUCTS).renewed


@pytest.mark.parametrize("receipts", [b"", b"{]", b"[1]", b'{"jars": 3}', b'{"jars": {"size": 1}}'])
def test_garbled_receipts_cost_only_time(little: Little, receipts: bytes) -> None:
    little.fetch()
    little.maven.requests.clear()
    (little.cache.root / "receipts.json").write_bytes(receipts)
    little.fetch()
    assert little.maven.requests == []


def test_a_jar_the_mirror_lacks(little: Little) -> None:
    jar = little.jars[0]
    little.maven.files.pop(jar.repository_path)
    with pytest.raises(FetchFailed, match=f"{jar.name}: the mirror in CHAOS_AURA_MAVEN_REPOSITORY answers HTTP 404"):
        little.fetch()


def test_a_portal_that_answers_with_a_page(little: Little) -> None:
    little.maven.plan(little.jars[0].repository_path, *[Answer(page=b"<h1>please log in</h1>")] * 10)
    with pytest.raises(FetchFailed, match="answers with a page of text instead") as failure:
        little.fetch()
    assert_one_line_without_address(failure.value)


def test_nobody_at_the_mirrors_address(little: Little) -> None:
    little.environ["CHAOS_AURA_MAVEN_REPOSITORY"] = "http://someone:secret@127.0.0.1:1/maven"
    with pytest.raises(FetchFailed) as failure:
        little.fetch()
    assert "6 of 6 parts are missing" in str(failure.value)
    assert "the mirror in CHAOS_AURA_MAVEN_REPOSITORY cannot be reached" in str(failure.value)
    assert "copy a whole cache from another machine" in str(failure.value)
    assert_one_line_without_address(failure.value)
    assert "secret" not in str(failure.value)


def test_a_mirror_in_a_folder(little: Little, tmp_path: Path) -> None:
    folder = tmp_path / "a mirror"
    for path, content in little.maven.files.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(content)
    little.environ["CHAOS_AURA_MAVEN_REPOSITORY"] = folder.as_uri()
    leave_part(little, 500)
    little.fetch()
    assert little.is_whole()
    assert little.maven.requests == []


def test_a_mirror_in_a_folder_that_lacks_a_jar(little: Little, tmp_path: Path) -> None:
    little.environ["CHAOS_AURA_MAVEN_REPOSITORY"] = tmp_path.as_uri()
    with pytest.raises(FetchFailed, match=r"cannot give it \(No such file or directory\)"):
        little.fetch()


@pytest.mark.parametrize("address", ["/srv/maven", "ftp://127.0.0.1/maven", "http://", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none(little: Little, address: str) -> None:
    little.environ["CHAOS_AURA_MAVEN_REPOSITORY"] = address
    with pytest.raises(BadInput, match="CHAOS_AURA_MAVEN_REPOSITORY: is not an http, https or file address"):
        little.fetch()


def test_a_jar_that_two_products_need_is_fetched_once(little: Little) -> None:
    kafka, neo4j = (little.manifest.java_products[name] for name in PRODUCTS)
    shared = replace(neo4j, jars=(*neo4j.jars, kafka.jars[0]))
    little.manifest = replace(little.manifest, java_products={"kafka": kafka, "neo4j": shared})
    little.fetch()
    assert little.is_whole()
    assert little.maven.ranges_of(kafka.jars[0].repository_path) == [""]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(min_size=1, max_size=3000),
    prefix=st.integers(0, 3000),
    garbage=st.binary(max_size=20),
    answer=st.builds(Answer, cut_after=st.none() | st.integers(0, 3000), ranges=st.booleans()),
)
def test_whatever_was_left_behind_the_jar_ends_whole(
    little: Little, content: bytes, prefix: int, garbage: bytes, answer: Answer
) -> None:
    jar = jar_of("any", content)
    little.maven.files = {jar.repository_path: content}
    little.maven.plan(jar.repository_path, answer)
    products = {"kafka": JavaProduct(("org.example.little:any:1.0",), (jar,)), "neo4j": JavaProduct(("a:b:1",), ())}
    little.manifest = replace(Manifest.bundled(), java_products=products)
    little.path(jar).unlink(missing_ok=True)
    leave_part(little, prefix)
    with little.part(jar).open("ab") as part:
        part.write(garbage)
    little.fetch()
    assert little.is_whole()


def lacked_alone(little: Little, jar: Jar) -> Jar:
    """All others are there: when they would come beside it is not for a test of its failure to decide."""
    little.fetch()
    little.path(jar).unlink()
    little.maven.requests.clear()
    return jar


def leave_part(little: Little, size: int) -> None:
    """As an interrupted fetch leaves it."""
    jar = little.jars[0]
    little.part(jar).parent.mkdir(parents=True, exist_ok=True)
    little.part(jar).write_bytes(little.maven.files[jar.repository_path][:size])


def assert_one_line_without_address(failure: FetchFailed) -> None:
    assert "\n" not in str(failure)
    assert "127.0.0.1" not in str(failure)
